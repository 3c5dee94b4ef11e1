//! Where a page ends.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use daybook_model::contract::MAX_ID_BYTES;

use super::Order;

/// A place between two orders, written as text that goes into a URL as it is. Clients only hand it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The time of the order before the place, UTC.
    pub processed_timestamp: NaiveDateTime,
    /// Its id.
    pub id: String,
}

/// The text is not what a page gave as its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor: take the one that the page before gave, or none to begin with the newest")]
pub struct InvalidCursor;

impl Cursor {
    /// Before every order.
    pub(super) fn start() -> Self {
        Self { processed_timestamp: latest(), id: String::new() }
    }

    pub(super) fn after(order: &Order) -> Self {
        Self { processed_timestamp: order.processed_timestamp, id: order.id.clone() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.processed_timestamp.and_utc().timestamp_micros();
        let bytes = [&micros.to_be_bytes(), self.id.as_bytes()].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let (micros, id) = bytes.split_first_chunk().ok_or(InvalidCursor)?;
        let time = DateTime::from_timestamp_micros(i64::from_be_bytes(*micros)).ok_or(InvalidCursor)?;
        let id = std::str::from_utf8(id).map_err(|_| InvalidCursor)?;
        let processed_timestamp = time.naive_utc();
        let is_storable = id.len() <= MAX_ID_BYTES
            && !id.contains('\0')
            && (earliest()..=latest()).contains(&processed_timestamp);
        if is_storable { Ok(Self { processed_timestamp, id: id.to_owned() }) } else { Err(InvalidCursor) }
    }
}

/// Beyond the contract's timestamps, and within PostgreSQL's.
fn latest() -> NaiveDateTime {
    year(10_001)
}

fn earliest() -> NaiveDateTime {
    year(-1)
}

fn year(year: i32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let time = NaiveDate::from_ymd_opt(2024, 5, 10).unwrap().and_hms_micro_opt(1, 2, 3, 4).unwrap();
        for id in ["", "a", "ö'; drop table x --", &"x".repeat(MAX_ID_BYTES)] {
            let cursor = Cursor { processed_timestamp: time, id: id.to_owned() };
            let text = cursor.to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(text.parse(), Ok(cursor));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let far = |micros: i64| URL_SAFE_NO_PAD.encode(micros.to_be_bytes());
        let with_id = |id: &[u8]| URL_SAFE_NO_PAD.encode([&0_i64.to_be_bytes(), id].concat());
        for text in [
            "",
            "AAAA",
            "' or 1=1 --",
            "AAAAAAAAAAA=",
            &far(i64::MAX),
            &far(i64::MIN),
            &far(300_000_000_000_000_000),
            &with_id(b"a\0"),
            &with_id(b"\xff"),
            &with_id(&[b'x'; MAX_ID_BYTES + 1]),
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
        assert!(with_id(b"a").parse::<Cursor>().is_ok());
    }
}
