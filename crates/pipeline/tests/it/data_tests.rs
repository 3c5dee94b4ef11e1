//! Tests of data in a close: what they find, at which dates they look, and what the find means.

use daybook_pipeline::{ClosePeriod, CloseReport, CloseState, PipelineError, runs};
use daybook_warehouse::delta::check_queries;

use crate::closing::{PRODUCTS, VARIANTS, event, first_day_with, lines, orders};
use crate::models::{UNITS, UNITS_SQL, closed_with, with};
use crate::support::{Books, close_of, day, time};

/// Each test that did not hold in the run, with its severity and its first row.
async fn failed(books: &Books, report: &CloseReport) -> Vec<String> {
    let ods = books.ods(time("2024-03-01 00:00")).await;
    let failed = runs::failed_tests(ods.pool(), report.run_id.unwrap()).await.unwrap();
    let line = |test: &runs::FailedTest| {
        format!(
            "{} {} ({}): {}",
            test.model.clone().unwrap_or_default(),
            test.test,
            test.severity,
            test.rows[0]
        )
    };
    failed.iter().map(line).collect()
}

const EVERY_KIND: &str = "
description: d
kind: view
grain: g
columns:
  - {name: partition_date, data_type: date, description: d}
  - {name: at, data_type: timestamp, description: d}
  - name: id
    data_type: string
    description: d
    data_tests:
      - relationships: {to: orders, field: id, config: {severity: warn}}
      - relationships: {to: order_lines, field: id, config: {severity: warn}}
  - {name: word, data_type: string, description: d, data_tests: [{accepted_values: {values: [y], config: {severity: warn}}}]}
  - {name: nothing, data_type: string, description: d, data_tests: [{not_null: {config: {severity: warn}}}]}
  - {name: amount, data_type: integer, description: d, data_tests: [{non_negative: {config: {severity: warn}}}]}
data_tests:
  - equal_rowcount: {compare_model: orders, config: {severity: warn}}
  - equal_rowcount: {compare_model: product, config: {severity: warn}}
  - at_least_rowcount: {compare_model: order_lines_staging, config: {severity: warn}}
  - freshness: {loaded_at_field: at, warn_after: {count: 13, period: hour}, error_after: {count: 15, period: hour}}
";

