//! What tests of several crates need: databases on a real PostgreSQL, and real input.
//!
//! A dev-dependency only.

mod database;
mod error;
mod fixtures;
mod watchdog;

pub use database::TestDatabase;
pub use error::TestkitError;
pub use fixtures::uci_retail;
