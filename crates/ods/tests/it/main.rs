//! The operational data store on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batches;
mod catalogue;
mod catalogue_api;
mod catalogue_clients;
mod connecting;
mod customer_service;
mod dumping;
mod events;
mod expiring;
mod parking;
mod rejects;
mod replays;
mod s3;
mod support;
mod turns;
mod uci;
mod versions;
