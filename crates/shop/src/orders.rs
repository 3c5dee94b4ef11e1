//! Orders, and how they reach Daybook.

use chrono::{Datelike, NaiveDateTime, TimeDelta, Weekday};

use crate::catalogue::{Catalogue, Variant};
use crate::csv::{row, timestamp};
use crate::outbox::{Outbox, Slot, order_slot};
use crate::random::Random;
use crate::{Feature, ShopOptions};

#[derive(Clone, Debug)]
pub(crate) struct Line {
    id: String,
    variant_id: String,
    quantity: i64,
    revenue: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) processed: NaiveDateTime,
    pub(crate) customer: String,
    lines: Vec<Line>,
    pub(crate) is_return: bool,
}

impl Order {
    fn row(&self) -> String {
        row(&[&self.id, &timestamp(self.processed), &self.customer])
    }
}

impl Line {
    fn row(&self, order: &Order) -> String {
        line_row(&self.id, &self.quantity.to_string(), &self.variant_id, self.revenue, &order.id)
    }
}

/// A row of `order_lines.csv`.
pub(crate) fn line_row(id: &str, quantity: &str, variant_id: &str, revenue: i64, order_id: &str) -> String {
    row(&[id, quantity, variant_id, &revenue.to_string(), order_id])
}

/// What becomes of an order on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Plain,
    Late,
    Corrected,
    Moved,
    CorrectedLate,
    LinesFirst,
    LateLine,
    SentTwice,
    Return,
}

use Fate::{Corrected, CorrectedLate, Late, LateLine, LinesFirst, Moved, Plain, Return, SentTwice};

/// The fates in turn, so that each of them occurs even in a small shop. The length is a prime number, so that
/// every fate meets every habit of payment.
const FATES: [Fate; 31] = [
    Plain,
    Plain,
    Late,
    Plain,
    Corrected,
    Plain,
    Plain,
    LinesFirst,
    Plain,
    Moved,
    Plain,
    Plain,
    SentTwice,
    Plain,
    LateLine,
    Plain,
    Plain,
    CorrectedLate,
    Plain,
    Plain,
    Return,
    Plain,
    Plain,
    Late,
    Plain,
    Plain,
    Plain,
    Plain,
    Return,
    Plain,
    Plain,
];

/// How long after its time a delivery comes for an order that the operational store no longer has.
const AFTER_RETENTION: TimeDelta = TimeDelta::days(5);

/// Takes the orders.
pub(crate) struct Till<'a> {
    options: &'a ShopOptions,
    taken: usize,
    /// Orders with nothing special, of which some come back.
    returnable: Vec<Order>,
}

impl<'a> Till<'a> {
    pub(crate) fn new(options: &'a ShopOptions) -> Self {
        Self { options, taken: 0, returnable: Vec::new() }
    }

    /// Takes an order on the day that begins at `midnight`, and sends it.
    pub(crate) fn take_order(
        &mut self,
        midnight: NaiveDateTime,
        catalogue: &Catalogue,
        random: &mut Random,
        outbox: &mut Outbox,
    ) -> Order {
        let fate = self.next_fate();
        let second = match fate {
            Moved => random.between(86_400 - 600, 86_399),
            _ => random.between(5 * 3600, 86_399),
        };
        let processed = midnight + TimeDelta::seconds(second);
        let order = match fate {
            Return => self.return_of(processed, random),
            _ => None,
        };
        let order = order.unwrap_or_else(|| self.new_order(processed, catalogue, random));
        send(&order, fate, outbox);
        if fate == Plain && is_unknown_yet(&order, catalogue) {
            outbox.note_order(order_slot(processed), Feature::SoldBeforeCatalogue);
        }
        if fate == Plain {
            self.returnable.push(order.clone());
        }
        order
    }

    fn next_fate(&mut self) -> Fate {
        let fate = FATES[self.taken % FATES.len()];
        self.taken += 1;
        let is_correction = matches!(fate, Corrected | Moved | CorrectedLate);
        if is_correction && !self.options.corrections { Plain } else { fate }
    }

    fn id(&self) -> String {
        format!("SO-{}", 100_000 + self.taken)
    }

    fn new_order(&self, processed: NaiveDateTime, catalogue: &Catalogue, random: &mut Random) -> Order {
        let id = self.id();
        let customers = usize::try_from(self.options.customers).unwrap_or(1).max(1);
        let customer = format!("C-{:04}", 1 + random.low_below(customers));
        let sold: Vec<&Variant> =
            catalogue.variants.iter().filter(|variant| catalogue.is_sold(variant, processed)).collect();
        let mut chosen: Vec<&Variant> = Vec::new();
        for _ in 0..random.between(1, 5) {
            // New products are advertised; the others sell the better the longer they are there.
            let new = sold.iter().filter(|variant| catalogue.products[variant.product].joins).count();
            let place = match random.below(8) {
                0 if new > 0 => sold.len() - 1 - random.below(new),
                _ => random.low_below(sold.len()),
            };
            if !chosen.iter().any(|variant| variant.id == sold[place].id) {
                chosen.push(sold[place]);
            }
        }
        let mut lines = Vec::new();
        for variant in chosen {
            let quantity = if random.below(40) == 0 { random.between(12, 48) } else { random.between(1, 4) };
            lines.push(Line {
                id: format!("{id}-{}", lines.len() + 1),
                variant_id: variant.id.clone(),
                quantity,
                revenue: quantity * variant.price_at(processed),
            });
        }
        Order { id, processed, customer, lines, is_return: false }
    }

