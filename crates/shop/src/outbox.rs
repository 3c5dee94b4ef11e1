//! Gathers rows into the batches and files in which they are sent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use daybook_model::PartitionDate;
use daybook_model::contract::Table;
use serde::Serialize;

use crate::csv::file;
use crate::{Arrival, Day, Delivery, Feature};

/// When order batches are sent, in minutes of the day; the first holds the evening before.
const ORDER_SLOTS: [i64; 3] = [45, 12 * 60, 18 * 60];

/// When catalogue batches are sent.
const CATALOGUE_SLOTS: [i64; 2] = [6 * 60, 19 * 60];

/// How long a row takes to be written out.
const EXPORT_TIME: TimeDelta = TimeDelta::minutes(2);

/// The moment at which a batch or file is sent.
pub(crate) type Slot = NaiveDateTime;

#[derive(Default)]
struct OrderBatch {
    orders: Vec<String>,
    lines: Vec<String>,
    features: BTreeSet<Feature>,
}

/// Rows by id: one that changes twice before the batch is sent is sent in its last state, as a file must not
/// contradict itself.
#[derive(Default)]
struct CatalogueBatch {
    products: BTreeMap<String, String>,
    variants: BTreeMap<String, String>,
    features: BTreeSet<Feature>,
}

#[derive(Default)]
struct EventFile {
    events: String,
    features: BTreeSet<Feature>,
}

/// All that will be sent.
#[derive(Default)]
pub(crate) struct Outbox {
    orders: BTreeMap<Slot, OrderBatch>,
    catalogue: BTreeMap<Slot, CatalogueBatch>,
    payments: BTreeMap<Slot, EventFile>,
    variant_updates: BTreeMap<Slot, EventFile>,
    statements: Vec<(NaiveDateTime, Feature, String)>,
    resent: Vec<(Slot, Slot)>,
}

/// An event as one line of JSON.
pub(crate) fn json(event: &impl Serialize) -> String {
    // Structs of text, numbers and times always have a JSON form.
    serde_json::to_string(event).unwrap_or_default()
}

/// The next of a day's slots that a row can make which is ready at `ready`.
fn next_slot(ready: NaiveDateTime, minutes: impl IntoIterator<Item = i64> + Clone) -> Slot {
    let midnight = ready.date().and_time(NaiveTime::MIN);
    let today = minutes.clone().into_iter().map(|minute| midnight + TimeDelta::minutes(minute));
    let tomorrow = minutes.into_iter().map(|minute| midnight + TimeDelta::minutes(24 * 60 + minute));
    // Two days hold every slot, so one of them is late enough.
    today.chain(tomorrow).find(|slot| *slot >= ready + EXPORT_TIME).unwrap_or(ready + EXPORT_TIME)
}

/// When the first catalogue is sent, on the day that begins at `midnight`.
pub(crate) fn opening_slot(midnight: NaiveDateTime) -> Slot {
    midnight + TimeDelta::minutes(150)
}

/// The order batch for what is ready at `ready`; for a slot, the one after it.
pub(crate) fn order_slot(ready: NaiveDateTime) -> Slot {
    next_slot(ready, ORDER_SLOTS)
}

/// The catalogue batch for what is ready at `ready`.
pub(crate) fn catalogue_slot(ready: NaiveDateTime) -> Slot {
    next_slot(ready, CATALOGUE_SLOTS)
}

/// The event file, one every three hours, for what is ready at `ready`. One comes shortly before the close, and holds what
/// has happened since midnight.
pub(crate) fn event_slot(ready: NaiveDateTime) -> Slot {
    next_slot(ready, (0..8).map(|nth| nth * 180 + 110))
}

impl Outbox {
    pub(crate) fn order(&mut self, slot: Slot, row: String) {
        self.orders.entry(slot).or_default().orders.push(row);
    }

    pub(crate) fn line(&mut self, slot: Slot, row: String) {
        self.orders.entry(slot).or_default().lines.push(row);
    }

    /// Says what is special in the order batch of that slot.
    pub(crate) fn note_order(&mut self, slot: Slot, feature: Feature) {
        self.orders.entry(slot).or_default().features.insert(feature);
    }

    pub(crate) fn product(&mut self, slot: Slot, id: &str, row: String) {
        self.catalogue.entry(slot).or_default().products.insert(id.to_owned(), row);
    }

    pub(crate) fn variant(&mut self, slot: Slot, id: &str, row: String) {
        self.catalogue.entry(slot).or_default().variants.insert(id.to_owned(), row);
    }

