//! Models: their worked examples, their tests in a close, and what a changed one brings about.

use std::sync::Arc;

use daybook_model::{ModelFiles, Registry};
use daybook_pipeline::{ClosePeriod, CloseReport, CloseState, runs, test_published};
use daybook_warehouse::delta::{check_queries, run_unit_test};

use crate::closing::{first_day_with, lines, orders};
use crate::support::{Books, close_of, day, time};

pub(crate) fn with(files: &[(&str, &str)]) -> Arc<Registry> {
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
        ("select count(*) as other from orders", "declares {\"orders\"}"),
        ("select id, count(*) as orders from orders", "GROUP BY"),
    ] {
        let error = check_queries(&with(&[("a.sql", sql), ("a.yml", YAML)])).await.unwrap_err().to_string();
        assert!(
            error.contains("model a") && error.contains("models/a.sql") && error.contains(said),
            "{error}"
        );
    }
}

/// A shop's first day, closed, over the user's own models.
pub(crate) async fn closed_with(files: &[(&str, &str)]) -> (Books, CloseReport) {
    let books = first_day_with(with(files)).await;
    let report = books.close_day(day("2024-03-01")).await;
    (books, report)
}

pub(crate) const UNITS: &str = "
description: d
kind: replace_partition
feed: orders
grain: one row a date
key: [partition_date]
columns:
  - {name: partition_date, data_type: date, description: d}
  - {name: units, data_type: bigint, description: d}
";

pub(crate) const UNITS_SQL: &str = "select partition_date, sum(cast(quantity as bigint)) as units \
                         from dwd_orders_variant_status where partition_date in (:dates) group by partition_date";

#[tokio::test]
async fn a_warning_is_kept_with_its_rows_and_an_error_publishes_nothing() {
    let sql = "select order_line_id, revenue from dwd_orders_variant_status where partition_date in (:dates) and revenue > 800";
    let warning = "{description: d, config: {severity: warn}}";
    let (books, report) = closed_with(&[("tests/dear.sql", sql), ("tests/dear.yml", warning)]).await;
    assert_eq!(report.state, CloseState::Published);
    let pool_of = books.ods(close_of(day("2024-03-01"))).await;
    let failed = runs::failed_tests(pool_of.pool(), report.run_id.unwrap()).await.unwrap();
    let shown: Vec<_> =
        failed.iter().map(|test| (test.test.as_str(), test.severity.as_str(), test.failures)).collect();
    assert_eq!(shown, [("dear", "warn", 1)]);
    assert_eq!(failed[0].rows, serde_json::json!([{ "order_line_id": "l1", "revenue": "1000" }]));
    let last = runs::last_failed_tests(pool_of.pool()).await.unwrap();
    assert_eq!(last.len(), 1);

    let books =
        first_day_with(with(&[("tests/dear.sql", sql), ("tests/dear.yml", "{description: d}")])).await;
    let now = close_of(day("2024-03-01"));
    let error = books.try_close(now, ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("test dear: 1 row(s), such as order_line_id l1, revenue 1000"), "{error}");
    assert!(books.warehouse.published().await.unwrap().is_none());
    let kept = runs::last_failed_tests(books.ods(now).await.pool()).await.unwrap();
    assert_eq!(kept[0].severity, "error", "the rows are kept although nothing was published");
}

#[tokio::test]
async fn a_changed_model_is_built_again_over_all_its_dates_with_what_reads_it() {
    let reader = UNITS.replace("name: units", "name: double_units");
    let reader_sql =
        "select partition_date, units * 2 as double_units from my_units where partition_date in (:dates)";
    let reader: [(&str, &str); 2] = [("my_double.sql", reader_sql), ("my_double.yml", &reader)];
    let files = |units: &'static str, yaml: &'static str| {
        [vec![("my_units.sql", units), ("my_units.yml", yaml)], reader.to_vec()].concat()
    };
    let (mut books, _) = closed_with(&files(UNITS_SQL, UNITS)).await;
    books.close_day(day("2024-03-02")).await;
    assert_eq!(books.query("select * from my_double").await, ["2024-03-01|6"]);

    let words = UNITS_SQL.replace("select", "-- other words\nselect");
    books.use_models(with(&files(Box::leak(words.into_boxed_str()), UNITS)));
    let now = close_of(day("2024-03-02"));
    assert_eq!(books.close(now, ClosePeriod::Due).await.state, CloseState::Unchanged);

    let changed = UNITS_SQL.replace("as units", "+ 1 as units, count(*) as lines");
    let with_lines = format!("{UNITS}  - {{name: lines, data_type: bigint, description: d}}\n");
    books.use_models(with(&files(
        Box::leak(changed.into_boxed_str()),
        Box::leak(with_lines.into_boxed_str()),
    )));
    let plan = books.plan_at(now, ClosePeriod::Due).await;
    let tables: Vec<_> = plan.tables.iter().filter(|table| table.table.starts_with("my_")).collect();
    assert_eq!(tables.len(), 2);
    assert!(plan.dates[&day("2024-03-01")].contains("changed model"), "{:?}", plan.dates);
    for (table, other_columns) in [("my_units", true), ("my_double", false)] {
        let asked = books.warehouse.query(&format!("select * from {table}"), &[]).await;
        let refused = asked.err().map(|error| error.to_string());
        assert_eq!(
            refused.is_some_and(|error| error.contains("daybook models build")),
            other_columns,
            "{table}"
        );
    }
    books.close(now, ClosePeriod::Due).await;
    assert_eq!(books.query("select * from my_double").await, ["2024-03-01|8"]);
    assert_eq!(books.query("select * from my_units").await, ["2024-03-01|4|2"], "also a new column");
    assert_eq!(books.close(now, ClosePeriod::Due).await.state, CloseState::Unchanged);
}

