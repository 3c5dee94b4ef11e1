//! Why a row is not stored.

use std::fmt::{self, Write};

use super::window::MAX_ROW;

/// What kind of breach it is; kept as a code, to be counted and filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    MissingValue,
    NotAnInteger,
    NotATimestamp,
    NotText,
    TooLong,
    NotUtf8,
    NulCharacter,
    WrongFieldCount,
    DamagedQuotes,
    RowTooLong,
    NotJson,
}

impl Reason {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::MissingValue => "missing_value",
            Self::NotAnInteger => "not_an_integer",
            Self::NotATimestamp => "not_a_timestamp",
            Self::NotText => "not_text",
            Self::TooLong => "too_long",
            Self::NotUtf8 => "not_utf8",
            Self::NulCharacter => "nul_character",
            Self::WrongFieldCount => "wrong_field_count",
            Self::DamagedQuotes => "damaged_quotes",
            Self::RowTooLong => "row_too_long",
            Self::NotJson => "not_json",
        }
    }
}

/// A row's breach of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reject {
    pub(crate) column: Option<&'static str>,
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

impl Reject {
    pub(crate) fn row(reason: Reason, message: impl Into<String>) -> Self {
        Self { column: None, reason, message: message.into() }
    }

    pub(crate) fn value(column: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { column: Some(column), reason, message: message.into() }
    }

    pub(crate) fn row_too_long() -> Self {
        Self::row(Reason::RowTooLong, format!("the row is longer than {MAX_ROW} bytes"))
    }

    pub(crate) fn unterminated_quote() -> Self {
        Self::row(Reason::DamagedQuotes, "a quoted value begins here and does not end")
    }

    pub(crate) fn text_after_quote() -> Self {
        Self::row(
            Reason::DamagedQuotes,
            "text follows a closing quote: a quote inside a quoted value is written twice",
        )
    }
}

/// A value as a message shows it: no longer than a glance, on one line, and without what a terminal would obey.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 60;
        f.write_char('\'')?;
        self.0.chars().take(LONGEST).try_for_each(|character| f.write_char(visible(character)))?;
        f.write_str(if self.0.chars().nth(LONGEST).is_some() { "…'" } else { "'" })
    }
}

/// A control character's picture, U+2400 and following; one that has none is marked.
fn visible(character: char) -> char {
    match character {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        _ if character.is_control() => '\u{fffd}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn a_value_is_shown_on_one_short_line() {
        assert_eq!(Shown("it's 5\" wide").to_string(), "'it's 5\" wide'");
        assert_eq!(Shown("a\r\n\u{1b}[31m").to_string(), "'a␍␊␛[31m'");
        assert_eq!(Shown(&"\x1c".repeat(100)).to_string().chars().count(), 63);
        assert_eq!(Shown(&"é".repeat(60)).to_string(), format!("'{}'", "é".repeat(60)));
        assert_eq!(Shown(&"é".repeat(61)).to_string(), format!("'{}…'", "é".repeat(60)));
    }
}
