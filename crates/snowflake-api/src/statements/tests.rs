use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::*;

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

fn place(table: &str) -> Place {
    Place { database: name("books"), schema: name("replica"), name: name(table) }
}

fn columns() -> Vec<Column> {
    let column =
        |column: &str, column_type, is_nullable| Column { name: name(column), column_type, is_nullable };
    vec![
        column("id", ColumnType::Text, false),
        column("quantity", ColumnType::Integer, false),
        column("revenue", ColumnType::Bigint, false),
        column("delay", ColumnType::Double, true),
        column("is_paid", ColumnType::Boolean, false),
        column("created_at", ColumnType::Timestamp, false),
        column("partition_date", ColumnType::Date, false),
    ]
}

#[test]
fn a_stage_shows_what_is_below_a_prefix() {
    let sql = create_stage(&place("dumps"), "s3://bucket/o'clock", &name("daybook_s3"));
    insta::assert_snapshot!(sql, @r#"create or replace stage "BOOKS"."REPLICA"."DUMPS" url = 's3://bucket/o''clock/' storage_integration = "DAYBOOK_S3""#);
    assert_eq!(create_stage(&place("dumps"), "s3://bucket/o'clock/", &name("daybook_s3")), sql);
}

#[test]
fn tables_are_made_for_good_or_for_one_load() {
    insta::assert_snapshot!(create_table(&place("orders"), &columns()), @r#"create table if not exists "BOOKS"."REPLICA"."ORDERS" ("ID" varchar not null, "QUANTITY" number(10, 0) not null, "REVENUE" number(19, 0) not null, "DELAY" float, "IS_PAID" boolean not null, "CREATED_AT" timestamp_ntz(6) not null, "PARTITION_DATE" date not null)"#);
    insta::assert_snapshot!(create_staging(&place("orders_staging"), &columns()), @r#"create or replace transient table "BOOKS"."REPLICA"."ORDERS_STAGING" ("ID" varchar not null, "QUANTITY" number(10, 0) not null, "REVENUE" number(19, 0) not null, "DELAY" float, "IS_PAID" boolean not null, "CREATED_AT" timestamp_ntz(6) not null, "PARTITION_DATE" date not null) data_retention_time_in_days = 0"#);
    insta::assert_snapshot!(drop_table(&place("orders_staging")), @r#"drop table if exists "BOOKS"."REPLICA"."ORDERS_STAGING""#);
}

#[test]
fn files_are_copied_by_the_thousand() {
    let statements =
        copy_into(&place("orders_staging"), &place("dumps"), &["run=1/orders-0.parquet", "o'clock.parquet"]);
    assert_eq!(statements.len(), 1);
    insta::assert_snapshot!(statements[0], @r#"copy into "BOOKS"."REPLICA"."ORDERS_STAGING" from @"BOOKS"."REPLICA"."DUMPS" files = ('run=1/orders-0.parquet', 'o''clock.parquet') file_format = (type = parquet use_logical_type = true null_if = ()) match_by_column_name = case_insensitive on_error = abort_statement"#);

    let files: Vec<_> = (0..2001).map(|number| format!("{number}.parquet")).collect();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let listed: Vec<_> = copy_into(&place("t"), &place("s"), &files)
        .iter()
        .map(|statement| statement.matches(".parquet'").count())
        .collect();
    assert_eq!(listed, [1000, 1000, 1]);
    assert!(copy_into(&place("t"), &place("s"), &[]).is_empty());
}

#[test]
fn rows_are_inserted_in_order() {
    let columns = [name("id"), name("order_id"), name("partition_date")];
    let sort = [name("order_id"), name("id")];
    insta::assert_snapshot!(insert_sorted(&place("order_lines_next"), &place("order_lines_staging"), &columns, &sort), @r#"insert into "BOOKS"."REPLICA"."ORDER_LINES_NEXT" ("ID", "ORDER_ID", "PARTITION_DATE") select "ID", "ORDER_ID", "PARTITION_DATE" from "BOOKS"."REPLICA"."ORDER_LINES_STAGING" order by "ORDER_ID", "ID""#);
    insta::assert_snapshot!(insert_sorted(&place("a"), &place("b"), &columns[..1], &[]), @r#"insert into "BOOKS"."REPLICA"."A" ("ID") select "ID" from "BOOKS"."REPLICA"."B""#);
    insta::assert_snapshot!(insert_sorted(&place("a"), "(select 1 as id)", &columns[..1], &sort[1..]), @r#"insert into "BOOKS"."REPLICA"."A" ("ID") select "ID" from (select 1 as id) order by "ID""#);
}

#[test]
fn tables_are_published_in_one_transaction() {
    let change = |table: &str, extent: Extent| Change {
        table: place(table),
        next: place(&format!("{table}_next")),
        columns: vec![name("id"), name("partition_date")],
        sort: vec![name("id")],
        extent,
    };
    let dates = |days: &[u32]| Extent::Dates(name("partition_date"), march(days));
    let changes = [change("orders", dates(&[1, 2, 4])), change("lifetime", Extent::Whole)];
    insta::assert_snapshot!(transaction(changes.iter().flat_map(replace)).statements().join(";\n"), @r#"
    alter session set transaction_abort_on_error = true;
    begin transaction;
    delete from "BOOKS"."REPLICA"."ORDERS" where ("PARTITION_DATE" between '2024-03-01'::date and '2024-03-02'::date or "PARTITION_DATE" between '2024-03-04'::date and '2024-03-04'::date) or "PARTITION_DATE" is null;
    insert into "BOOKS"."REPLICA"."ORDERS" ("ID", "PARTITION_DATE") select "ID", "PARTITION_DATE" from "BOOKS"."REPLICA"."ORDERS_NEXT" order by "ID";
    delete from "BOOKS"."REPLICA"."LIFETIME";
    insert into "BOOKS"."REPLICA"."LIFETIME" ("ID", "PARTITION_DATE") select "ID", "PARTITION_DATE" from "BOOKS"."REPLICA"."LIFETIME_NEXT" order by "ID";
    commit
    "#);
}

#[test]
fn many_scattered_dates_stay_shallow() {
    let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    let scattered: BTreeSet<_> = first.iter_days().step_by(2).take(40).collect();
    let condition = within(&name("d"), &scattered);
    assert!(
        condition.starts_with("(\"D\" between '2024-01-01'::date and '2024-03-19'::date and \"D\" in ("),
        "{condition}"
    );
    assert_eq!(within(&name("d"), &BTreeSet::new()), "false");
}

#[test]
fn a_view_has_the_types_that_it_is_said_to_have() {
    let columns = [
        Column { name: name("id"), column_type: ColumnType::Text, is_nullable: true },
        Column { name: name("revenue"), column_type: ColumnType::Bigint, is_nullable: true },
    ];
    insta::assert_snapshot!(create_view(&place("sales"), &columns, "select 1", Grants::Copy), @r#"
    create or replace view "BOOKS"."REPLICA"."SALES" ("ID", "REVENUE") copy grants as select cast("ID" as varchar) as "ID", cast("REVENUE" as number(19, 0)) as "REVENUE" from (
    select 1
    )
    "#);
    insta::assert_snapshot!(
        rename_table(&place("sales_next"), &place("sales")),
        @r#"alter table "BOOKS"."REPLICA"."SALES_NEXT" rename to "BOOKS"."REPLICA"."SALES""#
    );
    insta::assert_snapshot!(drop_view(&place("sales")), @r#"drop view if exists "BOOKS"."REPLICA"."SALES""#);
}

fn march(days: &[u32]) -> BTreeSet<NaiveDate> {
    days.iter().map(|day| NaiveDate::from_ymd_opt(2024, 3, *day).unwrap()).collect()
}
