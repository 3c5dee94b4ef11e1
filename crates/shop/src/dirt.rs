//! Rows that break the contract. They come beside the good ones and spoil none of them.

use chrono::{NaiveDateTime, TimeDelta};

use crate::Feature;
use crate::csv::{row, timestamp};
use crate::orders::line_row;
use crate::outbox::{Outbox, catalogue_slot, event_slot, order_slot};

/// Sends the broken rows of the `nth` day, another kind each day.
pub(crate) fn send_dirt(nth: u32, midnight: NaiveDateTime, variant_id: &str, outbox: &mut Outbox) {
    let noon = order_slot(midnight + TimeDelta::hours(11));
    let processed = timestamp(midnight + TimeDelta::hours(10));
    let order = format!("SO-{}", 900_000 + nth);
    let line =
        |nth: u32, quantity: &str| line_row(&format!("{order}-{nth}"), quantity, variant_id, 1000, &order);
    match nth % 7 {
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
        5 => return send_long_title(nth, midnight, outbox),
        _ => {
            let created_at = (midnight + TimeDelta::hours(10)).format("%Y-%m-%dT%H:%M:%S");
            let slot = event_slot(midnight + TimeDelta::hours(10));
            let no_order = format!(
                "{{\"id\":\"PT-{}\",\"status\":\"success\",\"created_at\":\"{created_at}\"}}",
                900_000 + nth
            );
            outbox.payment(slot, &no_order, Some(Feature::Dirt));
            return outbox.payment(slot, "{\"id\":\"PT-", Some(Feature::Dirt));
        }
    }
    outbox.note_order(noon, Feature::Dirt);
}

/// A product that is refused, and its variant, which waits for it in vain.
fn send_long_title(nth: u32, midnight: NaiveDateTime, outbox: &mut Outbox) {
    let slot = catalogue_slot(midnight + TimeDelta::hours(4));
    let (created, ingested) = (timestamp(midnight + TimeDelta::hours(3)), timestamp(slot));
    let product = format!("P-9{nth:02}");
    let title = "A very long title ".repeat(16);
    outbox.product(slot, &product, row(&[&product, &title, "mugs", &created]));
    let variant = format!("{product}-STD");
    let fields = [variant.as_str(), &product, "990", "Standard", &created, &created, &ingested];
    outbox.variant(slot, &variant, row(&fields));
    outbox.note_catalogue(slot, Feature::Dirt);
}
