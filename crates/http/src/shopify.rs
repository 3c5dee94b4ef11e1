//! Shopify's transactions as payment events.
//!
//! Field meanings: Shopify Admin API, resource `Transaction`.

use serde::Deserialize;
use serde_json::{Number, Value, json};

/// The topic that is understood.
pub(crate) const TOPIC: &str = "order_transactions/create";

#[derive(Deserialize)]
struct Transaction {
    id: Number,
    order_id: Number,
    kind: String,
    status: String,
    created_at: String,
}

/// The event that a transaction stands for. Only a sale or a capture moves money to the shop, so only theirs is the bare
/// status; others are told apart by their kind, such as `refund_success`.
pub(crate) fn event(body: &[u8]) -> Result<Value, String> {
    let transaction: Transaction = serde_json::from_slice(body)
        .map_err(|error| format!("the body is not Shopify's transaction: {error}"))?;
    let Transaction { id, order_id, kind, status, created_at } = transaction;
    let status = match kind.as_str() {
        "sale" | "capture" => status,
        _ => format!("{kind}_{status}"),
    };
    Ok(
        json!({ "id": id.to_string(), "order_id": order_id.to_string(), "status": status, "created_at": created_at }),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_money_that_came_in_has_the_bare_status() {
        let body = |kind: &str| {
            format!(
                r#"{{"id": 389404469, "order_id": 450789469, "kind": "{kind}", "status": "success",
                    "amount": "9.00", "created_at": "2024-05-01T10:00:00-05:00", "gateway": "bogus"}}"#
            )
        };
        let status = |kind| event(body(kind).as_bytes()).unwrap()["status"].clone();
        assert_eq!(status("sale"), "success");
        assert_eq!(status("capture"), "success");
        assert_eq!(status("refund"), "refund_success");
        assert_eq!(status("authorization"), "authorization_success");
        assert_eq!(event(body("sale").as_bytes()).unwrap()["order_id"], "450789469");
        event(b"{\"id\": 1}").unwrap_err();
    }
}
