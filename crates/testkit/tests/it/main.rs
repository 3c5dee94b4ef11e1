//! The databases that tests get, and what is left of them afterwards.
#![allow(clippy::unwrap_used)]

mod cleanup;
mod databases;
