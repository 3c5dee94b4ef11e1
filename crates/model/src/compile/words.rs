//! What is written in SQL, for those who need not understand it.

use std::collections::BTreeSet;

use sqlparser::dialect::SnowflakeDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

/// The words and signs of Snowflake's SQL that stand in no quotation marks and no comment, in upper case; none if it
/// cannot be told where these end.
pub fn plain_words(sql: &str) -> Option<BTreeSet<String>> {
    let tokens = Tokenizer::new(&SnowflakeDialect {}, sql).tokenize().ok()?;
    let plain = |token: Token| match token {
        Token::Word(word) if word.quote_style.is_some() => None,
        Token::Word(word) => Some(word.value.to_uppercase()),
        Token::SingleQuotedString(_) | Token::DollarQuotedString(_) | Token::Whitespace(_) => None,
        sign => Some(sign.to_string()),
    };
    Some(tokens.into_iter().filter_map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotation_marks_and_comments_are_not_plain() {
        let words = plain_words("select 'call', \"call\" -- call\n ->> /* call */ $$call$$").unwrap();
        assert_eq!(words.into_iter().collect::<Vec<_>>(), [",", "->>", "SELECT"]);
        assert_eq!(plain_words("select 'a"), None);
    }
}
