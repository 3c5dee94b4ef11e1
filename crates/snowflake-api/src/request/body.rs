//! The body of a request that executes statements.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::binding::Encoded;
use super::{Script, Session, Statement};
use crate::SnowflakeError;

/// Snowflake's longest timeout: a week, in seconds.
const LONGEST_TIMEOUT: u64 = 604_800;

/// A request, ready to be sent as often as need be.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// How many statements it executes.
    pub(crate) statements: usize,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    statement: &'a str,
    timeout: u64,
    #[serde(flatten)]
    session: &'a Session,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    bindings: BTreeMap<String, Encoded>,
    parameters: BTreeMap<&'static str, String>,
}

impl Submission {
    pub(crate) fn of_statement(
        statement: &Statement,
        session: &Session,
        default_timeout: Duration,
    ) -> Result<Self, SnowflakeError> {
        let text = checked(&statement.text)?;
        let bindings = (1..).zip(&statement.bindings);
        let bindings = bindings.map(|(number, value): (usize, _)| (number.to_string(), value.encode()));
        Self::new(
            text,
            1,
            bindings.collect(),
            statement.query_tag.as_deref(),
            statement.timeout.unwrap_or(default_timeout),
            session,
        )
    }

    pub(crate) fn of_script(
        script: &Script,
        session: &Session,
        default_timeout: Duration,
    ) -> Result<Self, SnowflakeError> {
        if script.statements.is_empty() {
            return Err(SnowflakeError::Request("a script has no statement".to_owned()));
        }
        let statements: Vec<_> =
            script.statements.iter().map(|text| checked(text)).collect::<Result<_, _>>()?;
        Self::new(
            // A statement may end in a comment, which would swallow a semicolon.
            &statements.join("\n;\n"),
            statements.len(),
            BTreeMap::new(),
            script.query_tag.as_deref(),
            script.timeout.unwrap_or(default_timeout),
            session,
        )
    }

    fn new(
        text: &str,
        statements: usize,
        bindings: BTreeMap<String, Encoded>,
        query_tag: Option<&str>,
        timeout: Duration,
        session: &Session,
    ) -> Result<Self, SnowflakeError> {
        // An account may have other defaults: the cells' decoding relies on the first, all of Daybook's times on the
        // last, and what is sent as one statement shall not be several.
        let mut parameters = BTreeMap::from([
            ("BINARY_OUTPUT_FORMAT", "HEX".to_owned()),
            ("MULTI_STATEMENT_COUNT", statements.to_string()),
            ("TIMEZONE", "UTC".to_owned()),
        ]);
        if let Some(tag) = query_tag {
            parameters.insert("QUERY_TAG", tag.to_owned());
        }
        let body = Body { statement: text, timeout: whole_seconds(timeout), session, bindings, parameters };
        let body = serde_json::to_vec(&body).map_err(|error| SnowflakeError::Request(error.to_string()))?;
        Ok(Self { body, statements, timeout: timeout.min(Duration::from_secs(LONGEST_TIMEOUT)) })
    }
}

/// A semicolon at the end would count as one more statement.
fn checked(text: &str) -> Result<&str, SnowflakeError> {
    let text = text.trim();
    if text.is_empty() || text.ends_with(';') {
        let reason = "a statement is empty or ends in a semicolon; several go into one script";
        return Err(SnowflakeError::Request(reason.to_owned()));
    }
    Ok(text)
}

/// At least one: zero means the longest to Snowflake.
fn whole_seconds(timeout: Duration) -> u64 {
    let seconds = timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0));
    seconds.clamp(1, LONGEST_TIMEOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(submission: &Submission) -> String {
        let value: serde_json::Value = serde_json::from_slice(&submission.body).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    }

    #[test]
    fn a_statement_brings_its_values_tag_and_session() {
        let session = Session {
            role: Some("LOADER".to_owned()),
            warehouse: Some("SMALL".to_owned()),
            ..Session::default()
        };
        let statement = Statement::new("select ? + ?")
            .bind(1)
            .bind("2")
            .query_tag("close 2024-03-01")
            .timeout(Duration::from_millis(1500));
        let submission = Submission::of_statement(&statement, &session, Duration::from_secs(60)).unwrap();
        assert_eq!(submission.statements, 1);
        insta::assert_snapshot!(shown(&submission), @r#"
        {
          "bindings": {
            "1": {
              "type": "FIXED",
              "value": "1"
            },
            "2": {
              "type": "TEXT",
              "value": "2"
            }
          },
          "parameters": {
            "BINARY_OUTPUT_FORMAT": "HEX",
            "MULTI_STATEMENT_COUNT": "1",
            "QUERY_TAG": "close 2024-03-01",
            "TIMEZONE": "UTC"
          },
          "role": "LOADER",
          "statement": "select ? + ?",
          "timeout": 2,
          "warehouse": "SMALL"
        }
        "#);
    }

    #[test]
    fn a_script_says_how_many_statements_it_has() {
        let script = Script::new(["begin", " delete from t\n", "commit"]);
        let submission =
            Submission::of_script(&script, &Session::default(), Duration::from_secs(60)).unwrap();
        assert_eq!((submission.statements, submission.timeout), (3, Duration::from_secs(60)));
        insta::assert_snapshot!(shown(&submission), @r#"
        {
          "parameters": {
            "BINARY_OUTPUT_FORMAT": "HEX",
            "MULTI_STATEMENT_COUNT": "3",
            "TIMEZONE": "UTC"
          },
          "statement": "begin\n;\ndelete from t\n;\ncommit",
          "timeout": 60
        }
        "#);
    }

    #[test]
    fn what_makes_no_sense_is_not_sent() {
        let refused = |texts: &[&str]| {
            let script = Script::new(texts.iter().copied());
            Submission::of_script(&script, &Session::default(), Duration::MAX).unwrap_err().to_string()
        };
        assert!(refused(&[]).contains("no statement"));
        assert!(refused(&["begin", " "]).contains("empty"));
        assert!(refused(&["begin;", "commit"]).contains("semicolon"));
        let statement = Statement::new("select 1;");
        assert!(Submission::of_statement(&statement, &Session::default(), Duration::MAX).is_err());
    }

    #[test]
    fn a_timeout_is_in_whole_seconds_and_never_zero() {
        let cases = [(0, 1), (1, 1), (1000, 1), (1001, 2), (u64::MAX, LONGEST_TIMEOUT)];
        for (milliseconds, seconds) in cases {
            assert_eq!(whole_seconds(Duration::from_millis(milliseconds)), seconds);
        }
    }
}
