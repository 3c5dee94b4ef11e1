//! What tests of several crates need: databases on a real PostgreSQL, buckets on an S3 server, a stand-in for Snowflake,
//! and real input.
//!
//! A dev-dependency only.

mod bucket;
mod database;
mod error;
mod fault_proxy;
mod fixtures;
mod moto;
mod node;
mod python;
mod python_server;
mod snowflake;
mod target;
mod watchdog;

pub use bucket::TestBucket;
pub use database::TestDatabase;
pub use error::TestkitError;
pub use fault_proxy::{Fault, FaultProxy};
pub use fixtures::uci_retail;
pub use node::node_modules;
pub use python::python_with;
pub use snowflake::Snowflake;
