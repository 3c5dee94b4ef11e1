//! What readers may send.

use daybook_model::compile;

use crate::WarehouseError;

/// With these words begins what changes nothing, but for [`CHANGING`]. Snowflake executes one statement of a request.
const WORDS: &[&str] = &["select", "with", "show", "describe", "desc", "explain"];

/// A question may end in any statement after the flow operator, and call a procedure that it declares.
const CHANGING: &[&str] = &["->>", "CALL", "PROCEDURE"];

/// The question without what ends it.
pub(super) fn checked(sql: &str) -> Result<&str, WarehouseError> {
    let sql = sql.trim().trim_end_matches([';', ' ', '\n', '\r', '\t']);
    let begin = without_comments(sql).trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    let word: String = begin.chars().take_while(char::is_ascii_alphabetic).collect();
    let begins = WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    let changes = compile::plain_words(sql)
        .is_none_or(|words| CHANGING.iter().any(|changing| words.contains(*changing)));
    if begins && !changes { Ok(sql) } else { Err(WarehouseError::NoQuestion { words: WORDS }) }
}

/// What follows the comments at the beginning.
fn without_comments(sql: &str) -> &str {
    let sql = sql.trim_start();
    let rest = match sql.get(..2) {
        Some("--" | "//") => sql.split_once('\n').map_or("", |(_, rest)| rest),
        Some("/*") => sql.split_once("*/").map_or("", |(_, rest)| rest),
        _ => return sql,
    };
    without_comments(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_as_they_are_written() {
        for sql in [
            "select 1",
            "\n-- why\n/* so */ ( WITH a as (select 1) select * from a)",
            "show tables",
            "select '->>', \"call\" -- call",
        ] {
            assert_eq!(checked(sql).expect("a question"), sql.trim());
        }
        assert_eq!(checked("select 1 ;\n").expect("a question"), "select 1");
    }

    #[test]
    fn what_changes_something_is_no_question() {
        for sql in [
            "",
            "delete from orders",
            "-- select\ndrop table a",
            "/* select",
            "selectx",
            "call a()",
            "select 1 ->> drop table a",
            "with a as procedure () returns int language sql as 'drop table b' call a()",
        ] {
            let error = checked(sql).expect_err(sql).to_string();
            assert_eq!(
                error,
                "only questions are answered: begin with select, with, show, describe, desc, explain"
            );
        }
    }
}
