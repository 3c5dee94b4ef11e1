//! The daily upkeep of the catalogue: new products, prices, titles, clean-ups.

use chrono::{NaiveDateTime, TimeDelta};

use crate::catalogue::{CASE_PAIR, Catalogue, Route};
use crate::outbox::{Outbox, catalogue_slot, event_slot};
use crate::random::Random;
use crate::words::AWKWARD_TITLES;
use crate::{Feature, ShopOptions};

/// One day's upkeep.
pub(crate) struct Upkeep<'a> {
    pub(crate) options: &'a ShopOptions,
    pub(crate) catalogue: &'a mut Catalogue,
    pub(crate) random: &'a mut Random,
    pub(crate) outbox: &'a mut Outbox,
    /// The day, counted from 0.
    pub(crate) nth: u32,
    pub(crate) midnight: NaiveDateTime,
}

impl Upkeep<'_> {
    pub(crate) fn work(&mut self) {
        self.send_new_products();
        self.change_price_by_batch();
        self.change_price_by_event(TimeDelta::zero());
        match self.nth % 4 {
            0 => self.change_price_by_event(TimeDelta::hours(26)),
            2 => self.change_price_by_event(TimeDelta::days(4)),
            _ => self.change_title(),
        }
        if self.options.untimed_changes {
            self.work_without_times();
        }
    }

    fn work_without_times(&mut self) {
        self.change_price_by_sql();
        match self.nth % 7 {
            2 => self.change_product_title(),
            3 => self.delete_variant(),
            5 => self.delete_product(),
            _ => {}
        }
    }

    /// Sends the products whose time has come; on the first day, most of them.
    fn send_new_products(&mut self) {
        for place in 0..self.catalogue.products.len() {
            let product = &self.catalogue.products[place];
            let (id, slot) = (product.id.clone(), product.sent_at);
            if slot.date() != self.midnight.date() {
                continue;
            }
            if product.joins {
                self.outbox.note_catalogue(slot, Feature::NewProduct);
            }
            if place == CASE_PAIR {
                self.outbox.note_catalogue(slot, Feature::IdsDifferByCase);
            }
            if AWKWARD_TITLES.contains(&product.title.as_str()) {
                self.outbox.note_catalogue(slot, Feature::AwkwardText);
            }
            self.outbox.product(slot, &id, self.catalogue.product_row(place));
            for variant in 0..self.catalogue.variants.len() {
                if self.catalogue.variants[variant].product == place {
                    self.send_variant(variant, slot);
                }
            }
        }
    }

    fn send_variant(&mut self, variant: usize, slot: NaiveDateTime) {
        let row = self.catalogue.variant_row(variant, slot);
        self.outbox.variant(slot, &self.catalogue.variants[variant].id, row);
    }

    /// A time of this day in business hours at which a variant of that route changes that has not changed
    /// since: a variant's changes are made up in the order of their times.
    fn next_change(&mut self, route: Route) -> Option<(usize, NaiveDateTime)> {
        let candidates = self.catalogue.changeable(route);
        let variant = *candidates.get(self.random.below(candidates.len()))?;
        let at = self.midnight + TimeDelta::seconds(self.random.between(7 * 3600, 22 * 3600));
        (at > self.catalogue.variants[variant].updated_at).then_some((variant, at))
    }

    /// Up or down by at most a fifth, and never to the same price.
    fn new_price(&mut self, variant: usize) -> i64 {
        let old = self.catalogue.variants[variant].price();
        let step = (old / 100).max(1) * self.random.between(1, 20);
        if self.random.below(2) == 0 { old + step } else { (old - step).max(1) }
    }

    fn change_price_by_batch(&mut self) {
        let Some((variant, at)) = self.next_change(Route::Batch) else { return };
        let price = self.new_price(variant);
        self.catalogue.variants[variant].set_price(at, price);
        let slot = catalogue_slot(at);
        let product = self.catalogue.variants[variant].product;
        let row = self.catalogue.product_row(product);
        self.outbox.product(slot, &self.catalogue.products[product].id, row);
        self.send_variant(variant, slot);
        self.outbox.note_catalogue(slot, Feature::PriceChangeByBatch);
    }

    fn change_price_by_event(&mut self, late: TimeDelta) {
        let Some((variant, at)) = self.next_change(Route::Event) else { return };
        let price = self.new_price(variant);
        self.catalogue.variants[variant].set_price(at, price);
        let feature = if late.is_zero() { Feature::PriceChangeByEvent } else { Feature::LatePriceChange };
        self.send_event(variant, at + late, feature);
    }

    fn change_title(&mut self) {
        let Some((place, at)) = self.next_change(Route::Event) else { return };
        let nth = self.nth;
        let variant = &mut self.catalogue.variants[place];
        let plain = variant.title.split(" (").next().unwrap_or_default();
        variant.title = format!("{plain} (label {nth})");
        variant.updated_at = at;
        self.send_event(place, at, Feature::TitleOnlyChange);
    }

    fn send_event(&mut self, variant: usize, ready: NaiveDateTime, feature: Feature) {
        let slot = event_slot(ready);
        let event = self.catalogue.variant_event(variant, slot);
        self.outbox.variant_update(slot, &event, feature);
    }

    fn change_price_by_sql(&mut self) {
        let Some((variant, at)) = self.next_change(Route::Sql) else { return };
        let price = self.new_price(variant);
        self.catalogue.variants[variant].set_price(at, price);
        let id = &self.catalogue.variants[variant].id;
        let statement = format!("update ods.variant set price = {price} where id = '{id}'");
        self.outbox.statement(at, Feature::PriceChangeBySql, statement);
    }

    fn change_product_title(&mut self) {
        let Some((variant, at)) = self.next_change(Route::Batch) else { return };
        let place = self.catalogue.variants[variant].product;
        let nth = self.nth;
        let product = &mut self.catalogue.products[place];
        let plain = product.title.split(" – edition ").next().unwrap_or_default();
        product.title = format!("{plain} – edition {nth}");
        let slot = catalogue_slot(at);
        let row = self.catalogue.product_row(place);
        self.outbox.product(slot, &self.catalogue.products[place].id, row);
        self.outbox.note_catalogue(slot, Feature::ProductTitleChange);
    }

    fn delete_variant(&mut self) {
        let Some((variant, at)) = self.next_change(Route::Sql) else { return };
        let variant = &mut self.catalogue.variants[variant];
        variant.deleted_at = Some(at);
        let statement = format!("delete from ods.variant where id = '{}'", variant.id);
        self.outbox.statement(at, Feature::DeletedVariant, statement);
    }

    fn delete_product(&mut self) {
        let Some((variant, at)) = self.next_change(Route::Sql) else { return };
        let product = &mut self.catalogue.products[self.catalogue.variants[variant].product];
        product.deleted_at = Some(at);
        let statement = format!("delete from ods.product where id = '{}'", product.id);
        self.outbox.statement(at, Feature::DeletedProduct, statement);
    }
}
