//! What went wrong around the books: a lost store, damaged publications, strange files, closes that failed.

use daybook_pipeline::{ClosePeriod, CloseState};
use daybook_warehouse::Publication;
use sqlx::{Connection, PgConnection};

use crate::closing::{PRODUCTS, VARIANTS, event, first_day, first_day_with, lines, orders};
use crate::models::with;
use crate::support::{Books, close_of, day, empty_database, time};
use crate::vacuuming::{FACTS, files};

impl Books {
    async fn published(&self) -> Publication {
        self.warehouse.published().await.unwrap().unwrap()
    }

    /// Shows readers what no close has made.
    fn publish_by_hand(&self, publication: &Publication) {
        let path = format!("warehouse/publications/{:012}.json", publication.number);
        std::fs::write(self.folder.path().join(path), serde_json::to_vec(publication).unwrap()).unwrap();
    }

    /// Publishes the latest state with some tables as they were before anything was in them.
    pub(crate) async fn lose(&self, tables: &[&str]) {
        let mut torn = self.published().await;
        torn.number += 1;
        for table in tables {
            torn.tables.insert((*table).to_owned(), 0).unwrap();
        }
        self.publish_by_hand(&torn);
    }
}

const ALL_OF_SALES: &[&str] = &[
    "orders",
    "order_lines",
    "dwd_orders_variant_status",
    "int_order_payments",
    "app_daily_revenue",
    "app_daily_product_sales",
    "app_daily_customer_sales",
];

#[tokio::test]
async fn what_every_table_has_lost_is_found_and_closing_the_day_again_brings_it_back() {
    let books = first_day().await;
    books
        .load_payments(time("2024-03-01 13:00"), "a", &event("t1", "o1", "success", "2024-03-01T12:30:00"))
        .await;
    books.close_day(day("2024-03-01")).await;
    let fact = books.table("dwd_orders_variant_status").await;
    let found = async || {
        let found = books.reconcile("2024-03-02 14:00").await;
        (found.dates[0].differences.join("\n"), found.dates[0].waiting.clone())
    };
    assert_eq!(found().await.0, "");

    books.lose(&["transaction"]).await;
    let (differences, waiting) = found().await;
    assert!(differences.contains("payments: the replica holds another content"), "{differences}");
    assert!(waiting.is_empty(), "{waiting:?}");

    books.lose(ALL_OF_SALES).await;
    let (differences, _) = found().await;
    assert!(differences.contains("orders: ods 2, replica 0"), "{differences}");
    assert!(differences.contains("order lines: the replica holds another content"), "{differences}");

    // by itself, a close trusts what was published
    let now = close_of(day("2024-03-01"));
    assert_eq!(books.close(now, ClosePeriod::Due).await.state, CloseState::Unchanged);
    books.close_day(day("2024-03-01")).await;
    assert_eq!(books.table("dwd_orders_variant_status").await, fact);
    assert_eq!(found().await.0, "");
}

#[tokio::test]
async fn a_lost_payment_of_an_unknown_order_is_found() {
    let books = first_day().await;
    books
        .load_payments(time("2024-03-01 13:00"), "a", &event("t1", "o7", "success", "2024-03-01T12:30:00"))
        .await;
    books.close_day(day("2024-03-01")).await;
    books.lose(&["transaction"]).await;
    let found = books.reconcile("2024-03-02 14:00").await;
    assert_eq!(
        found.dates[0].differences,
        ["transactions: the replica holds another content than the ODS"],
        "{found:?}"
    );
    books.close_day(day("2024-03-01")).await;
    assert_eq!(books.reconcile("2024-03-02 14:00").await.difference_count(), 0);
}

