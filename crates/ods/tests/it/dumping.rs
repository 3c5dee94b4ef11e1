//! Dumps: one moment, Parquet, hashes that depend on content alone.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use daybook_model::manifest::Manifest;
use daybook_model::{BusinessTimezone, PartitionDate};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::Shop;

pub(crate) async fn dump(
    shop: &Shop,
    store: &Arc<InMemory>,
    run: i64,
    cutoff: &str,
    timezone: &str,
) -> Manifest {
    let timezone: BusinessTimezone = timezone.parse().unwrap();
    let cutoff: PartitionDate = cutoff.parse().unwrap();
    let store = Arc::clone(store) as Arc<dyn object_store::ObjectStore>;
    shop.ods.dump(store, &Path::from("dump"), run, cutoff, timezone).await.unwrap()
}

/// A dumped table's rows as text, one a line, sorted.
pub(crate) async fn rows(store: &InMemory, manifest: &Manifest, table: &str) -> String {
    let mut batches: Vec<RecordBatch> = Vec::new();
    for file in &manifest.tables[table].files {
        let bytes = store.get(&Path::from(file.path.as_str())).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, file.bytes);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        batches.extend(reader.map(Result::unwrap));
    }
    let table = pretty_format_batches(&batches).unwrap().to_string();
    let lines = table.lines().filter(|line| line.starts_with('|')).skip(1);
    let mut lines: Vec<String> = lines
        .map(|line| {
            line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

async fn shop_with_books() -> Shop {
    let shop = Shop::open().await;
    shop.write(
        "b1/orders.csv",
        "id,processed_timestamp,customer_id\n\
         o2,2024-05-02 23:30:00.000001,c2\no1,2024-05-01 10:00:00,c1\no3,2024-05-03 10:00:00,c1\n",
    );
    shop.write(
        "b1/order_lines.csv",
        "id,quantity,variant_id,revenue,order_id\nl3,1,v,1,o3\nl2,-1,v,-5,o2\nl1,2,v,10,o1\nw,1,v,7,gone\n",
    );
    shop.write(
        "b1/product.csv",
        "id,title,product_type,created_at\np,\"Mugs, £\",stock,2024-01-01 00:00:00\n",
    );
    shop.write(
        "b1/variant.csv",
        "id,product_id,price,title,created_at,updated_at,ingested_at\n\
         v,p,100,Mug,2024-01-01 00:00:00,2024-01-01 00:00:00,2024-01-01 00:00:00\n",
    );
    shop.write(
        "transactions.ndjson",
        "{\"id\":\"t1\",\"order_id\":\"o1\",\"status\":\"success\",\"created_at\":\"2024-05-01T10:00:00\"}\n",
    );
    shop.load_with("", &daybook_ods::LoadOptions::default()).await;
    shop
}

#[tokio::test]
async fn a_dump_holds_what_is_dated_up_to_the_cut_off() {
    let shop = shop_with_books().await;
    shop.execute("delete from ods.product").await;
    let store = Arc::new(InMemory::new());
    let manifest = dump(&shop, &store, 7, "2024-05-02", "UTC").await;

    assert_eq!(
        rows(&store, &manifest, "orders").await,
        "o1 2024-05-01T10:00:00 c1 2024-05-01\no2 2024-05-02T23:30:00.000001 c2 2024-05-02"
    );
    assert_eq!(
        rows(&store, &manifest, "order_lines").await,
        "l1 2 v 10 o1 2024-05-01\nl2 -1 v -5 o2 2024-05-02"
    );
    assert_eq!(rows(&store, &manifest, "transaction").await, "t1 o1 success 2024-05-01T10:00:00 2024-05-01");
    assert_eq!(rows(&store, &manifest, "parked_order_lines").await, "1 w 1 v 7 gone 2024-05-10");
    assert_eq!(
        rows(&store, &manifest, "product_version").await,
        "p Mugs, £ stock 2024-01-01T00:00:00 2024-01-01T00:00:00 1 upsert 2024-01-01"
    );
    let dates: Vec<String> = manifest.tables["orders"].dates.keys().map(ToString::to_string).collect();
    assert_eq!(dates, ["2024-05-01", "2024-05-02"]);
    assert_eq!(manifest.loads, [2], "the first load also holds rows of later days");
    assert_eq!(manifest.tables["orders"].files[0].path, "dump/7/orders/part-00000.parquet");
    let stored = store.get(&Path::from("dump/7/manifest.json")).await.unwrap().bytes().await.unwrap();
    assert_eq!(serde_json::from_slice::<Manifest>(&stored).unwrap(), manifest);

    let later = dump(&shop, &store, 8, "2024-05-10", "UTC").await;
    assert_eq!(later.loads, [1, 2]);
    assert_eq!(
        rows(&store, &later, "variant_version").await,
        "v p 100 Mug 2024-01-01T00:00:00 2024-01-01T00:00:00 2024-01-01T00:00:00 2024-01-01T00:00:00 1 upsert 2024-01-01\n\
         v p 100 Mug 2024-01-01T00:00:00 2024-01-01T00:00:00 2024-01-01T00:00:00 2024-05-10T12:00:00 1 delete 2024-05-10"
    );
}

#[tokio::test]
async fn a_dump_holds_what_a_transaction_was_at_the_end_of_each_date() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.transaction values ('t', 'o', 'refunded', '2024-05-03 00:40:00'); \
         insert into daybook.superseded_transaction values \
             ('t', 'o', 'pending', '2024-05-01 23:40:00'), ('t', 'o', 'success', '2024-05-01 23:50:00'), \
             ('t', 'o', 'settled', '2024-05-02 09:00:00'), ('t', 'o', 'disputed', '2024-05-03 00:10:00')",
    )
    .await;
    let store = Arc::new(InMemory::new());
    let first_day = "t o success 2024-05-01T23:50:00 2024-05-01";
    let manifest = dump(&shop, &store, 1, "2024-05-01", "UTC").await;
    assert_eq!(rows(&store, &manifest, "transaction").await, first_day);
    let manifest = dump(&shop, &store, 2, "2024-05-03", "UTC").await;
    assert_eq!(
        rows(&store, &manifest, "transaction").await,
        format!(
            "t o refunded 2024-05-03T00:40:00 2024-05-03\nt o settled 2024-05-02T09:00:00 2024-05-02\n{first_day}"
        )
    );
    assert_eq!(manifest.tables["transaction"].dates.len(), 3);
    // in summer's London all of 2 May's states are one date's
    let manifest = dump(&shop, &store, 3, "2024-05-02", "Europe/London").await;
    assert_eq!(rows(&store, &manifest, "transaction").await, "t o settled 2024-05-02T09:00:00 2024-05-02");
}

