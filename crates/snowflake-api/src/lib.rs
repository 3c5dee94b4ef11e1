//! A client of Snowflake's [SQL API v2](https://docs.snowflake.com/en/developer-guide/sql-api/index).
//!
//! It promises:
//!
//! - A statement is executed at most once, however often its request is sent: every retry bears the same `requestId`.
//! - A statement that nobody waits for any more is cancelled: dropping a future or a [`Running`] is enough.
//! - A result is exactly what Snowflake announced: a missing row or a cell that doesn't parse is an error.
//! - Memory holds two partitions of a result at a time, and what the reader keeps.
//! - Tokens and keys appear neither in `Debug` nor in logs. SQL text, which may hold data, is not logged either.
//!
//! Every request is a session of its own: transactions, temporary tables and session variables live in one [`Script`].

mod account;
mod auth;
mod client;
mod error;
mod failure;
mod hints;
mod patience;
mod request;
mod result;
mod running;
pub mod statements;
mod transport;

pub use account::Account;
pub use auth::{Credentials, PrivateKey};
pub use client::{Client, ClientOptions};
pub use error::SnowflakeError;
pub use failure::Failure;
pub use patience::Patience;
pub use request::{Binding, Script, Session, Statement};
pub use result::ResultSet;
pub use running::Running;
pub use secrecy::SecretString;
