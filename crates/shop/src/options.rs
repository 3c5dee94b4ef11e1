//! What kind of shop to generate.

use chrono::NaiveDate;
use daybook_model::PartitionDate;

/// The size and the habits of a generated shop. Every value gives another shop; the same values the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopOptions {
    /// What all chance is derived from.
    pub seed: u64,
    /// The first day of trade.
    pub first_day: PartitionDate,
    /// How many days are traded.
    pub days: u32,
    /// About how many orders come in on a weekday. From about 40, dirt is at most a twentieth of a batch.
    pub orders_per_day: u32,
    /// How many products are offered, from 20 to 220; a tenth of them join later.
    pub products: u32,
    /// How many customers there are.
    pub customers: u32,
    /// Whether a few rows a day break the contract.
    pub dirt: bool,
    /// Whether orders are corrected, that is, sent again with other content. The order of arrival matters then.
    pub corrections: bool,
    /// Whether engineers change and delete by SQL, and products change their title: changes that carry no time
    /// of their own. The order of arrival, and the clock, matter then.
    pub untimed_changes: bool,
    /// A day without any order, counted from 0.
    pub quiet_day: Option<u32>,
}

impl Default for ShopOptions {
    /// Two weeks of a small shop that has everything.
    fn default() -> Self {
        Self {
            seed: 1,
            first_day: PartitionDate::new(NaiveDate::from_ymd_opt(2024, 3, 1).unwrap_or_default()),
            days: 14,
            orders_per_day: 60,
            products: 80,
            customers: 150,
            dirt: true,
            corrections: true,
            untimed_changes: true,
            quiet_day: Some(5),
        }
    }
}

impl ShopOptions {
    /// A shop in which every row carries its own time and none conflicts with another: its arrivals may come
    /// in any order.
    pub fn order_free(seed: u64) -> Self {
        Self { seed, corrections: false, untimed_changes: false, ..Self::default() }
    }
}