    /// Says what is special in the catalogue batch of that slot.
    pub(crate) fn note_catalogue(&mut self, slot: Slot, feature: Feature) {
        self.catalogue.entry(slot).or_default().features.insert(feature);
    }

    pub(crate) fn payment(&mut self, slot: Slot, event: &str, feature: Option<Feature>) {
        self.payments.entry(slot).or_default().push(event, feature);
    }

    pub(crate) fn variant_update(&mut self, slot: Slot, event: &str, feature: Feature) {
        self.variant_updates.entry(slot).or_default().push(event, Some(feature));
    }

    pub(crate) fn statement(&mut self, at: NaiveDateTime, feature: Feature, statement: String) {
        self.statements.push((at, feature, statement));
    }

    /// Sends the order batch of `slot`, if there is one, once more at `again`.
    pub(crate) fn resend(&mut self, slot: Slot, again: Slot) {
        self.resent.push((slot, again));
    }

    /// Every delivery up to the last day's close, by the day in which it comes.
    pub(crate) fn into_days(self, first_day: PartitionDate, days: u32) -> Vec<Day> {
        let mut arrivals = self.into_arrivals();
        // Stable: what comes at one time stays catalogue, orders, price changes, payments, SQL.
        arrivals.sort_by_key(|arrival| arrival.at);
        let dates = first_day.date().iter_days().take(usize::try_from(days).unwrap_or(0));
        let mut arrivals = arrivals.into_iter().peekable();
        dates
            .map(|date| {
                let mut day = Day { date: PartitionDate::new(date), arrivals: Vec::new() };
                let closes_at = day.closes_at();
                day.arrivals
                    .extend(std::iter::from_fn(|| arrivals.next_if(|arrival| arrival.at < closes_at)));
                day
            })
            .collect()
    }

    fn into_arrivals(self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for (slot, batch) in self.catalogue {
            let files = vec![
                file(Table::Product, batch.products.values()),
                file(Table::Variant, batch.variants.values()),
            ];
            let delivery = Delivery::Batch { name: named(slot, "catalogue"), files };
            arrivals.push(Arrival { at: slot, features: batch.features, delivery });
        }
        for (slot, again) in self.resent {
            if let Some(batch) = self.orders.get(&slot) {
                let delivery = Delivery::Batch { name: named(again, "orders-again"), files: batch.files() };
                arrivals.push(Arrival { at: again, features: [Feature::ResentBatch].into(), delivery });
            }
        }
        for (slot, batch) in self.orders {
            let delivery = Delivery::Batch { name: named(slot, "orders"), files: batch.files() };
            arrivals.push(Arrival { at: slot, features: batch.features, delivery });
        }
        for (slot, events) in self.variant_updates {
            let name = event_name("variant_updates", slot);
            let delivery = Delivery::VariantUpdates { name, ndjson: events.events.into_bytes() };
            arrivals.push(Arrival { at: slot, features: events.features, delivery });
        }
        for (slot, events) in self.payments {
            let name = event_name("transactions", slot);
            let delivery = Delivery::Transactions { name, ndjson: events.events.into_bytes() };
            arrivals.push(Arrival { at: slot, features: events.features, delivery });
        }
        for (at, feature, statement) in self.statements {
            let delivery = Delivery::Sql { statement };
            arrivals.push(Arrival { at, features: [feature].into(), delivery });
        }
        arrivals
    }
}

impl OrderBatch {
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        vec![file(Table::Orders, &self.orders), file(Table::OrderLines, &self.lines)]
    }
}

impl EventFile {
    fn push(&mut self, event: &str, feature: Option<Feature>) {
        self.events.push_str(event);
        self.events.push('\n');
        self.features.extend(feature);
    }
}

fn named(slot: Slot, what: &str) -> String {
    format!("{}-{what}", slot.format("%Y-%m-%dT%H%M"))
}

fn event_name(what: &str, slot: Slot) -> String {
    format!("{what}-{}.ndjson", slot.format("%Y-%m-%dT%H%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn a_row_makes_the_next_slot() {
        assert_eq!(order_slot(at("2024-03-01 11:58")), at("2024-03-01 12:00"));
        assert_eq!(order_slot(at("2024-03-01 11:59")), at("2024-03-01 18:00"));
        assert_eq!(order_slot(at("2024-03-01 18:00")), at("2024-03-02 00:45"));
        assert_eq!(event_slot(at("2024-03-01 22:49")), at("2024-03-02 01:50"));
        assert_eq!(catalogue_slot(at("2024-03-01 05:00")), at("2024-03-01 06:00"));
    }
}
