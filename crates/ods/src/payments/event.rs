//! One event, by the grammar of the event files.

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use daybook_model::contract::Table;
use serde_json::value::RawValue;

use crate::load::json::{parse_field, parse_object, parse_utf8};
use crate::load::reject::{Reason, Reject};
use crate::load::value::ContractValue::{Text, Timestamp};
use crate::load::window::MAX_ROW;

/// An event that keeps the contract: a row of `transaction`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentEvent {
    pub(super) id: String,
    pub(super) order_id: String,
    pub(super) status: String,
    /// In UTC.
    pub(super) created_at: NaiveDateTime,
}

/// How an event breaks the contract; shown, it is one clear line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PaymentReject {
    /// The field, if it is one field's fault.
    pub column: Option<&'static str>,
    /// The kind of breach, as in `daybook.rejected_row`: `missing_value`, `not_json`, …
    pub reason: &'static str,
    /// What is wrong, for a person.
    pub message: String,
}

impl PaymentEvent {
    /// Reads one JSON object; fields that the contract does not know are ignored.
    ///
    /// # Errors
    ///
    /// The first breach of the contract.
    pub fn parse(json: &[u8]) -> Result<Self, PaymentReject> {
        Ok(parse(json)?)
    }

    /// The events of a request's body, one or an array, each yet to be parsed. Garbage may have many elements, and a
    /// verdict on each costs much more than they do: count them first.
    ///
    /// # Errors
    ///
    /// When the body as a whole cannot be read.
    pub fn split_body(body: &[u8]) -> Result<Vec<&[u8]>, PaymentReject> {
        if !body.trim_ascii_start().starts_with(b"[") {
            return Ok(vec![body]);
        }
        let events: Vec<&RawValue> = serde_json::from_str(parse_utf8(body)?).map_err(|error| {
            Reject::row(Reason::NotJson, format!("the body is not an array of JSON objects: {error}"))
        })?;
        Ok(events.into_iter().map(|event| event.get().as_bytes()).collect())
    }

    /// The id of the transaction.
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn parse(json: &[u8]) -> Result<PaymentEvent, Reject> {
    if json.len() > MAX_ROW {
        return Err(Reject::row_too_long());
    }
    let event = parse_object(json)?;
    let columns = Table::Transaction.columns().iter();
    let values = columns.map(|column| parse_field(&event, column)).collect::<Result<Vec<_>, _>>()?;
    let [Text(id), Text(order_id), Text(status), Timestamp(unix_micros)] = values[..] else {
        unreachable!("the contract's columns of a transaction, in its order");
    };
    Ok(PaymentEvent {
        id: id.to_owned(),
        order_id: order_id.to_owned(),
        status: status.to_owned(),
        // years 0 to 10000, a small part of what the sum can be
        created_at: DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::microseconds(unix_micros),
    })
}

impl From<Reject> for PaymentReject {
    fn from(reject: Reject) -> Self {
        Self { column: reject.column, reason: reject.reason.code(), message: reject.message }
    }
}
