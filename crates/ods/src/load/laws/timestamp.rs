//! The laws of timestamps.

use chrono::{DateTime, Datelike};

use crate::load::timestamp::parse_timestamp;

/// A text is the time that `chrono` takes it for, or none; and a time is the same however it is written.
pub(crate) fn check(text: &str) {
    let parsed = parse_timestamp(text);
    assert_eq!(parsed, by_chrono(text), "{text:?}");
    let time = parsed.and_then(DateTime::from_timestamp_micros);
    if let Some(time) = time {
        for format in ["%Y-%m-%d %H:%M:%S%.6f", "%Y-%m-%dT%H:%M:%S%.6fZ", "%Y-%m-%dT%H:%M:%S%.6f%:z"] {
            let written = time.format(format).to_string();
            assert_eq!(parse_timestamp(&written), parsed, "{text:?} written as {written:?}");
        }
    }
}

/// What the contract says of a timestamp, by other means: its shape by a template, its value by `chrono`.
pub(super) fn by_chrono(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
    let rest =
        ["dddd-dd-dd dd:dd:dd", "dddd-dd-ddTdd:dd:dd"].iter().find_map(|local| shape.strip_prefix(local))?;
    let offset_shape = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let offset = fraction.trim_start_matches('d');
            let digits = fraction.len() - offset.len();
            (1..=6).contains(&digits).then_some(offset)?
        }
    };
    let (local, offset) = text.split_at(text.len() - offset_shape.len());
    let offset = match offset_shape {
        "" | "Z" => "+00:00".to_owned(),
        "+dd" | "-dd" => format!("{offset}:00"),
        "+dddd" | "-dddd" => format!("{}:{}", &offset[..3], &offset[3..]),
        "+dd:dd" | "-dd:dd" => offset.to_owned(),
        _ => return None,
    };
    // chrono knows leap seconds, a year before the first, and offsets of a day
    if &local[17..19] == "60" || local.starts_with("0000") || &offset[1..3] > "15" {
        return None;
    }
    let whole = format!("{}{offset}", local.replace('T', " "));
    let time = DateTime::parse_from_str(&whole, "%Y-%m-%d %H:%M:%S%.f%:z").ok()?.to_utc();
    (1..=9999).contains(&time.year()).then(|| time.timestamp_micros())
}
