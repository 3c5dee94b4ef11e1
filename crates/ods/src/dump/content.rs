//! What dates hold, told by a hash.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use daybook_model::PartitionDate;
use daybook_model::manifest::DateContent;

/// Rows and their hash by date, in days since 1970.
///
/// A hash is the sum of the rows' hashes, so it depends neither on their order nor on who read which of them.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    dates: BTreeMap<i32, Content>,
    /// Rows of one date follow each other: the sum of the last one, not yet among the others.
    current: Option<(i32, Content)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Content {
    rows: u64,
    hash: u128,
}

impl Content {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.hash = self.hash.wrapping_add(other.hash);
    }
}

impl Contents {
    pub(crate) fn add_row(&mut self, days: i32, row: &[u8]) {
        let content = Content { rows: 1, hash: hash(row) };
        match &mut self.current {
            Some((date, sum)) if *date == days => sum.add(content),
            _ => {
                self.settle();
                self.current = Some((days, content));
            }
        }
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, mut other: Self) {
        other.settle();
        for (days, content) in other.dates {
            self.dates.entry(days).or_default().add(content);
        }
    }

    /// For the manifest; none when a date is beyond the calendar.
    pub(crate) fn finish(mut self) -> Option<BTreeMap<PartitionDate, DateContent>> {
        self.settle();
        self.dates
            .into_iter()
            .map(|(days, Content { rows, hash })| {
                let content_hash = format!("{rows:016x}{hash:032x}");
                let date = NaiveDate::from_epoch_days(days)?;
                Some((PartitionDate::new(date), DateContent { rows, content_hash }))
            })
            .collect()
    }

    fn settle(&mut self) {
        if let Some((days, content)) = self.current.take() {
            self.dates.entry(days).or_default().add(content);
        }
    }
}

/// 128 bits tell any two rows apart that nobody made to collide; who could, may write the row itself.
pub(crate) fn hash(bytes: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(bytes)
}
