//! Puts the shop's days together.

use chrono::{NaiveTime, TimeDelta};

use crate::catalogue::Catalogue;
use crate::dirt::send_dirt;
use crate::orders::{Till, demand};
use crate::outbox::{Outbox, order_slot};
use crate::payments::Cashier;
use crate::random::Random;
use crate::upkeep::Upkeep;
use crate::{Day, ShopOptions};

/// A made-up shop.
#[derive(Clone, Copy, Debug)]
pub struct Shop;

impl Shop {
    /// Trades for [`ShopOptions::days`] days. What would arrive after the last day's close is left out.
    pub fn generate(options: &ShopOptions) -> Vec<Day> {
        let mut random = Random::new(options.seed);
        let mut catalogue = Catalogue::generate(options, &mut random);
        let mut outbox = Outbox::default();
        let mut till = Till::new(options);
        let mut cashier = Cashier::default();
        for (nth, date) in (0..options.days).zip(options.first_day.date().iter_days()) {
            let midnight = date.and_time(NaiveTime::MIN);
            let (outbox, random) = (&mut outbox, &mut random);
            Upkeep { options, catalogue: &mut catalogue, random, outbox, nth, midnight }.work();
            let orders = demand(options, nth, midnight, random);
            for _ in 0..orders {
                let order = till.take_order(midnight, &catalogue, random, outbox);
                cashier.settle(&order, random, outbox);
            }
            if options.dirt && orders > 0 {
                send_dirt(nth, midnight, &catalogue.variants[0].id, outbox);
            }
            if nth % 3 == 1 {
                let noon = order_slot(midnight + TimeDelta::hours(11));
                outbox.resend(noon, noon + TimeDelta::hours(27));
            }
        }
        outbox.into_days(options.first_day, options.days)
    }
}