#[tokio::test]
async fn a_model_is_built_by_itself_from_what_is_published() {
    let (mut books, _) = closed_with(&[]).await;
    let now = close_of(day("2024-03-01"));
    books.use_models(with(&[("my_units.sql", UNITS_SQL), ("my_units.yml", UNITS)]));
    let report = books.rebuild(now, &[]).await;
    assert!(report.dates[&day("2024-03-01")].contains("new model"), "{:?}", report.dates);
    assert_eq!(books.query("select * from my_units").await, ["2024-03-01|3"]);
    assert_eq!(books.rebuild(now, &[]).await.state, CloseState::Unchanged);
    let report = books.rebuild(now, &["app_daily_revenue"]).await;
    assert!(report.dates[&day("2024-03-01")].contains("asked for"), "{:?}", report.dates);
    assert_eq!(books.query("select revenue from app_daily_revenue").await, ["1700"]);

    let all = books.registry.select(&[]).unwrap();
    let failed =
        test_published(books.warehouse.as_ref(), &books.registry, &books.settings, &all).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
}

const CUSTOMERS: &str = "
description: d
kind: table
grain: one row a customer
key: [customer_id]
sort: [customer_id]
columns:
  - {name: customer_id, data_type: string, description: d}
  - {name: revenue, data_type: bigint, description: d}
  - {name: last_closed, data_type: date, description: d}
";

const CUSTOMERS_SQL: &str = "select customer_id, sum(revenue) as revenue, \
                             (select max(closed_dates.partition_date) from closed_dates) as last_closed \
                             from app_daily_customer_sales group by customer_id";

#[tokio::test]
async fn a_table_is_built_as_a_whole_by_every_close_that_builds_anything() {
    let (mut books, _) = closed_with(&[("customers.sql", CUSTOMERS_SQL), ("customers.yml", CUSTOMERS)]).await;
    assert_eq!(books.query("select * from customers").await, ["c1|1700|2024-03-01", "c2|0|2024-03-01"]);
    let (orders, lines) = (orders(&["o3,2024-03-02 10:00:00,c2"]), lines(&["l3,1,v1,250,o3"]));
    books
        .load_batch(time("2024-03-02 12:00"), "next", &[("orders.csv", &orders), ("order_lines.csv", &lines)])
        .await;
    let next = close_of(day("2024-03-02"));
    books.close(next, ClosePeriod::Due).await;
    let after = ["c1|1700|2024-03-02", "c2|250|2024-03-02"];
    assert_eq!(books.query("select * from customers").await, after, "the date being closed is closed");
    assert_eq!(books.close(next, ClosePeriod::Due).await.state, CloseState::Unchanged);
    books.rebuild(next, &["customers"]).await;
    assert_eq!(books.query("select * from customers").await, after, "nothing is doubled");

    let changed = CUSTOMERS_SQL.replace("sum(revenue)", "-sum(revenue)");
    books.use_models(with(&[("customers.sql", &changed), ("customers.yml", CUSTOMERS)]));
    let plan = books.plan_at(next, ClosePeriod::Due).await;
    assert!(plan.dates[&day("2024-03-01")].contains("changed model"), "{:?}", plan.dates);
    books.close(next, ClosePeriod::Due).await;
    assert_eq!(books.query("select revenue from customers").await, ["-1700", "-250"]);

    let by_date = format!("{UNITS}sort: [partition_date]\n").replace("units", "revenue");
    let sql = "select partition_date, sum(revenue) as revenue from app_daily_revenue \
               where partition_date in (:dates) group by partition_date";
    books.use_models(with(&[("customers.sql", sql), ("customers.yml", &by_date)]));
    let error = books.try_close(next, ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("customers") && error.contains("another name"), "{error}");
}

