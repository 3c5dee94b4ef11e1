//! A generated shop: what a back end would send, day by day.
//!
//! [`Shop::generate`] makes up a catalogue, customers, orders, payments and price changes from a seed, with all
//! that makes books hard to keep: late, corrected, resent and broken rows. The same options give the same bytes
//! on every platform.
//!
//! A [`Day`] is what arrives between two closes; an [`Arrival`] is one delivery, with the time of the clock when
//! it comes in, and with the [`Feature`]s that it shows. [`Feature::order_matters`] says which of them depend
//! on the order of arrival; [`ShopOptions`] can leave those out. [`Delivery::write_to`] lays one in a landing
//! folder.

mod arrival;
mod catalogue;
mod csv;
mod dirt;
mod feature;
mod landing;
mod options;
mod orders;
mod outbox;
mod payments;
mod random;
mod shop;
mod upkeep;
mod words;

pub use arrival::{Arrival, Day, Delivery};
pub use feature::Feature;
pub use options::ShopOptions;
pub use shop::Shop;
