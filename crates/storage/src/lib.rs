//! Object stores: one way to open a folder of this machine or a bucket of S3, for everything that keeps files.
//!
//! [`Storage::open`] opens `file:///…`, `s3://bucket/…` and `s3a://bucket/…`. What differs between installations
//! (endpoint, region, credentials) comes as [`StorageOptions`], made of the usual `AWS_…` variables; nothing here
//! reads the environment of the process.
//!
//! A store waits and tries again, within limits, when a server is busy, a connection breaks or a download stalls; a
//! download resumes where it broke off. [`explain`] puts what remains in one line that says what to do.

mod credentials;
mod error;
mod explain;
mod options;
mod patience;
mod patient_http;
mod s3;
mod sdk_http;
mod storage;

pub use error::StorageError;
pub use explain::{explain, explain_cause};
pub use options::StorageOptions;
pub use patience::Patience;
pub use storage::Storage;
