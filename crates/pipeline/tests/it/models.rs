//! Models by themselves: their worked examples, and whether their queries fit together.

use std::sync::Arc;

use daybook_model::{ModelFiles, Registry};
use daybook_warehouse::delta::{check_queries, run_unit_test};

fn with(files: &[(&str, &str)]) -> Arc<Registry> {
    let files: ModelFiles =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Arc::new(Registry::with_folder("models", &files).unwrap())
}

#[tokio::test]
async fn every_shipped_model_does_what_its_unit_tests_show() {
    let registry = with(&[]);
    check_queries(&registry).await.unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for model in registry.models() {
        for test in &model.unit_tests {
            count += 1;
            match run_unit_test(&registry, model, test).await {
                Ok(None) => {}
                Ok(Some(difference)) => wrong.push(format!("{} {}\n{difference}", test.place, test.name)),
                Err(error) => wrong.push(format!("{} {}: {error}", test.place, test.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 10, "only {count} unit tests were found");
}

const YAML: &str = "
description: d
kind: view
grain: g
columns:
  - {name: orders, data_type: bigint, description: d}
unit_tests:
  - name: two
    given:
      - {input: orders, rows: [{id: o1}, {id: o2}, {id: o3}]}
    expect: {rows: [{orders: 2}]}
";

#[tokio::test]
async fn a_unit_test_that_does_not_hold_shows_the_rows() {
    let registry = with(&[("a.sql", "select count(*) as orders from orders"), ("a.yml", YAML)]);
    let model = registry.get("a").unwrap();
    let difference = run_unit_test(&registry, model, &model.unit_tests[0]).await.unwrap().unwrap();
    assert_eq!(difference.to_string(), "  orders\n- 2\n+ 3");
}

#[tokio::test]
async fn a_query_that_the_engine_refuses_names_its_model() {
    for (sql, said) in [
        ("select count(*) as orders from orders where nothing = 1", "nothing"),
        ("select count(*) as other from orders", "its YAML declares"),
    ] {
        let error = check_queries(&with(&[("a.sql", sql), ("a.yml", YAML)])).await.unwrap_err().to_string();
        assert!(error.contains("model a") && error.contains(said), "{error}");
    }
}
