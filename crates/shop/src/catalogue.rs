//! What the shop offers.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use serde::Serialize;

use crate::ShopOptions;
use crate::csv::{row, timestamp};
use crate::outbox::opening_slot;
use crate::random::Random;
use crate::words::{ADJECTIVES, AWKWARD_TITLES, RANGES, Range};

/// The product whose two variants' ids differ only by case.
pub(crate) const CASE_PAIR: usize = 3;

/// How many products the words are good for.
const MOST_PRODUCTS: usize = 220;

/// By which route a product's changes come. Each product keeps to one, so that a change that carries its own
/// time never meets one that takes the clock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Batch,
    Event,
    Sql,
}

#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) title: String,
    product_type: &'static str,
    created_at: NaiveDateTime,
    /// When its rows are sent.
    pub(crate) sent_at: NaiveDateTime,
    pub(crate) route: Route,
    /// Whether it joins after the shop has opened.
    pub(crate) joins: bool,
    pub(crate) deleted_at: Option<NaiveDateTime>,
}

#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) id: String,
    /// Its product's place in the catalogue.
    pub(crate) product: usize,
    pub(crate) title: String,
    created_at: NaiveDateTime,
    pub(crate) updated_at: NaiveDateTime,
    /// Every price with the time from which it holds; never empty.
    prices: Vec<(NaiveDateTime, i64)>,
    pub(crate) deleted_at: Option<NaiveDateTime>,
}

#[derive(Serialize)]
struct VariantEvent<'a> {
    id: &'a str,
    product_id: &'a str,
    price: i64,
    title: &'a str,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    ingested_at: NaiveDateTime,
}

impl Variant {
    /// The price for an order of this time.
    pub(crate) fn price_at(&self, at: NaiveDateTime) -> i64 {
        let held = self.prices.iter().rev().find(|(from, _)| *from <= at);
        held.or(self.prices.first()).map_or(0, |(_, price)| *price)
    }

    /// The latest price.
    pub(crate) fn price(&self) -> i64 {
        self.price_at(NaiveDateTime::MAX)
    }

    pub(crate) fn set_price(&mut self, at: NaiveDateTime, price: i64) {
        self.updated_at = at;
        self.prices.push((at, price));
    }
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) products: Vec<Product>,
    pub(crate) variants: Vec<Variant>,
}

impl Catalogue {
    pub(crate) fn generate(options: &ShopOptions, random: &mut Random) -> Self {
        let count = usize::try_from(options.products).unwrap_or(MOST_PRODUCTS).clamp(20, MOST_PRODUCTS);
        let joiners = count / 10;
        let mut names: Vec<(&Range, String)> = RANGES
            .iter()
            .flat_map(|range| range.nouns.iter().map(move |noun| (range, noun)))
            .flat_map(|(range, noun)| ADJECTIVES.iter().map(move |word| (range, format!("{word} {noun}"))))
            .collect();
        random.shuffle(&mut names);
        let mut catalogue = Self { products: Vec::new(), variants: Vec::new() };
        for (place, (range, title)) in names.into_iter().take(count).enumerate() {
            let title = AWKWARD_TITLES.get(place).map_or(title, |awkward| (*awkward).to_owned());
            let joins = (place + joiners >= count).then(|| place + joiners - count);
            catalogue.add(options, random, range, title, joins.map(|nth| (nth, joiners)));
        }
        catalogue
    }

    /// `joins` says, for a product that joins later, that it is the nth of so many.
    fn add(
        &mut self,
        options: &ShopOptions,
        random: &mut Random,
        range: &Range,
        title: String,
        joins: Option<(usize, usize)>,
    ) {
        let place = self.products.len();
        let opening = options.first_day.date().and_time(NaiveTime::MIN);
        let (created_at, sent_at) = match joins {
            None => {
                let age = TimeDelta::seconds(random.between(30 * 86_400, 400 * 86_400));
                (opening - age, opening_slot(opening))
            }
            Some((nth, of)) => {
                let last = usize::try_from(options.days).unwrap_or(1).saturating_sub(1);
                let day = opening + TimeDelta::days((1 + nth * last / of) as i64);
                // Every third comes two days after its first sale.
                let late = if nth % 3 == 1 { 2 } else { 0 };
                let created_at = day + TimeDelta::seconds(random.between(2 * 3600 + 1, 4 * 3600));
                (created_at, day + TimeDelta::days(late) + TimeDelta::hours(6))
            }
        };
        let id = format!("P-{:03}", place + 1);
        let base = range.from + 10 * random.between(0, 60);
        let case_pair = [("Almond", "a"), ("Azure", "A")];
        let forms = if place == CASE_PAIR { &case_pair[..] } else { range.forms };
        for (step, (form, suffix)) in (0_i64..).zip(forms) {
            self.variants.push(Variant {
                id: format!("{id}-{suffix}"),
                product: place,
                title: (*form).to_owned(),
                created_at,
                updated_at: created_at,
                prices: vec![(created_at, base + base * step * 2 / 5)],
                deleted_at: None,
            });
        }
        let route = [Route::Batch, Route::Event, Route::Sql][place % 3];
        let (product_type, joins) = (range.product_type, joins.is_some());
        let deleted_at = None;
        self.products.push(Product {
            id,
            title,
            product_type,
            created_at,
            sent_at,
            route,
            joins,
            deleted_at,
        });
    }

    /// Whether an order of this time can hold the variant.
    pub(crate) fn is_sold(&self, variant: &Variant, at: NaiveDateTime) -> bool {
        let product = &self.products[variant.product];
        let deleted_at = variant.deleted_at.into_iter().chain(product.deleted_at).min();
        product.created_at <= at && deleted_at.is_none_or(|deleted_at| at < deleted_at)
    }

    /// The places of the variants whose changes come by `route` and that can change now: in the catalogue from
    /// the beginning, and still there.
    pub(crate) fn changeable(&self, route: Route) -> Vec<usize> {
        let fits = |variant: &Variant| {
            let product = &self.products[variant.product];
            let is_there = variant.deleted_at.is_none() && product.deleted_at.is_none();
            is_there && !product.joins && product.route == route
        };
        (0..self.variants.len()).filter(|place| fits(&self.variants[*place])).collect()
    }

    /// A product's row in a batch.
    pub(crate) fn product_row(&self, place: usize) -> String {
        let product = &self.products[place];
        row(&[&product.id, &product.title, product.product_type, &timestamp(product.created_at)])
    }

    /// A variant's row in a batch that is written at `ingested_at`.
    pub(crate) fn variant_row(&self, place: usize, ingested_at: NaiveDateTime) -> String {
        let variant = &self.variants[place];
        row(&[
            &variant.id,
            &self.products[variant.product].id,
            &variant.price().to_string(),
            &variant.title,
            &timestamp(variant.created_at),
            &timestamp(variant.updated_at),
            &timestamp(ingested_at),
        ])
    }

    /// A variant's state as an event.
    pub(crate) fn variant_event(&self, place: usize, ingested_at: NaiveDateTime) -> String {
        let variant = &self.variants[place];
        crate::outbox::json(&VariantEvent {
            id: &variant.id,
            product_id: &self.products[variant.product].id,
            price: variant.price(),
            title: &variant.title,
            created_at: variant.created_at,
            updated_at: variant.updated_at,
            ingested_at,
        })
    }
}
