//! Rows that break the contract. They come beside the good ones and spoil none of them.

use chrono::{NaiveDateTime, TimeDelta};

use crate::Feature;
use crate::csv::{row, timestamp};
use crate::orders::line_row;
use crate::outbox::{Outbox, event_slot, opening_slot, order_slot};

/// Sends the broken rows of the `nth` day, another kind each day.
pub(crate) fn send_dirt(nth: u32, midnight: NaiveDateTime, variant_id: &str, outbox: &mut Outbox) {
    let noon = order_slot(midnight + TimeDelta::hours(11));
    let processed = timestamp(midnight + TimeDelta::hours(10));
    let order = format!("SO-{}", 900_000 + nth);
    let line =
        |nth: u32, quantity: &str| line_row(&format!("{order}-{nth}"), quantity, variant_id, 1000, &order);
    if nth == 0 {
        send_long_title(midnight, outbox);
    }
    match nth % 6 {
        // The order is refused, so its line waits for it in vain.
        0 => {
            outbox.order(noon, row(&[&order, &processed, ""]));
            outbox.line(noon, line(1, "1"));
        }
        1 => {
            outbox.order(noon, row(&[&order, &processed, "C-0001"]));
            outbox.line(noon, line(1, "1"));
            outbox.line(noon, line(2, "2.5"));
        }
        2 => {
            outbox.order(noon, row(&[&order, &processed.replace("10:00", "25:61"), "C-0002"]));
            outbox.line(noon, line(1, "1"));
        }
        3 => {
            outbox.order(noon, row(&[&order, &processed, "C-0003"]));
            outbox.line(noon, line(1, "1"));
            outbox.line(noon, line(2, "1") + ",surplus");
            outbox.line(noon, format!("{order}-3,1"));
        }
        // Two rows that contradict each other: neither can be believed.
        4 => {
            outbox.order(noon, row(&[&order, &processed, "C-0004"]));
            outbox.line(noon, line(1, "1"));
            outbox.line(noon, line(1, "3"));
        }
        _ => return send_bad_webhook(nth, midnight + TimeDelta::hours(15), outbox),
    }
    outbox.note_order(noon, Feature::Dirt);
}

/// A payment of no order, or half a message.
fn send_bad_webhook(nth: u32, at: NaiveDateTime, outbox: &mut Outbox) {
    let created_at = at.format("%Y-%m-%dT%H:%M:%S");
    let id = format!("PT-{}", 900_000 + nth);
    let event = if nth % 12 == 11 {
        format!("{{\"id\":\"{id}\",\"status\":\"success\",\"created_at\":\"{created_at}\"}}")
    } else {
        format!("{{\"id\":\"{id}\",\"order_id\":\"SO")
    };
    outbox.payment(event_slot(at), &event, Some(Feature::Dirt));
}

/// A product that is refused, and its variant, which waits for it in vain. They come in the first catalogue: of
/// a small batch they would be so large a share that the batch itself is refused.
fn send_long_title(midnight: NaiveDateTime, outbox: &mut Outbox) {
    let slot = opening_slot(midnight);
    let (created, ingested) = (timestamp(midnight + TimeDelta::hours(1)), timestamp(slot));
    let title = "A very long title ".repeat(16);
    outbox.product(slot, "P-999", row(&["P-999", &title, "mugs", &created]));
    let fields = ["P-999-STD", "P-999", "990", "Standard", &created, &created, &ingested];
    outbox.variant(slot, "P-999-STD", row(&fields));
    outbox.note_catalogue(slot, Feature::Dirt);
}