#[tokio::test]
async fn facts_under_the_wrong_product_are_found() {
    let books = first_day().await;
    let unseen = (orders(&["o3,2024-03-01 13:00:00,c1"]), lines(&["l3,1,v2,300,o3"]));
    let files = [("orders.csv", unseen.0.as_str()), ("order_lines.csv", unseen.1.as_str())];
    books.load_batch(time("2024-03-01 14:00"), "unseen", &files).await;
    books.close_day(day("2024-03-01")).await;
    let unknown = books.published().await.tables["dwd_orders_variant_status"];
    let variant = "v2,p1,300,Red,2024-03-02 08:00:00,2024-03-02 08:00:00,2024-03-02 08:00:00";
    let variant = format!("{VARIANTS}{variant}\n");
    let files = [("product.csv", PRODUCTS), ("variant.csv", variant.as_str())];
    books.load_batch(time("2024-03-02 12:00"), "variant", &files).await;
    books.close_day(day("2024-03-02")).await;
    let sound = books.published().await;
    let found = async || books.reconcile("2024-03-03 14:00").await.dates[0].differences.join("\n");
    assert_eq!(found().await, "");

    // the facts as they were before the variant was known, with the same counts
    let mut torn = sound.clone();
    torn.number += 1;
    torn.tables.insert("dwd_orders_variant_status".to_owned(), unknown);
    books.publish_by_hand(&torn);
    let differences = found().await;
    assert!(differences.contains("product of variants"), "{differences}");
    // and the day that brought the variant, closed again, mends them
    let report = books.close_day(day("2024-03-02")).await;
    assert!(report.dates[&day("2024-03-01")].contains("product of variants"), "{report:?}");
    assert_eq!(found().await, "");
}

#[tokio::test]
async fn a_late_payment_of_an_unknown_order_is_taken_in_by_itself() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    books
        .load_payments(time("2024-03-02 13:00"), "a", &event("t1", "o7", "success", "2024-03-01T12:30:00"))
        .await;
    let waiting = books.reconcile("2024-03-02 14:00").await.dates[0].waiting.clone();
    assert_eq!(waiting.into_iter().collect::<Vec<_>>(), ["transactions"]);
    let report = books.close(time("2024-03-02 15:00"), ClosePeriod::Due).await;
    assert_eq!(report.state, CloseState::Published);
    assert_eq!(books.query("select id from \"transaction\"").await, ["t1"]);
    let settled = books.reconcile("2024-03-02 16:00").await;
    assert!(settled.dates[0].waiting.is_empty() && settled.difference_count() == 0, "{settled:?}");
    let again = books.close(time("2024-03-02 16:00"), ClosePeriod::Due).await;
    assert_eq!(again.state, CloseState::Unchanged);
}

#[tokio::test]
async fn another_content_with_the_same_counts_is_found() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let ods = books.ods(time("2024-03-02 12:00")).await;
    ods.execute("update ods.order_lines set revenue = 999 where id = 'l1'").await.unwrap();
    // as if the change had been taken in
    let mut unnoticed = books.published().await;
    books.close_day(day("2024-03-01")).await;
    unnoticed.draft.source_hashes = books.published().await.draft.source_hashes;
    unnoticed.number += 2;
    books.publish_by_hand(&unnoticed);
    let found = books.reconcile("2024-03-02 14:00").await;
    assert_eq!(
        found.dates[0].differences,
        ["order lines: the replica holds another content than the ODS"],
        "{found:?}"
    );
}

#[tokio::test]
async fn a_store_that_takes_the_place_of_a_lost_one_counts_anew() {
    let mut books = first_day().await;
    books.settings.retention_days = 0;
    books.close_day(day("2024-03-01")).await;
    // its order has left the ODS: it heals in the close
    let (order, line) = (orders(&["o9,2024-03-02 10:00:00,c1"]), lines(&["l8,1,v1,5,o1"]));
    let late = [("orders.csv", order.as_str()), ("order_lines.csv", line.as_str())];
    books.load_batch(time("2024-03-02 12:00"), "late", &late).await;
    books.close_day(day("2024-03-02")).await;
    assert_eq!(books.published().await.draft.healed_lines, [1]);

    books.database = empty_database().await;
    let (order, line) = (orders(&["o10,2024-03-03 10:00:00,c1"]), lines(&["l9,1,v1,7,o1"]));
    let later = [("orders.csv", order.as_str()), ("order_lines.csv", line.as_str())];
    books.load_batch(time("2024-03-03 12:00"), "later", &later).await;
    books.close_day(day("2024-03-03")).await;
    let of_o1 = "select order_line_id from dwd_orders_variant_status where order_id = 'o1' order by 1";
    assert_eq!(books.query(of_o1).await, ["l1", "l2", "l8", "l9"]);
}

