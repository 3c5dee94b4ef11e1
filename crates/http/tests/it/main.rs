//! The HTTP server on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod away;
mod catalogue;
mod conformance;
mod doors;
mod loads;
mod logs;
mod orders;
mod slow_clients;
mod support;
mod tls;
mod together;
mod webhooks;
