//! Timestamps of the contract: `YYYY-MM-DD[ T]HH:MM:SS[.ffffff][Z|±HH[[:]MM]]`.

use std::ops::RangeInclusive;

use chrono::NaiveDate;

/// The seconds since 1970 of the years 0001 to 9999.
const YEARS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The UTC time in microseconds since 1970; none when the text is anything but a real calendar time.
///
/// Its year is from 0001 to 9999, as it is written and in UTC: four digits are all that is read again.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let date = bytes.get(..10)?;
    if date[4] != b'-' || date[7] != b'-' || !matches!(bytes.get(10)?, b' ' | b'T') {
        return None;
    }
    let time = bytes.get(11..19)?;
    if time[2] != b':' || time[5] != b':' {
        return None;
    }
    let year = digits(&date[..4])?;
    let day = NaiveDate::from_ymd_opt(year.try_into().ok()?, digits(&date[5..7])?, digits(&date[8..])?)
        .filter(|_| year > 0)?;
    let local = day.and_hms_opt(digits(&time[..2])?, digits(&time[3..5])?, digits(&time[6..])?)?;
    let (micros, rest) = fraction(&bytes[19..])?;
    let offset_seconds = offset(rest)?;
    let seconds = local.and_utc().timestamp() - offset_seconds;
    YEARS.contains(&seconds).then(|| seconds * 1_000_000 + i64::from(micros))
}

/// The fraction in microseconds, and what follows it.
fn fraction(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b".") else {
        return Some((0, bytes));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=6).contains(&length) {
        return None;
    }
    let scale = 10_u32.pow(6 - length as u32);
    Some((digits(&rest[..length])? * scale, &rest[length..]))
}

/// Seconds east of UTC.
fn offset(bytes: &[u8]) -> Option<i64> {
    let (sign, rest) = match bytes {
        [] | [b'Z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [h1, h2] => (digits(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    // No place on earth is further than 14 hours from UTC; PostgreSQL reads up to 15:59.
    (hours <= 15 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::parse_timestamp;

    fn shown(text: &str) -> String {
        match parse_timestamp(text).and_then(chrono::DateTime::from_timestamp_micros) {
            Some(time) => time.naive_utc().to_string(),
            None => "no".to_owned(),
        }
    }

    #[test]
    fn real_times_are_converted_to_utc() {
        let written = [
            "2011-02-28 23:59:59",
            "2011-02-28T23:59:59.5",
            "2011-02-28T23:59:59.000001Z",
            "2011-03-01 00:30:00+01:00",
            "2011-02-28 18:00:00-0530",
            "2011-02-28 18:00:00-05",
            "2012-02-29 00:00:00",
            "0001-01-01 01:00:00+01:00",
            "9999-12-31 22:59:59.999999-01:00",
        ];
        insta::assert_snapshot!(written.map(shown).join("\n"), @r"
        2011-02-28 23:59:59
        2011-02-28 23:59:59.500
        2011-02-28 23:59:59.000001
        2011-02-28 23:30:00
        2011-02-28 23:30:00
        2011-02-28 23:00:00
        2012-02-29 00:00:00
        0001-01-01 00:00:00
        9999-12-31 23:59:59.999999
        ");
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "2011-02-29 00:00:00",
            "2011-2-01 00:00:00",
            "2011-02-01",
            "2011-02-01 24:00:00",
            "2011-02-01 00:00:60",
            "2011-02-01 00:00:00.",
            "2011-02-01 00:00:00.1234567",
            "2011-02-01 00:00:00z",
            "2011-02-01 00:00:00 Z",
            "2011-02-01 00:00:00+16:00",
            "2011-02-01 00:00:00+01:0",
            "0000-01-01 00:00:00",
            "0001-01-01 00:59:59+01:00",
            "9999-12-31 23:00:00-01:00",
            "01/02/2011 00:00:00",
            "2011-02-01t00:00:00",
            "２011-02-01 00:00:00",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
