//! The HTTP server on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod conformance;
mod doors;
mod loads;
mod orders;
mod support;
mod webhooks;
