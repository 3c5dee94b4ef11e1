//! The databases and buckets that tests get, and what is left of them afterwards.
#![allow(clippy::unwrap_used)]

mod buckets;
mod cleanup;
mod databases;
