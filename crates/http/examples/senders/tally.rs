//! What came of the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Tally {
    /// The numbers of those that succeeded.
    pub(crate) acknowledged: Vec<u32>,
    /// How long each of those took, in microseconds.
    micros: Vec<u32>,
    /// How many were answered with each other status.
    refused: BTreeMap<u16, u64>,
    /// How many were not answered: the connection ended.
    pub(crate) broken: u64,
}

impl Tally {
    pub(crate) fn answered(&mut self, number: u32, status: u16, took: Duration) {
        if (200..300).contains(&status) {
            self.acknowledged.push(number);
            self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        } else {
            *self.refused.entry(status).or_default() += 1;
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.micros.extend(other.micros);
        self.broken += other.broken;
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
    }

    pub(crate) fn report(&mut self, took: Duration) -> Value {
        self.micros.sort_unstable();
        let seconds = took.as_secs_f64();
        let refused = self.refused.iter().map(|(status, count)| (status.to_string(), json!(count)));
        json!({
            "seconds": seconds,
            "acknowledged": self.acknowledged.len(),
            "per_second": self.acknowledged.len() as f64 / seconds,
            "refused": refused.collect::<serde_json::Map<_, _>>(),
            "broken": self.broken,
            "p50_ms": self.percentile(50.0),
            "p99_ms": self.percentile(99.0),
            "p999_ms": self.percentile(99.9),
            "max_ms": self.percentile(100.0),
        })
    }

    /// The time within which so many percent succeeded.
    fn percentile(&self, percent: f64) -> Option<f64> {
        let rank = (percent / 100.0 * self.micros.len() as f64).ceil() as usize;
        self.micros.get(rank.saturating_sub(1)).map(|&micros| f64::from(micros) / 1000.0)
    }
}
