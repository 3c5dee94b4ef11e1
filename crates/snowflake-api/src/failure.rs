//! What Snowflake says when it will not, or cannot, do something.

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::auth::Authorization;
use crate::hints;

/// Snowflake's refusal of a request, or the failure of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status of the HTTP answer.
    pub status: u16,
    /// Snowflake's error code, such as `002003`.
    pub code: Option<String>,
    /// The SQL state, such as `42S02`.
    pub sql_state: Option<String>,
    /// Snowflake's message, in one line.
    pub message: String,
    /// The statement's id, under which Snowflake's query history shows it.
    pub query_id: Option<String>,
    /// What usually helps.
    pub hint: Option<String>,
}

/// The body of an answer that isn't a success.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    code: Option<String>,
    sql_state: Option<String>,
    message: Option<String>,
    statement_handle: Option<String>,
}

impl Failure {
    pub(crate) fn from_answer(status: StatusCode, body: &[u8], authorization: &Authorization) -> Self {
        // A proxy, and Snowflake's own front, answer in HTML.
        let body: Option<Body> = serde_json::from_slice(body).ok();
        let from_snowflake = body.is_some();
        let body = body.unwrap_or_default();
        let code = body.code.as_deref().and_then(|code| code.parse().ok());
        let hint = hints::hint(status, code, from_snowflake, authorization);
        let message = body.message.map(|message| message.split_whitespace().collect::<Vec<_>>().join(" "));
        Self {
            status: status.as_u16(),
            code: body.code,
            sql_state: body.sql_state,
            message: message
                .filter(|message| !message.is_empty())
                .unwrap_or_else(|| format!("HTTP {status}")),
            query_id: body.statement_handle,
            hint,
        }
    }

    /// Snowflake's error code as a number, such as 2003.
    pub fn number(&self) -> Option<u32> {
        self.code.as_deref()?.parse().ok()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Snowflake: {}", self.message.trim_end_matches('.'))?;
        let details = [("code", &self.code), ("SQL state", &self.sql_state), ("query", &self.query_id)];
        let details: Vec<_> =
            details.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
        if !details.is_empty() {
            write!(formatter, " ({})", details.join(", "))?;
        }
        self.hint.as_ref().map_or(Ok(()), |hint| write!(formatter, ": {hint}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn oauth() -> Authorization {
        Authorization::OAuth("token".into())
    }

    #[test]
    fn a_failed_statement_shows_code_state_query_and_what_helps_in_one_line() {
        let body = br#"{
            "code": "002003", "sqlState": "42S02", "statementHandle": "01b2-07",
            "message": "SQL compilation error:\nObject 'SHOP.PUBLIC.NOPE' does not exist or not authorized."
        }"#;
        let failure = Failure::from_answer(StatusCode::UNPROCESSABLE_ENTITY, body, &oauth());
        insta::assert_snapshot!(failure, @"Snowflake: SQL compilation error: Object 'SHOP.PUBLIC.NOPE' does not exist or not authorized (code 002003, SQL state 42S02, query 01b2-07): check the name, the database and schema of the session, and what its role may see: show grants to role ROLE");
        assert_eq!(failure.number(), Some(2003));
    }

    #[test]
    fn an_answer_that_is_no_json_shows_its_status() {
        let failure = Failure::from_answer(StatusCode::NOT_FOUND, b"<html>nothing here</html>", &oauth());
        insta::assert_snapshot!(failure, @"Snowflake: HTTP 404 Not Found: no account answers there: check the account identifier, a locator also needs its region and cloud");
        let failure = Failure::from_answer(StatusCode::BAD_GATEWAY, b"", &oauth());
        assert_eq!(failure.to_string(), "Snowflake: HTTP 502 Bad Gateway");
    }
}