#[tokio::test]
async fn what_is_wrong_in_a_table_is_not_published() {
    let twice = format!("{CUSTOMERS_SQL} union all select 'c1', 1, date '2024-03-01'");
    let books = first_day_with(with(&[("customers.sql", &twice), ("customers.yml", CUSTOMERS)])).await;
    let error = books.try_close(close_of(day("2024-03-01")), ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("unique (customer_id)") && error.contains("customer_id c1"), "{error}");
}

#[tokio::test]
async fn a_view_of_a_table_is_tested_over_all_dates() {
    let view = "description: d\nkind: view\ngrain: g\ncolumns:\n  \
                - {name: partition_date, data_type: date, description: d}\n  \
                - {name: order_line_id, data_type: string, description: d}\n\
                data_tests: [{unique: {columns: [order_line_id]}}]\n";
    let sql = "select fact.partition_date, fact.order_line_id from dwd_orders_variant_status as fact \
               inner join customers on fact.partition_date <= customers.last_closed";
    let books = first_day_with(with(&[
        ("customers.sql", CUSTOMERS_SQL),
        ("customers.yml", CUSTOMERS),
        ("lines_by_customers.sql", sql),
        ("lines_by_customers.yml", view),
    ]))
    .await;
    let error = books.try_close(close_of(day("2024-03-01")), ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("lines_by_customers") && error.contains("unique (order_line_id)"), "{error}");
}

#[tokio::test]
async fn a_new_table_is_computed_when_it_is_asked_until_a_close_builds_it() {
    let (mut books, _) = closed_with(&[]).await;
    books.use_models(with(&[("customers.sql", CUSTOMERS_SQL), ("customers.yml", CUSTOMERS)]));
    let expected = ["c1|1700|2024-03-01", "c2|0|2024-03-01"];
    assert_eq!(books.query("select * from customers order by customer_id").await, expected);
    let now = close_of(day("2024-03-01"));
    let plan = books.plan_at(now, ClosePeriod::Due).await;
    assert!(plan.tables.iter().any(|table| table.table == "customers" && table.whole), "{:?}", plan.tables);
    books.rebuild(now, &[]).await;
    assert_eq!(books.query("select * from customers").await, expected);
}

#[tokio::test]
async fn rows_of_other_dates_than_those_being_built_are_left_out() {
    let sql = UNITS_SQL.replace("(:dates)", "(:lookback_dates)");
    let yaml = format!("{UNITS}lookback_days: 1\n");
    let (books, _) = closed_with(&[("my_units.sql", &sql), ("my_units.yml", &yaml)]).await;
    let (orders, lines) = (orders(&["o3,2024-03-02 10:00:00,c2"]), lines(&["l3,1,v1,250,o3"]));
    let now = time("2024-03-02 12:00");
    books.load_batch(now, "next", &[("orders.csv", &orders), ("order_lines.csv", &lines)]).await;
    books.close(close_of(day("2024-03-02")), ClosePeriod::Due).await;
    assert_eq!(books.table("my_units").await, ["2024-03-01|3", "2024-03-02|1"]);
}

#[tokio::test]
async fn rows_without_a_date_are_an_error_that_counts_them() {
    let sql = "select nullif(partition_date, date '2024-03-01') as partition_date, count(*) as units \
               from dwd_orders_variant_status where partition_date in (:dates) group by partition_date, order_line_id";
    let books = first_day_with(with(&[("my_units.sql", sql), ("my_units.yml", UNITS)])).await;
    let error = books.try_close(close_of(day("2024-03-01")), ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(error.contains("model my_units: 2 row(s)") && error.contains("no partition_date"), "{error}");
}

#[tokio::test]
async fn a_view_has_the_types_that_it_declares() {
    let yaml =
        "description: d\nkind: view\ngrain: g\ncolumns: [{name: n, data_type: integer, description: d}]\n";
    let (books, _) = closed_with(&[("a.sql", "select count(*) as n from orders"), ("a.yml", yaml)]).await;
    assert_eq!(books.query("select n, arrow_typeof(n) from a").await, ["2|Int32"]);
}

#[tokio::test]
async fn a_shipped_model_that_is_overridden_is_built_and_published_the_users_way() {
    let sql = include_str!("../../../../models/dim/dim_product.sql")
        .replace("product.title,", "upper(product.title) as title,");
    let yaml = include_str!("../../../../models/dim/dim_product.yml");
    let (mut books, _) = closed_with(&[("dim_product.sql", &sql), ("dim_product.yml", yaml)]).await;
    assert_eq!(books.query("select title from dim_product").await, ["MUG"]);
    books.use_models(with(&[]));
    books.close(close_of(day("2024-03-01")), ClosePeriod::Due).await;
    assert_eq!(books.query("select title from dim_product").await, ["Mug"], "without the files, what ships");
}
