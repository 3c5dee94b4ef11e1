//! The client against a stand-in for Snowflake, through a network that breaks, and the models' SQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cancelling;
mod failing;
mod loading;
mod models;
mod querying;
mod retrying;
mod scripts;
mod support;
