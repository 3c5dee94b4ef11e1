//! The texts that cells are.

/// A decimal number as a multiple of 10^-`scale`: exact, or nothing.
///
/// Digits behind the last that counts must be zeros: `1.500` is 15 tenths, `1.55` is none.
pub(super) fn decimal(text: &str, scale: u8) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.as_bytes(), fraction.as_bytes());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let scale = usize::from(scale);
    let (counts, rest) = fraction.split_at_checked(scale).unwrap_or((fraction, &[]));
    if rest.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let missing = std::iter::repeat_n(&b'0', scale - counts.len());
    let mut number: i128 = 0;
    for digit in whole.iter().chain(counts).chain(missing) {
        if !digit.is_ascii_digit() {
            return None;
        }
        let digit = i128::from(digit - b'0');
        // Downwards, because the least number has no positive counterpart.
        number = number.checked_mul(10)?.checked_sub(digit)?;
    }
    if is_negative { Some(number) } else { number.checked_neg() }
}

/// Seconds since 1970, to the microsecond.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    decimal(text, 6)?.try_into().ok()
}

/// Seconds since 1970 and, behind a space, the offset from UTC in minutes plus 1440. The instant doesn't depend on
/// the offset.
pub(super) fn timestamp_with_offset(text: &str) -> Option<i64> {
    let (seconds, offset) = text.split_once(' ')?;
    offset.parse().ok().filter(|offset: &u16| *offset <= 2 * 1440)?;
    timestamp(seconds)
}

/// Seconds since midnight, to the nanosecond.
pub(super) fn time(text: &str) -> Option<i64> {
    const DAY: i64 = 86_400 * 1_000_000_000;
    let nanoseconds = decimal(text, 9)?.try_into().ok()?;
    (0..DAY).contains(&nanoseconds).then_some(nanoseconds)
}

/// Pairs of hexadecimal digits.
pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_exact_or_nothing() {
        let cases = [
            ("0", 0, Some(0)),
            ("-0", 0, Some(0)),
            ("007", 0, Some(7)),
            ("12.50", 2, Some(1250)),
            ("12.5", 2, Some(1250)),
            ("12", 2, Some(1200)),
            ("12.500", 2, Some(1250)),
            ("-0.5", 1, Some(-5)),
            (".5", 1, Some(5)),
            ("5.", 1, Some(50)),
            ("99999999999999999999999999999999999999", 0, Some(10_i128.pow(38) - 1)),
            ("-99999999999999999999999999999999999999", 0, Some(1 - 10_i128.pow(38))),
            ("170141183460469231731687303715884105727", 0, Some(i128::MAX)),
            ("-170141183460469231731687303715884105728", 0, Some(i128::MIN)),
            ("170141183460469231731687303715884105728", 0, None),
            ("12.55", 1, None),
            ("1.0x", 1, None),
            ("", 0, None),
            ("-", 0, None),
            (".", 0, None),
            ("+1", 0, None),
            ("--1", 0, None),
            ("1e3", 0, None),
            (" 1", 0, None),
            ("1,5", 1, None),
            ("1.5é", 1, None),
            ("1.é5", 1, None),
            ("٣", 0, None),
        ];
        for (text, scale, number) in cases {
            assert_eq!(decimal(text, scale), number, "{text}");
        }
    }

    #[test]
    fn a_timestamp_is_exact_to_the_microsecond() {
        let cases = [
            ("1616173619.000000000", Some(1_616_173_619_000_000)),
            ("1616173619.123456000", Some(1_616_173_619_123_456)),
            ("-0.500000000", Some(-500_000)),
            ("-62135596800.000000000", Some(-62_135_596_800_000_000)),
            ("253402300799.999999000", Some(253_402_300_799_999_999)),
            ("1616173619.123456789", None),
            ("9223372036854.775808", None),
            ("2021-03-19", None),
        ];
        for (text, microseconds) in cases {
            assert_eq!(timestamp(text), microseconds, "{text}");
        }
    }

    #[test]
    fn an_offset_changes_no_instant() {
        assert_eq!(timestamp_with_offset("1616173619.000000000 960"), Some(1_616_173_619_000_000));
        assert_eq!(timestamp_with_offset("-1.5 2880"), Some(-1_500_000));
        for wrong in ["1616173619.000000000", "1616173619.0 ", "1616173619.0 x", "1.0 2881", "1.0 -1"] {
            assert_eq!(timestamp_with_offset(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_is_within_a_day() {
        assert_eq!(time("0.000000000"), Some(0));
        assert_eq!(time("86399.999999999"), Some(86_399_999_999_999));
        for wrong in ["86400.000000000", "-1", "12:00:00"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_are_pairs_of_digits() {
        assert_eq!(hexadecimal(""), Some(vec![]));
        assert_eq!(hexadecimal("00fFA9"), Some(vec![0, 255, 169]));
        for wrong in ["0", "0g", "+1", "é"] {
            assert_eq!(hexadecimal(wrong), None, "{wrong}");
        }
    }
}
