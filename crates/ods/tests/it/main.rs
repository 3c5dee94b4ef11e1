//! The operational data store on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrivals;
mod aws_s3;
mod batches;
mod catalogue;
mod catalogue_api;
mod catalogue_clients;
mod connecting;
mod customer_service;
mod dumping;
mod events;
mod expiring;
mod killing;
mod load_requests;
mod parking;
mod payments;
mod rejects;
mod replays;
mod s3;
mod settled;
mod snapshots;
mod support;
mod tokens;
mod turns;
mod uci;
mod versions;
