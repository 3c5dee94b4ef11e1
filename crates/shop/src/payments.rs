//! Payments, and how their webhooks reach Daybook.

use chrono::{NaiveDateTime, TimeDelta};
use serde::Serialize;

use crate::Feature;
use crate::orders::Order;
use crate::outbox::{Outbox, event_slot, json};
use crate::random::Random;

#[derive(Clone, Serialize)]
struct Payment<'a> {
    id: String,
    order_id: &'a str,
    status: &'static str,
    created_at: NaiveDateTime,
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    AtOnce,
    SecondTry,
    PendingFirst,
    RefundedLater,
    RefundedApart,
    DaysLater,
    MuchLater,
    LateWebhook,
    WebhookTwice,
    OutOfOrder,
    Never,
}

use Habit::{
    AtOnce, DaysLater, LateWebhook, MuchLater, Never, OutOfOrder, PendingFirst, RefundedApart, RefundedLater,
    SecondTry, WebhookTwice,
};

/// The habits in turn; a prime number of them, other than that of the orders' fates.
const HABITS: [Habit; 23] = [
    AtOnce,
    AtOnce,
    SecondTry,
    AtOnce,
    PendingFirst,
    AtOnce,
    AtOnce,
    DaysLater,
    AtOnce,
    RefundedLater,
    AtOnce,
    LateWebhook,
    AtOnce,
    MuchLater,
    PendingFirst,
    WebhookTwice,
    AtOnce,
    RefundedApart,
    AtOnce,
    OutOfOrder,
    SecondTry,
    AtOnce,
    Never,
];

/// Takes the payments.
#[derive(Default)]
pub(crate) struct Cashier {
    orders: usize,
}

impl Cashier {
    /// Has an order paid, or not.
    pub(crate) fn settle(&mut self, order: &Order, random: &mut Random, outbox: &mut Outbox) {
        let habit = HABITS[self.orders % HABITS.len()];
        self.orders += 1;
        let mut webhooks = Webhooks { order, paid_at: order.processed, outbox };
        if order.is_return {
            let soon = minutes(random, 5, 600);
            webhooks.send(1, "refunded", soon, None);
        } else {
            webhooks.settle(habit, random);
        }
    }
}

fn minutes(random: &mut Random, first: i64, last: i64) -> TimeDelta {
    TimeDelta::seconds(random.between(first * 60, last * 60))
}

/// One order's webhooks; times count from the order's.
struct Webhooks<'a> {
    order: &'a Order,
    paid_at: NaiveDateTime,
    outbox: &'a mut Outbox,
}

impl Webhooks<'_> {
    fn settle(&mut self, habit: Habit, random: &mut Random) {
        let soon = minutes(random, 0, 4);
        match habit {
            AtOnce => self.send(1, "success", soon, None),
            SecondTry => {
                self.send(1, "failure", soon, None);
                self.send(2, "success", soon + minutes(random, 1, 90), Some(Feature::FailedThenPaid));
            }
            PendingFirst => {
                self.send(1, "pending", soon, None);
                self.send(1, "success", soon + minutes(random, 10, 1800), Some(Feature::RewrittenPayment));
            }
            RefundedLater => {
                self.send(1, "success", soon, None);
                self.send(1, "refunded", soon + minutes(random, 600, 3000), Some(Feature::RefundRewrite));
            }
            RefundedApart => {
                self.send(1, "success", soon, None);
                self.send(2, "refunded", soon + minutes(random, 600, 3000), Some(Feature::SeparateRefund));
            }
            DaysLater => {
                self.send(1, "success", minutes(random, 1440, 2880), Some(Feature::LatePayment));
            }
            MuchLater => {
                let delay = minutes(random, 5 * 1440, 10 * 1440);
                self.send(1, "success", delay, Some(Feature::PaymentPastRetention));
            }
            LateWebhook => {
                let delay = minutes(random, 4 * 1440, 7 * 1440);
                self.send_late(1, "success", soon, delay, Feature::LateWebhook);
            }
            WebhookTwice => {
                self.send(1, "success", soon, None);
                self.send_late(1, "success", soon, TimeDelta::hours(7), Feature::RepeatedWebhook);
            }
            OutOfOrder => {
                self.send(1, "success", soon + TimeDelta::minutes(10), None);
                self.send_late(1, "pending", soon, TimeDelta::hours(26), Feature::WebhooksOutOfOrder);
            }
            Never => self.send(1, "pending", soon, Some(Feature::UnpaidOrder)),
        }
    }

    fn send(&mut self, nth: u32, status: &'static str, after: TimeDelta, feature: Option<Feature>) {
        self.send_event(nth, status, after, TimeDelta::zero(), feature);
    }

    fn send_late(
        &mut self,
        nth: u32,
        status: &'static str,
        after: TimeDelta,
        late: TimeDelta,
        feature: Feature,
    ) {
        self.send_event(nth, status, after, late, Some(feature));
    }

    fn send_event(
        &mut self,
        nth: u32,
        status: &'static str,
        after: TimeDelta,
        late: TimeDelta,
        feature: Option<Feature>,
    ) {
        let created_at = self.paid_at + after;
        let id = format!("PT-{}-{nth}", self.order.id.trim_start_matches("SO-"));
        let payment = Payment { id, order_id: &self.order.id, status, created_at };
        self.outbox.payment(event_slot(created_at + late), &json(&payment), feature);
    }
}
