//! The operational data store on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aws_s3;
mod batches;
mod catalogue;
mod connecting;
mod dumping;
mod events;
mod expiring;
mod parking;
mod rejects;
mod s3;
mod support;
mod turns;
mod uci;
mod versions;
