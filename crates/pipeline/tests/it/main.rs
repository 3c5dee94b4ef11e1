//! The close on a real PostgreSQL and real Delta tables, and on a stand-in for Snowflake.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod closing;
mod data_tests;
mod expiring;
mod interrupted;
mod law;
mod looking;
mod looking_back;
mod mishaps;
mod models;
mod parity;
mod reading;
mod support;
mod uci;
mod vacuuming;
