//! How each difference is written for Snowflake, and what is refused.

use std::collections::BTreeSet;

use crate::Dialect;
use crate::compile::compile;

fn written(sql: &str) -> String {
    compile(sql, &BTreeSet::new(), Dialect::Snowflake).expect("compiles")
}

/// What is wrong with `sql`, which is right in DataFusion's dialect.
fn refused(sql: &str) -> String {
    compile(sql, &BTreeSet::new(), Dialect::Delta).expect("compiles");
    compile(sql, &BTreeSet::new(), Dialect::Snowflake).expect_err("is refused").to_string()
}

#[test]
fn names_are_in_upper_case_and_quotation_marks() {
    let sql = r#"with Sold as (select id as start from "transaction" as t)
        select s.start, d.*, count(*) as rows from published.orders, sold as s, (values (1)) as d (row)
        group by s.start order by rows"#;
    insta::assert_snapshot!(written(sql), @r#"WITH "SOLD" AS (SELECT "ID" AS "START" FROM "TRANSACTION" AS "T") SELECT "S"."START", "D".*, count(*) AS "ROWS" FROM "PUBLISHED"."ORDERS", "SOLD" AS "S", (VALUES (1)) AS "D" ("ROW") GROUP BY "S"."START" ORDER BY "ROWS" NULLS LAST"#);
}

#[test]
fn what_is_null_has_its_place_in_every_order() {
    let sql =
        "select lag(a) over (partition by b order by c, d desc) from t order by a desc nulls last, b asc";
    insta::assert_snapshot!(written(sql), @r#"SELECT lag("A") OVER (PARTITION BY "B" ORDER BY "C" NULLS LAST, "D" DESC NULLS FIRST) FROM "T" ORDER BY "A" DESC NULLS LAST, "B" ASC NULLS LAST"#);
}

#[test]
fn timestamps_are_without_time_zone() {
    let sql = "select cast(a as timestamp), b::timestamp(3), timestamp '2024-03-01 00:00:00', date '0001-01-01' from t";
    insta::assert_snapshot!(written(sql), @r#"SELECT CAST("A" AS TIMESTAMP_NTZ(6)), "B"::TIMESTAMP_NTZ(3), CAST('2024-03-01 00:00:00' AS TIMESTAMP_NTZ(6)), DATE '0001-01-01' FROM "T""#);
}

#[test]
fn an_epoch_has_parts_of_seconds() {
    insta::assert_snapshot!(written("select extract(epoch from t.a), extract(year from a) from t"), @r#"SELECT (CAST(EXTRACT(epoch_microsecond FROM CAST("T"."A" AS TIMESTAMP_NTZ(6))) AS DOUBLE) / 1000000), EXTRACT(YEAR FROM "A") FROM "T""#);
}

#[test]
fn numbers_with_a_point_are_floating() {
    insta::assert_snapshot!(written("select a * 0.5, 1e3, 7 from t"), @r#"SELECT "A" * CAST(0.5 AS DOUBLE), CAST(1e3 AS DOUBLE), 7 FROM "T""#);
}

#[test]
fn a_division_shows_that_it_is_none_of_integers() {
    let sql =
        "select cast(a as double) * 100 / b, a / (b * 1.5), avg(a) / b, extract(epoch from c) / 60 from t";
    insta::assert_snapshot!(written(sql), @r#"SELECT CAST("A" AS DOUBLE) * 100 / "B", "A" / ("B" * CAST(1.5 AS DOUBLE)), avg(CAST("A" AS DOUBLE)) / "B", (CAST(EXTRACT(epoch_microsecond FROM CAST("C" AS TIMESTAMP_NTZ(6))) AS DOUBLE) / 1000000) / 60 FROM "T""#);
    insta::assert_snapshot!(refused("select\n    sum(a) / count(*)\nfrom t"), @"sql parser error: a division of integers gives decimals in Snowflake: write cast(… as double) in one of its sides at Line: 2, Column: 5");
}

#[test]
fn an_interval_is_a_text_with_one_unit() {
    let sql = "select a - interval '60 days', a + interval '1' month from t";
    insta::assert_snapshot!(written(sql), @r#"SELECT "A" - INTERVAL '60 days', "A" + INTERVAL '1 month' FROM "T""#);
    for interval in ["'1 month 2 days'", "'1.5 hours'", "'1' year to month", "'2 quarters'"] {
        assert!(refused(&format!("select a + interval {interval} from t")).contains("Line: 1, Column: 21"));
    }
}

#[test]
fn a_filter_is_a_case() {
    let sql = "select count(*) filter (where a > 1), sum(distinct b) filter (where c), avg(b) filter (where c) from t";
    insta::assert_snapshot!(written(sql), @r#"SELECT count(CASE WHEN "A" > 1 THEN 1 END), sum(DISTINCT CASE WHEN "C" THEN "B" END), avg(CAST(CASE WHEN "C" THEN "B" END AS DOUBLE)) FROM "T""#);
    insta::assert_snapshot!(refused("select array_agg(a) filter (where b) from t"), @"sql parser error: array_agg cannot have a filter in Snowflake: filter the rows before at Line: 1, Column: 8");
}

#[test]
fn functions_that_do_something_else_are_renamed_or_refused() {
    insta::assert_snapshot!(written("select greatest(a, b), LEAST(a, b), upper(a) from t"), @r#"SELECT greatest_ignore_nulls("A", "B"), least_ignore_nulls("A", "B"), upper("A") FROM "T""#);
    insta::assert_snapshot!(refused("select a,\n  concat(a, b) from t"), @"sql parser error: concat gives null for any null in Snowflake: write a || b, and coalesce(a, '') at Line: 2, Column: 3");
}

#[test]
fn a_frame_ends_at_the_row() {
    let sql = "select last_value(a) over (order by b), first_value(a) over (order by b rows unbounded preceding), \
               sum(a) over (order by b) from t";
    insta::assert_snapshot!(written(sql), @r#"SELECT last_value("A") OVER (ORDER BY "B" NULLS LAST RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), first_value("A") OVER (ORDER BY "B" NULLS LAST ROWS UNBOUNDED PRECEDING), sum("A") OVER (ORDER BY "B" NULLS LAST) FROM "T""#);
}

#[test]
fn backslashes_stay_what_they_are() {
    let sql = r"select 'a\b' from t where a like 'it''s\_%' and b like '%\%' escape '\' and c ilike 'x%'";
    insta::assert_snapshot!(written(sql), @r#"SELECT 'a\\b' FROM "T" WHERE "A" LIKE 'it''s\\_%' ESCAPE '\\' AND "B" LIKE '%\\%' ESCAPE '\\' AND "C" ILIKE 'x%'"#);
}

#[test]
fn a_pattern_that_is_computed_may_hold_backslashes() {
    insta::assert_snapshot!(written("select 1 from t where a like b || '%'"), @r#"SELECT 1 FROM "T" WHERE "A" LIKE "B" || '%' ESCAPE '\\'"#);
}

#[test]
fn every_order_says_where_nulls_go() {
    let sql = "select array_agg(a order by b), percentile_cont(0.5) within group (order by c desc), \
               row_number() over w from t window w as (order by d) order by e";
    let written = written(sql);
    assert_eq!(written.matches("NULLS LAST").count(), 3, "{written}");
    assert_eq!(written.matches("NULLS FIRST").count(), 1, "{written}");
}

#[test]
fn parameters_have_no_number() {
    let written = |sql| super::super::question(sql, Dialect::Snowflake).map_err(|error| error.to_string());
    insta::assert_snapshot!(written("select a from t where b = $1 and c in ($2)").unwrap(), @r#"SELECT "A" FROM "T" WHERE "B" = ? AND "C" IN (?)"#);
    insta::assert_snapshot!(written("select a from t where b = $2").unwrap_err(), @"sql parser error: $2 cannot stand here: parameters stand once each, in their order at Line: 1, Column: 27");
}
