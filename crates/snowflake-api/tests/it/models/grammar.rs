//! Whether Snowflake's grammar knows the SQL, by sqlfluff's account of it.

use std::collections::BTreeSet;
use std::process::Stdio;

use daybook_model::Registry;
use daybook_testkit::python_with;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{dates, sql, tests};

const REQUIREMENTS: &str = include_str!("sqlfluff-requirements.txt");
const PROGRAM: &str = include_str!("parse.py");

#[tokio::test]
async fn the_sql_of_every_model_and_data_test_parses() {
    let registry = Registry::shipped().unwrap();
    let mut named = tests(&registry, &dates());
    for model in registry.models() {
        named.push((model.name.clone(), sql(model, &dates())));
        named.push((format!("{} without dates", model.name), sql(model, &BTreeSet::new())));
    }
    let statements: Vec<_> = named.iter().map(|(_, sql)| sql.as_str()).collect();
    let found = problems(&statements).await;
    for ((name, sql), problems) in named.iter().zip(&found) {
        assert!(problems.is_empty(), "{name}: {problems:?}\n{sql}");
    }
    assert_eq!(found.len(), named.len());
}

#[tokio::test]
async fn what_snowflake_does_not_know_does_not_parse() {
    let wrong = ["select from t", "select count(*) filter (where a) from t", r"select 'a\' from t"];
    let found = problems(&wrong).await;
    let known: Vec<_> = wrong.iter().zip(&found).filter(|(_, problems)| problems.is_empty()).collect();
    assert!(known.is_empty() && found.len() == wrong.len(), "{known:?}");
    assert_eq!(problems(&["select 1 from t"]).await, [Vec::<String>::new()]);
}

/// What cannot be parsed of each of the statements.
async fn problems(statements: &[&str]) -> Vec<Vec<String>> {
    let python =
        tokio::task::spawn_blocking(|| python_with("sqlfluff", REQUIREMENTS)).await.unwrap().unwrap();
    let mut parser = Command::new(python)
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = parser.stdin.take().unwrap();
    input.write_all(&serde_json::to_vec(statements).unwrap()).await.unwrap();
    drop(input);
    let output = parser.wait_with_output().await.unwrap();
    assert!(output.status.success(), "sqlfluff fails");
    serde_json::from_slice(&output.stdout).unwrap()
}