#[tokio::test]
async fn every_kind_of_test_finds_the_row_that_breaks_it() {
    let sql = "select partition_date, order_processed_timestamp as at, order_line_id as id, 'x' as word, \
               nullif(order_line_id, 'l1') as nothing, -quantity as amount \
               from dwd_orders_variant_status where order_line_id = 'l1'";
    let (books, report) = closed_with(&[("odd.sql", sql), ("odd.yml", EVERY_KIND)]).await;
    let found = failed(&books, &report).await;
    let counts = r#"{"compared_row_count":"2","partition_date":"2024-03-01","row_count":"1"}"#;
    let row = r#"{"amount":"-2","at":"2024-03-01T10:00:00","id":"l1","nothing":null,"partition_date":"2024-03-01","word":"x"}"#;
    let expected = [
        ("accepted_values (word)", row),
        ("at_least_rowcount (order_lines_staging)", counts),
        ("equal_rowcount (orders)", counts),
        ("freshness (at)", r#"{"newest":"2024-03-01T10:00:00"}"#),
        ("non_negative (amount)", row),
        ("not_null (nothing)", row),
        ("relationships (id → orders.id)", row),
    ];
    assert_eq!(found, expected.map(|(test, row)| format!("odd {test} (warn): {row}")));
}

#[tokio::test]
async fn two_products_of_one_title_and_type_are_a_warning() {
    let books = first_day_with(with(&[])).await;
    let twin = format!("{PRODUCTS}p2,Mug,kitchen,2024-03-01 08:00:00\n");
    books
        .load_batch(time("2024-03-01 13:00"), "twin", &[("product.csv", &twin), ("variant.csv", VARIANTS)])
        .await;
    let report = books.close_day(day("2024-03-01")).await;
    let found = failed(&books, &report).await;
    assert!(found[0].starts_with("product unique (title, product_type, partition_date) (warn)"), "{found:?}");
    assert_eq!((report.state, found.len()), (CloseState::Published, 1), "{found:?}");
}

#[tokio::test]
async fn a_product_that_is_younger_than_its_variant_stops_no_close() {
    let books = first_day_with(with(&[])).await;
    let product = format!("{PRODUCTS}p2,Cup,kitchen,2024-03-02 08:00:00\n");
    let variant =
        format!("{VARIANTS}v2,p2,300,Red,2024-03-01 08:00:00,2024-03-01 08:30:00,2024-03-01 08:30:00\n");
    books
        .load_batch(
            time("2024-03-01 13:00"),
            "young",
            &[("product.csv", &product), ("variant.csv", &variant)],
        )
        .await;
    let report = books.close_day(day("2024-03-01")).await;
    assert_eq!(report.state, CloseState::Published);
    let found = failed(&books, &report).await;
    assert!(
        found.len() == 2
            && found[0].starts_with("dim_product equal_rowcount (variant) (warn)")
            && found[1].starts_with("variant relationships (product_id → product.id) (warn)"),
        "{found:?}"
    );
    let report = books.close_day(day("2024-03-02")).await;
    assert_eq!(failed(&books, &report).await, Vec::<String>::new());
    let dimension = "select partition_date, variant_id from dim_product order by partition_date, variant_id";
    assert_eq!(books.query(dimension).await, ["2024-03-01|v1", "2024-03-02|v1", "2024-03-02|v2"]);
}

#[tokio::test]
async fn orders_that_stay_away_are_one_warning_of_a_close_that_builds_none() {
    let (books, report) = closed_with(&[]).await;
    assert_eq!(failed(&books, &report).await, Vec::<String>::new());
    let days = ClosePeriod::Days { from: day("2024-03-02"), to: day("2024-03-06") };
    let report = books.close(close_of(day("2024-03-06")), days).await;
    assert_eq!(
        failed(&books, &report).await,
        ["orders freshness (processed_timestamp) (warn): {\"newest\":\"2024-03-01T11:00:00\"}"]
    );
}

#[tokio::test]
async fn books_that_a_changed_mart_contradicts_are_not_published() {
    let (mut books, _) = closed_with(&[]).await;
    let sql = include_str!("../../../../models/app/app_daily_product_sales.sql");
    let changed = sql.replace(" as revenue,", " + 1 as revenue,");
    assert_ne!(sql, changed);
    let yaml = include_str!("../../../../models/app/app_daily_product_sales.yml");
    books.use_models(with(&[
        ("app_daily_product_sales.sql", &changed),
        ("app_daily_product_sales.yml", yaml),
    ]));
    let now = close_of(day("2024-03-01"));
    let closed = books.try_close(now, ClosePeriod::Due).await;
    let rebuilt = books.try_rebuild(now, &[]).await;
    for result in [closed, rebuilt] {
        let Err(PipelineError::Unsound { count: 1, first }) = result else { panic!("{result:?}") };
        assert!(
            first.contains("2024-03-01: revenue") && first.contains("app_daily_product_sales"),
            "{first}"
        );
    }
}

#[tokio::test]
async fn a_view_is_tested_over_the_dates_of_all_that_it_reads() {
    let view = "description: d\nkind: view\ngrain: g\ncolumns:\n  \
                - {name: partition_date, data_type: date, description: d}\n  \
                - {name: quantity, data_type: integer, description: d, data_tests: [non_negative]}\n";
    let sql = "select partition_date, quantity from order_lines union all \
               select partition_date, cast(1 as integer) as quantity from \"transaction\"";
    let (books, _) = closed_with(&[("movements.sql", sql), ("movements.yml", view)]).await;
    let (orders, lines) = (orders(&["o3,2024-03-02 10:00:00,c2"]), lines(&["l3,-1,v1,-250,o3"]));
    let now = time("2024-03-02 12:00");
    books.load_batch(now, "return", &[("orders.csv", &orders), ("order_lines.csv", &lines)]).await;
    books.load_payments(now, "late", &event("t1", "o1", "success", "2024-03-01T12:30:00")).await;
    let error = books.try_close(close_of(day("2024-03-02")), ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("movements") && error.contains("2024-03-02"), "{error}");
}

#[tokio::test]
async fn what_only_a_dump_has_is_not_asked_for_in_a_build_without_one() {
    let yaml =
        format!("{UNITS}data_tests: [{{at_least_rowcount: {{compare_model: order_lines_staging}}}}]\n");
    let files = [
        ("my_lines.sql", UNITS_SQL),
        ("my_lines.yml", yaml.as_str()),
        ("tests/staged.sql", "select my_lines.units from my_lines inner join orders_staging on false"),
        ("tests/staged.yml", "description: d"),
    ];
    let books = first_day_with(with(&files)).await;
    let now = close_of(day("2024-03-01"));
    let error = books.try_close(now, ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("my_lines") && error.contains("at_least_rowcount"), "{error}");

    let (mut books, _) = closed_with(&[]).await;
    books.use_models(with(&files));
    assert_eq!(books.rebuild(now, &["my_lines"]).await.state, CloseState::Published);
}

#[tokio::test]
async fn a_test_that_asks_for_what_is_not_there_is_named() {
    let registry = with(&[
        ("tests/dear.sql", "select prize from dwd_orders_variant_status"),
        ("tests/dear.yml", "description: d"),
    ]);
    let error = check_queries(&registry).await.unwrap_err().to_string();
    assert!(error.contains("models/tests/dear.sql") && error.contains("prize"), "{error}");
    let books = first_day_with(registry).await;
    let error = books.try_close(close_of(day("2024-03-01")), ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("test dear") && error.contains("prize"), "{error}");
}
