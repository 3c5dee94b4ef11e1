//! What arrives.

use std::collections::BTreeSet;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use daybook_model::PartitionDate;

use crate::Feature;

/// When a day is closed, after it has ended: late deliveries of its evening are in by then.
const CLOSE_BUFFER: TimeDelta = TimeDelta::hours(2);

/// All that arrives from the close of the day before to the close of this one, in time order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The business date (UTC) that is closed after these arrivals.
    pub date: PartitionDate,
    /// The deliveries, by their time.
    pub arrivals: Vec<Arrival>,
}

impl Day {
    /// When this day's close is due: two hours after its midnight, and after all of its arrivals.
    pub fn closes_at(&self) -> NaiveDateTime {
        self.date.next().date().and_time(NaiveTime::MIN) + CLOSE_BUFFER
    }
}

/// One delivery and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The time of the clock (UTC) when it comes in.
    pub at: NaiveDateTime,
    /// What is special in it.
    pub features: BTreeSet<Feature>,
    /// What is delivered.
    pub delivery: Delivery,
}

/// What a back end, or an engineer, sends in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A batch directory: `orders.csv` with `order_lines.csv`, or `product.csv` with `variant.csv`.
    Batch {
        /// The directory's name; names sort by time.
        name: String,
        /// Each file's name and content.
        files: Vec<(String, Vec<u8>)>,
    },
    /// Payment webhooks, one JSON object a line.
    Transactions {
        /// The file's name, `transactions-….ndjson`.
        name: String,
        /// The content.
        ndjson: Vec<u8>,
    },
    /// Price and title changes with their own times, one JSON object a line.
    VariantUpdates {
        /// The file's name, `variant_updates-….ndjson`.
        name: String,
        /// The content.
        ndjson: Vec<u8>,
    },
    /// One statement that an engineer runs in schema `ods`; what it changes takes the time of the clock.
    Sql {
        /// The statement, without a semicolon.
        statement: String,
    },
}
