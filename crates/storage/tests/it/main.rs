//! Storages on a real S3 server and in folders, on networks that break.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod credentials;
mod mistakes;
mod networks;
mod places;
mod support;