#[tokio::test]
async fn what_lies_beside_publications_is_none() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let folder = books.folder.path().join("warehouse/publications");
    std::fs::create_dir(folder.join("old")).unwrap();
    for copy in ["backup.json", "9.json", "000000000009 (1).json", "old/000000000009.json"] {
        std::fs::copy(folder.join("000000000001.json"), folder.join(copy)).unwrap();
    }
    books.close_day(day("2024-03-02")).await;
    assert_eq!(books.published().await.number, 2);
    assert_eq!(books.query("select count(*) from closed_dates").await, ["2"]);
}

#[tokio::test]
async fn failed_closes_leave_one_dump_and_after_the_next_one_no_file() {
    let (sql, yaml) = ("select 1 as bad from orders where partition_date in (:dates)", "{description: d}");
    let mut books = first_day_with(with(&[("tests/never.sql", sql), ("tests/never.yml", yaml)])).await;
    let now = close_of(day("2024-03-01"));
    for _ in 0..3 {
        books.try_close(now, ClosePeriod::Due).await.unwrap_err();
    }
    assert_eq!(files(&books, "dumps"), 1);
    assert_eq!(files(&books, FACTS), 3);

    books.use_models(with(&[]));
    let fact = async |books: &Books| books.table("dwd_orders_variant_status").await.len();
    books.close(now, ClosePeriod::Due).await;
    assert_eq!((files(&books, FACTS), fact(&books).await), (1, 2));
    assert_eq!(books.close(now, ClosePeriod::Due).await.state, CloseState::Unchanged);
}

#[tokio::test]
async fn a_vacuum_leaves_what_is_younger_than_the_books() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let folder = books.folder.path().join("warehouse/tables/orders/partition_date=2024-03-01");
    let (young, old) = (folder.join("young.parquet"), folder.join("old.parquet"));
    std::fs::write(&young, "of a build that goes on").unwrap();
    std::fs::write(&old, "of a build that failed").unwrap();
    let published = std::fs::metadata(books.folder.path().join("warehouse/publications/000000000001.json"));
    let published = published.unwrap().modified().unwrap();
    let set = |file: &std::path::Path, time| std::fs::File::open(file).unwrap().set_modified(time).unwrap();
    set(&young, published + std::time::Duration::from_secs(1));
    set(&old, published - std::time::Duration::from_secs(1));
    assert_eq!(books.warehouse.vacuum(30, true).await.unwrap().files, 1);
    assert!(young.exists() && !old.exists());
}

#[tokio::test]
async fn dates_between_a_late_first_order_and_the_first_closed_one_are_closed_too() {
    let (late, at_once) = (first_day().await, first_day().await);
    let (order, line) = (orders(&["o0,2024-02-27 10:00:00,c1"]), lines(&["l0,1,v1,5,o0"]));
    let early = [("orders.csv", order.as_str()), ("order_lines.csv", line.as_str())];
    late.close_day(day("2024-03-01")).await;
    for books in [&late, &at_once] {
        books.load_batch(time("2024-03-02 12:00"), "early", &early).await;
        books.close(close_of(day("2024-03-02")), ClosePeriod::Due).await;
    }
    assert_eq!(late.query("select count(*) from closed_dates").await, ["5"]);
    late.assert_same_as(&at_once, "with a gap before the first closed date").await;
}

#[tokio::test]
async fn looking_does_not_wait_for_a_close() {
    let books = first_day().await;
    let mut other = PgConnection::connect(&books.database.url()).await.unwrap();
    sqlx::query("select pg_advisory_lock($1)")
        .bind(0x6461_7962_6f6f_6b01_i64)
        .execute(&mut other)
        .await
        .unwrap();
    let now = close_of(day("2024-03-01"));
    assert!(books.try_close(now, ClosePeriod::Due).await.is_err(), "somebody closes");
    assert!(!books.plan_at(now, ClosePeriod::Due).await.dates.is_empty());
}