#[tokio::test]
async fn business_dates_follow_the_time_zone() {
    let shop = shop_with_books().await;
    let store = Arc::new(InMemory::new());
    let manifest = dump(&shop, &store, 1, "2024-05-02", "Europe/London").await;
    // 23:30 UTC is half past midnight in London's summer.
    assert_eq!(rows(&store, &manifest, "orders").await, "o1 2024-05-01T10:00:00 c1 2024-05-01");
    assert_eq!(manifest.tables["order_lines"].dates.len(), 1);
}

#[tokio::test]
async fn hashes_depend_on_content_and_not_on_where_rows_lie() {
    let shop = shop_with_books().await;
    let store = Arc::new(InMemory::new());
    let first = dump(&shop, &store, 1, "2024-05-03", "UTC").await;
    shop.execute("update ods.orders set customer_id = customer_id where id = 'o1'").await;
    shop.execute(
        "begin; delete from ods.orders where id = 'o2'; \
         insert into ods.orders values ('o2', '2024-05-02 23:30:00.000001', 'c2'); \
         insert into ods.order_lines values ('l2', -1, 'v', -5, 'o2'); commit;",
    )
    .await;
    let second = dump(&shop, &store, 2, "2024-05-03", "UTC").await;
    for (name, table) in &first.tables {
        assert_eq!(table.dates, second.tables[name].dates, "{name}");
    }
    shop.execute("update ods.order_lines set revenue = revenue + 1 where id = 'l2'").await;
    let third = dump(&shop, &store, 3, "2024-05-03", "UTC").await;
    let changed: Vec<String> = first.tables["order_lines"]
        .dates
        .iter()
        .filter(|(date, content)| third.tables["order_lines"].dates[*date] != **content)
        .map(|(date, _)| date.to_string())
        .collect();
    assert_eq!(changed, ["2024-05-02"]);
}

#[tokio::test]
async fn an_empty_store_has_a_dump_without_rows() {
    let shop = Shop::open().await;
    let store = Arc::new(InMemory::new());
    let manifest = dump(&shop, &store, 1, "2024-05-03", "UTC").await;
    assert_eq!(manifest.tables.len(), 6);
    for (name, table) in &manifest.tables {
        assert!(table.dates.is_empty(), "{name}");
        assert_eq!(table.files.iter().map(|file| file.rows).collect::<Vec<_>>(), [0], "{name}");
    }
    assert_eq!(rows(&store, &manifest, "orders").await, "");
}

#[tokio::test]
async fn what_a_publish_took_is_not_in_the_next_dump() {
    let shop = shop_with_books().await;
    let store = Arc::new(InMemory::new());
    for _ in 0..2 {
        shop.ods.mark_published(41, &[1, 2], &[1]).await.unwrap();
        let manifest = dump(&shop, &store, 1, "2024-05-03", "UTC").await;
        assert!(manifest.loads.is_empty());
        assert!(manifest.tables["parked_order_lines"].dates.is_empty());
    }
    assert_eq!(
        shop.query("select healed_by, healed_at from daybook.parked_row").await,
        "close 2024-05-10T12:00:00"
    );
    shop.ods.mark_published(42, &[1], &[]).await.unwrap();
    assert_eq!(shop.query("select distinct published_in from daybook.load").await, "41");
}

#[tokio::test]
async fn many_rows_make_several_batches() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.orders select 'o' || n, '2024-05-01'::timestamp + n % 10 * interval '1 day', 'c' \
         from generate_series(1, 30000) n",
    )
    .await;
    let store = Arc::new(InMemory::new());
    let manifest = dump(&shop, &store, 1, "2024-05-05", "UTC").await;
    assert_eq!(manifest.tables["orders"].files[0].rows, 15_000);
    assert!(manifest.tables["orders"].dates.values().all(|content| content.rows == 3_000));
    let dumped = rows(&store, &manifest, "orders").await;
    assert_eq!(dumped.lines().count(), 15_000);
    assert!(dumped.lines().is_sorted_by(|a, b| a < b), "each row once");
}
