//! The operational data store on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrivals;
mod aws_s3;
mod batches;
mod catalogue;
mod connecting;
mod dumping;
mod events;
mod expiring;
mod killing;
mod parking;
mod payments;
mod rejects;
mod replays;
mod s3;
mod settled;
mod snapshots;
mod support;
mod turns;
mod uci;
mod versions;