    /// Some item of an order of an earlier day comes back, at the price that was paid.
    fn return_of(&self, processed: NaiveDateTime, random: &mut Random) -> Option<Order> {
        let earlier =
            self.returnable.iter().take_while(|order| order.processed < processed - TimeDelta::days(1));
        let earlier: Vec<&Order> = earlier.collect();
        let order = earlier.get(random.below(earlier.len()))?;
        let line = &order.lines[random.below(order.lines.len())];
        let id = self.id();
        let back = Line {
            id: format!("{id}-1"),
            variant_id: line.variant_id.clone(),
            quantity: -1,
            revenue: -(line.revenue / line.quantity),
        };
        Some(Order { id, processed, customer: order.customer.clone(), lines: vec![back], is_return: true })
    }
}

fn is_unknown_yet(order: &Order, catalogue: &Catalogue) -> bool {
    let is_unknown =
        |variant: &Variant| catalogue.products[variant.product].sent_at > order_slot(order.processed);
    let mut unknown = catalogue.variants.iter().filter(|variant| is_unknown(variant));
    unknown.any(|variant| order.lines.iter().any(|line| line.variant_id == variant.id))
}

fn send(order: &Order, fate: Fate, outbox: &mut Outbox) {
    let slot = order_slot(order.processed);
    if order.is_return {
        outbox.note_order(slot, Feature::Return);
    }
    match fate {
        Plain | Return => send_at(order, slot, outbox),
        Late => {
            let late = order_slot(order.processed + TimeDelta::days(1));
            send_at(order, late, outbox);
            outbox.note_order(late, Feature::LateOrder);
        }
        Corrected => {
            send_at(order, slot, outbox);
            send_special(&corrected(order), order_slot(slot), Feature::CorrectedOrder, outbox);
        }
        CorrectedLate => {
            send_at(order, slot, outbox);
            let late = order_slot(order.processed + AFTER_RETENTION);
            send_special(&corrected(order), late, Feature::CorrectedAfterRetention, outbox);
        }
        Moved => {
            send_at(order, slot, outbox);
            let moved = Order { processed: order.processed + TimeDelta::minutes(20), ..order.clone() };
            send_special(&moved, order_slot(slot), Feature::MovedOrder, outbox);
        }
        LinesFirst => {
            send_lines(order, &order.lines, slot, outbox);
            outbox.note_order(slot, Feature::LinesBeforeOrder);
            outbox.order(order_slot(slot), order.row());
        }
        LateLine => send_with_late_line(order, slot, outbox),
        SentTwice => {
            send_at(order, slot, outbox);
            let again = order_slot(order.processed + TimeDelta::days(1));
            send_special(order, again, Feature::ResentRows, outbox);
        }
    }
}

fn send_at(order: &Order, slot: Slot, outbox: &mut Outbox) {
    outbox.order(slot, order.row());
    send_lines(order, &order.lines, slot, outbox);
}

fn send_special(order: &Order, slot: Slot, feature: Feature, outbox: &mut Outbox) {
    send_at(order, slot, outbox);
    outbox.note_order(slot, feature);
}

fn send_lines(order: &Order, lines: &[Line], slot: Slot, outbox: &mut Outbox) {
    for line in lines {
        outbox.line(slot, line.row(order));
    }
}

fn send_with_late_line(order: &Order, slot: Slot, outbox: &mut Outbox) {
    outbox.order(slot, order.row());
    let (late, in_time) = order.lines.split_at(1);
    send_lines(order, in_time, slot, outbox);
    let late_slot = order_slot(order.processed + AFTER_RETENTION);
    send_lines(order, late, late_slot, outbox);
    outbox.note_order(late_slot, Feature::LateLine);
}

/// One more of its first item.
fn corrected(order: &Order) -> Order {
    let mut corrected = order.clone();
    if let Some(line) = corrected.lines.first_mut() {
        line.revenue += line.revenue / line.quantity;
        line.quantity += 1;
    }
    corrected
}

/// How many orders come in on that day.
pub(crate) fn demand(options: &ShopOptions, nth: u32, midnight: NaiveDateTime, random: &mut Random) -> i64 {
    if options.quiet_day == Some(nth) {
        return 0;
    }
    let usual = i64::from(options.orders_per_day);
    let weekend = matches!(midnight.weekday(), Weekday::Sat | Weekday::Sun);
    let expected = if weekend { usual * 13 / 10 } else { usual };
    (expected + random.between(-expected / 5, expected / 5)).max(1)
}
