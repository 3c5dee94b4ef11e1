//! The way of a load: each shape of the SQL, executed.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Date32Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use chrono::NaiveDate;
use daybook_snowflake_api::statements::{
    Change, Column, ColumnType, Extent, Name, Place, copy_into, create_stage, create_staging, create_table,
    drop_table, insert_sorted, replace, transaction,
};
use daybook_snowflake_api::{Script, Statement};
use daybook_testkit::{Fault, TestBucket};
use parquet::arrow::ArrowWriter;

use crate::support::{World, code};

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

/// A world with a stage on a bucket and the table `orders`.
struct Books {
    world: World,
    bucket: TestBucket,
}

impl Books {
    async fn create() -> Self {
        let (world, bucket) = (World::create().await, TestBucket::create().await.unwrap());
        let books = Self { world, bucket };
        let stage = create_stage(&books.place("dumps"), &books.bucket.url("dumps"), &name("daybook_s3"));
        // As every start of a warehouse does.
        for _ in 0..2 {
            books.world.run(&stage).await;
            books.world.run(&create_table(&books.place("orders"), &columns())).await;
        }
        books
    }

    fn place(&self, table: &str) -> Place {
        Place { database: name(self.world.server.database()), schema: name("public"), name: name(table) }
    }

    /// Puts a Parquet file below the stage.
    async fn put(&self, file: &str, rows: &[(&str, i32, i64, i32)]) {
        self.bucket.put(&format!("dumps/{file}"), parquet(rows)).await.unwrap();
    }

    /// Fills a staging table with files.
    async fn stage(&self, files: &[&str]) {
        self.world.run(&create_staging(&self.place("orders_staging"), &columns())).await;
        for statement in copy_into(&self.place("orders_staging"), &self.place("dumps"), files) {
            self.world.run(&statement).await;
        }
    }

    /// Brings what is staged into a table that nobody reads yet, and tells what is to be published.
    async fn next(&self, dates: &[u32]) -> Change {
        let next = self.place("orders_next");
        self.world.run(&create_staging(&next, &columns())).await;
        let (columns, sort) = (column_names(), vec![name("id")]);
        self.world.run(&insert_sorted(&next, &self.place("orders_staging"), &columns, &sort)).await;
        let dates = dates.iter().map(|day| NaiveDate::from_ymd_opt(2024, 3, *day).unwrap());
        let extent = Extent::Dates(name("partition_date"), dates.collect::<BTreeSet<_>>());
        Change { table: self.place("orders"), next, columns, sort, extent }
    }

    async fn publish(&self, change: &Change) {
        self.world.client.execute_script(&transaction(replace(change))).await.unwrap();
    }

    async fn orders(&self) -> Vec<String> {
        let all = "select id || ' ' || quantity || ' ' || created_at::varchar || ' ' || partition_date::varchar from orders \
                   order by partition_date, id";
        let batch = self.world.batch(&Statement::new(all)).await;
        batch.column(0).as_string::<i32>().iter().map(|row| row.unwrap().to_owned()).collect()
    }
}

fn columns() -> Vec<Column> {
    let types = [ColumnType::Text, ColumnType::Integer, ColumnType::Timestamp, ColumnType::Date];
    let columns = column_names().into_iter().zip(types);
    columns.map(|(name, column_type)| Column { name, column_type, is_nullable: false }).collect()
}

fn column_names() -> Vec<Name> {
    ["id", "quantity", "created_at", "partition_date"].map(name).into()
}

/// A dump's file: microseconds and days since 1970. Its columns are in another order than the table's.
fn parquet(rows: &[(&str, i32, i64, i32)]) -> Vec<u8> {
    let arrays: [(&str, ArrayRef); 4] = [
        ("partition_date", Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.3)))),
        ("created_at", Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.2)))),
        ("quantity", Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.1)))),
        ("id", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)))),
    ];
    let batch = RecordBatch::try_from_iter(arrays).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

