//! The program as people and scripts use it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod closing;
mod demo;
mod embedded;
mod http;
mod loads;
mod mistakes;
mod models;
mod openlineage;
mod readers;
mod receiver;
mod rejects;
mod schedule;
mod serve;
mod serving;
mod site;
mod snowflake;
mod support;
