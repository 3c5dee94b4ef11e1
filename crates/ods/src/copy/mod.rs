//! PostgreSQL's binary COPY format, in both directions.
//!
//! Source: <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.4>

mod decode;
mod encode;
mod held;

pub(crate) use decode::{CopyDecoder, DecodeError, Field, Tuple};
pub(crate) use encode::CopyEncoder;
pub(crate) use held::{Held, HeldRow, copy_held};

/// Signature, flags and the length of the header's extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Microseconds from 1970-01-01, where Unix and Arrow begin to count, to 2000-01-01, where PostgreSQL does.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;
/// The same in days.
const POSTGRES_EPOCH_DAYS: i32 = 10_957;