/// 2024-03-01.
const FIRST: i32 = 19_783;
const NOON: i64 = 1_709_294_400_000_001;

#[tokio::test]
async fn a_dump_becomes_what_readers_see() {
    let books = Books::create().await;
    books.put("run=1/orders-0.parquet", &[("b", 2, NOON, FIRST), ("a", 1, NOON, FIRST)]).await;
    books.put("run=1/o'clock.parquet", &[("c", 3, NOON, FIRST + 1)]).await;
    books.put("run=1/orders-0.parquet.tmp", &[("x", 9, NOON, FIRST)]).await;
    books.stage(&["run=1/orders-0.parquet", "run=1/o'clock.parquet"]).await;
    assert!(books.orders().await.is_empty(), "staged is not published");

    books.publish(&books.next(&[1, 2]).await).await;
    let published = [
        "a 1 2024-03-01 12:00:00.000001 2024-03-01",
        "b 2 2024-03-01 12:00:00.000001 2024-03-01",
        "c 3 2024-03-01 12:00:00.000001 2024-03-02",
    ];
    assert_eq!(books.orders().await, published);
}

#[tokio::test]
async fn publishing_again_replaces_the_partitions_and_no_others() {
    let books = Books::create().await;
    books.put("1.parquet", &[("a", 1, NOON, FIRST), ("b", 2, NOON, FIRST + 1)]).await;
    books.put("2.parquet", &[("c", 3, NOON, FIRST + 1)]).await;
    books.stage(&["1.parquet"]).await;
    books.publish(&books.next(&[1, 2]).await).await;
    for _ in 0..2 {
        books.stage(&["2.parquet"]).await;
        books.publish(&books.next(&[2]).await).await;
        let ids: Vec<_> = books.orders().await.iter().map(|row| row[..1].to_owned()).collect();
        assert_eq!(ids, ["a", "c"]);
    }
}

#[tokio::test]
async fn a_publication_whose_answer_is_lost_happens_once() {
    let books = Books::create().await;
    books.put("1.parquet", &[("a", 1, NOON, FIRST)]).await;
    books.stage(&["1.parquet"]).await;
    let change = books.next(&[1]).await;
    books.world.proxy.fault("POST", Fault::AnswerAfter(503, "busy"));
    books.publish(&change).await;
    assert_eq!(books.orders().await.len(), 1);
}

#[tokio::test]
async fn a_publication_that_fails_changes_nothing() {
    let books = Books::create().await;
    books.put("1.parquet", &[("a", 1, NOON, FIRST)]).await;
    books.stage(&["1.parquet"]).await;
    let change = books.next(&[1]).await;
    books.publish(&change).await;
    let before = books.orders().await;
    let broken = Change { next: books.place("nowhere"), ..change };
    let error = books.world.client.execute_script(&transaction(replace(&broken))).await.unwrap_err();
    assert_eq!(code(&error), Some(2003));
    assert_eq!(books.orders().await, before);
}

#[tokio::test]
async fn a_file_that_is_not_there_fails_the_copy() {
    let books = Books::create().await;
    books.world.run(&create_staging(&books.place("orders_staging"), &columns())).await;
    let copies = copy_into(&books.place("orders_staging"), &books.place("dumps"), &["nowhere.parquet"]);
    let error = books.world.client.execute(&Statement::new(&copies[0])).await.unwrap_err();
    assert!(error.failure().is_some(), "{error}");
}

#[tokio::test]
async fn what_is_transient_goes() {
    let books = Books::create().await;
    books.stage(&[]).await;
    let staging = drop_table(&books.place("orders_staging"));
    books.world.client.execute_script(&Script::new([&staging, &staging])).await.unwrap();
    let error =
        books.world.client.execute(&Statement::new("select * from orders_staging")).await.unwrap_err();
    assert_eq!(code(&error), Some(2003));
}
