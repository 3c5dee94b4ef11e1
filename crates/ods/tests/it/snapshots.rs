//! Dumps beside loads: a batch is in a dump whole or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use daybook_ods::LoadOptions;
use object_store::memory::InMemory;

use crate::dumping::{dump, rows};
use crate::support::Shop;

const BATCHES: usize = 8;
const ROWS: usize = 50;
/// The batch that is held up half way.
const HELD: usize = 4;

/// Batches of orders with their lines, each of which also has a product with its variants.
async fn shop_with_batches() -> Shop {
    let shop = Shop::open().await;
    let time = "2024-05-01 10:00:00";
    for batch in 0..BATCHES {
        let write = |table: &str, header: &str, row: &dyn Fn(usize) -> String| {
            let rows: String = (0..ROWS).map(|number| row(number) + "\n").collect();
            shop.write(&format!("landing/b{batch}/{table}.csv"), format!("{header}\n{rows}"));
        };
        write("orders", "id,processed_timestamp,customer_id", &|n| format!("b{batch}-{n},{time},c"));
        write("order_lines", "id,quantity,variant_id,revenue,order_id", &|n| {
            format!("b{batch}-{n},1,v,5,b{batch}-{n}")
        });
        write("product", "id,title,product_type,created_at", &|n| format!("b{batch}-{n},T,t,{time}"));
        write("variant", "id,product_id,price,title,created_at,updated_at,ingested_at", &|n| {
            format!("b{batch}-{n},b{batch}-{n},100,T,{time},{time},{time}")
        });
    }
    shop
}

/// The batches that a dump holds; each is whole, and named as a load.
async fn batches_in_a_dump(shop: &Shop, run: i64) -> BTreeSet<String> {
    let store = Arc::new(InMemory::new());
    let manifest = dump(shop, &store, run, "2024-05-09", "UTC").await;
    let mut batches = BTreeSet::new();
    for table in ["orders", "order_lines", "product_version", "variant_version"] {
        let rows = rows(&store, &manifest, table).await;
        let batch_of = |row: &str| row.split('-').next().unwrap_or_default().to_owned();
        let held: BTreeSet<String> = rows.lines().map(batch_of).collect();
        assert_eq!(rows.lines().count(), held.len() * ROWS, "a batch is in {table} in part");
        assert!(
            table == "orders" || held == batches,
            "{table} shows another moment: {held:?}, not {batches:?}"
        );
        batches = held;
    }
    let mut loads = BTreeSet::new();
    for load in &manifest.loads {
        let uri = shop.query(&format!("select uri from daybook.load where id = {load}")).await;
        loads.extend(uri.rsplit('/').next().map(str::to_owned));
    }
    assert_eq!(loads, batches, "the dump names other loads than it holds");
    batches
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_beside_a_load_holds_whole_batches() {
    let shop = shop_with_batches().await;
    // whoever wants to store a row with this id waits for what becomes of this one
    let mut engineer = shop.ods.pool().begin().await.unwrap();
    let sql = format!("insert into ods.orders values ('b{HELD}-7', '2024-05-01', 'c')");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *engineer).await.unwrap();

    let load = async { shop.load_with("landing", &LoadOptions::default()).await };
    let dumps = async {
        let waits = format!(
            "select count(*) = {HELD} and exists (select from pg_stat_activity \
                 where datname = current_database() and wait_event = 'transactionid') \
             from daybook.load"
        );
        while shop.query(&waits).await != "true" {}
        let names = |batches: std::ops::Range<usize>| batches.map(|batch| format!("b{batch}")).collect();
        assert_eq!(batches_in_a_dump(&shop, 1).await, names(0..HELD), "half a batch was stored by then");
        engineer.rollback().await.unwrap();
        let all: BTreeSet<String> = names(0..BATCHES);
        let mut run = 2;
        while batches_in_a_dump(&shop, run).await != all {
            run += 1;
        }
    };
    let (reports, ()) = tokio::join!(load, dumps);
    assert_eq!(reports.len(), BATCHES);
}
