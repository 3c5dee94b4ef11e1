//! Shopify's transactions as payment events.
//!
//! Field meanings: Shopify Admin API, resource `Transaction`.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::problem::Problem;

/// The topic that is understood.
pub(crate) const TOPIC: &str = "order_transactions/create";

#[derive(Deserialize)]
struct Transaction {
    id: Box<RawValue>,
    order_id: Box<RawValue>,
    kind: String,
    status: String,
    created_at: String,
    /// Made in a shop's test mode: no money moves.
    test: Option<bool>,
}

/// The event that a transaction stands for; none for a test. Only a sale or a capture moves money to the shop, so only
/// theirs is the bare status; others are told apart by their kind, such as `refund_success`.
pub(crate) fn event(body: &[u8]) -> Result<Option<Value>, Problem> {
    let Transaction { id, order_id, kind, status, created_at, test } =
        serde_json::from_slice(body).map_err(problem)?;
    if test == Some(true) {
        return Ok(None);
    }
    let (id, order_id) = (id_of(&id)?, id_of(&order_id)?);
    let status = match kind.as_str() {
        "sale" | "capture" => status,
        _ => format!("{kind}_{status}"),
    };
    Ok(Some(json!({ "id": id, "order_id": order_id, "status": status, "created_at": created_at })))
}

fn problem(error: serde_json::Error) -> Problem {
    let detail = format!("the body is not Shopify's transaction: {error}");
    if error.is_data() { Problem::invalid(detail, Vec::new()) } else { Problem::malformed(detail) }
}

/// An id as it is written, because it may have more digits than any number type.
fn id_of(value: &RawValue) -> Result<&str, Problem> {
    let text = value.get();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    Err(Problem::invalid(format!("the id {text} is not a whole number"), Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_money_that_came_in_has_the_bare_status() {
        let body = |kind: &str| {
            format!(
                r#"{{"id": 389404469, "order_id": 450789469, "kind": "{kind}", "status": "success",
                    "amount": "9.00", "created_at": "2024-05-01T10:00:00-05:00", "gateway": "bogus"}}"#
            )
        };
        let status = |kind| event(body(kind).as_bytes()).unwrap().unwrap()["status"].clone();
        assert_eq!(status("sale"), "success");
        assert_eq!(status("capture"), "success");
        assert_eq!(status("refund"), "refund_success");
        assert_eq!(status("authorization"), "authorization_success");
        let long = body("sale").replace("389404469", "123456789012345678901234567890");
        let event = event(long.as_bytes()).unwrap().unwrap();
        assert_eq!(event["id"], "123456789012345678901234567890");
        assert_eq!(event["order_id"], "450789469");
    }
    #[test]
    fn a_test_is_no_payment() {
        let body = br#"{"id": 1, "order_id": 2, "kind": "sale", "status": "success", "test": true,
            "created_at": "2024-05-01T10:00:00Z"}"#;
        assert_eq!(event(body).unwrap(), None);
    }

    #[test]
    fn what_is_no_transaction_is_refused() {
        let status =
            |body: &str| serde_json::to_value(event(body.as_bytes()).unwrap_err()).unwrap()["status"].clone();
        let body = |id: &str| {
            format!(
                r#"{{"id": {id}, "order_id": 2, "kind": "sale", "status": "success", "created_at": "2024-05-01"}}"#
            )
        };
        for id in ["null", "1.5", "-1", "\"1\"", "1e3"] {
            assert_eq!(status(&body(id)), 422, "{id}");
        }
        assert_eq!(status("{\"id\": 1}"), 422);
        assert_eq!(status("{\"id\": "), 400);
    }
}
