//! Several batches, and several loaders, at once.

use daybook_ods::{LoadOptions, LoadOutcome};

use crate::support::{Shop, file_url, now, time};

const ORDERS: &str = "id,processed_timestamp,customer_id\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\n";

/// Twelve batches: each has an order of its own, and all have order `shared`, with the batch's number as customer.
async fn shop_with_batches() -> Shop {
    let shop = Shop::open().await;
    for number in 10..22 {
        let time = "2024-05-01 10:00:00";
        shop.write(
            &format!("landing/b{number}/orders.csv"),
            format!("{ORDERS}o{number},{time},c\nshared,{time},c{number}\n"),
        );
        shop.write(
            &format!("landing/b{number}/order_lines.csv"),
            format!("{LINES}l{number},1,v,1,o{number}\nearly{number},1,v,1,o{}\n", number + 1),
        );
    }
    shop
}

async fn assert_loaded_once(shop: &Shop) {
    assert_eq!(shop.query("select count(*), count(distinct uri) from daybook.load").await, "12 12");
    assert_eq!(shop.query("select customer_id from ods.orders where id = 'shared'").await, "c21");
    assert_eq!(shop.query("select count(*) from ods.orders").await, "13");
    assert_eq!(
        shop.query("select count(*) from ods.order_lines").await,
        "23",
        "only one line's order is missing"
    );
}

#[tokio::test]
async fn batches_side_by_side_leave_what_they_would_one_after_the_other() {
    let shop = shop_with_batches().await;
    shop.load_with("landing", &LoadOptions::default()).await;
    assert_loaded_once(&shop).await;
}

#[tokio::test]
async fn two_loaders_at_once_load_each_batch_once() {
    let shop = shop_with_batches().await;
    let options = LoadOptions::default();
    let (one, other) = tokio::join!(shop.load_with("landing", &options), shop.load_with("landing", &options));
    let loaded =
        one.iter().chain(&other).filter(|report| matches!(report.outcome, LoadOutcome::Loaded { .. }));
    assert_eq!(loaded.count(), 12);
    assert_loaded_once(&shop).await;
}

#[tokio::test]
async fn a_load_that_meets_a_price_change_in_a_deadlock_is_tried_again() {
    let shop = Shop::open().await;
    let rows = |price: u32, at: &str| {
        let row = |id| format!("{id},p,{price},T,2024-01-01 00:00:00,{at} 00:00:00,2024-01-01 00:00:00\n");
        format!("id,product_id,price,title,created_at,updated_at,ingested_at\n{}{}", row("a"), row("b"))
    };
    shop.write("b1/product.csv", "id,title,product_type,created_at\np,T,t,2024-01-01 00:00:00\n");
    shop.write("b1/variant.csv", rows(100, "2024-01-01"));
    shop.load("b1").await;
    shop.write("b2/product.csv", "id,title,product_type,created_at\np,T,t,2024-01-01 00:00:00\n");
    shop.write("b2/variant.csv", rows(200, "2024-02-01"));

    let mut engineer = shop.ods.pool().begin().await.unwrap();
    sqlx::query("update ods.variant set price = 150 where id = 'b'").execute(&mut *engineer).await.unwrap();
    let load = shop.load("b2");
    let change = async {
        // until the load holds variant `a` and waits for `b`
        let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while shop.query(waits).await == "0" {}
        let changed =
            sqlx::query("update ods.variant set price = 150 where id = 'a'").execute(&mut *engineer).await;
        // the server ends the deadlock by failing one of the two
        match changed {
            Ok(_) => engineer.commit().await.unwrap(),
            Err(_) => engineer.rollback().await.unwrap(),
        }
    };
    let (report, ()) = tokio::join!(load, change);
    assert!(matches!(report.outcome, LoadOutcome::Loaded { .. }), "{report:?}");
    assert_eq!(shop.query("select count(*) from daybook.variant_version where price = 200").await, "2");
}

#[tokio::test]
async fn half_a_pair_shows_in_the_status_until_it_is_whole_or_gone() {
    let shop = Shop::open().await;
    shop.write("landing/b1/orders.csv", ORDERS);
    shop.write("landing/b10/orders.csv", ORDERS);
    shop.load_with("landing", &LoadOptions::default()).await;
    let waiting = shop.ods.status().await.unwrap().waiting;
    assert_eq!(waiting.len(), 2);
    assert_eq!((waiting[0].missing.as_str(), waiting[0].since), ("order_lines.csv", now()));

    let later = shop.at("2024-05-10 13:00:01").await;
    let uri = file_url(&shop.landing().join("landing"));
    let reports = later.load(&uri, &LoadOptions::default(), &|_| ()).await.unwrap();
    let LoadOutcome::Waiting { since, is_overdue, .. } = reports[0].outcome else { panic!("{reports:?}") };
    assert_eq!((since, is_overdue), (time("2024-05-10 12:00:00"), true));

    shop.write("landing/b1/order_lines.csv", LINES);
    shop.load("landing/b1").await;
    assert_eq!(shop.ods.status().await.unwrap().waiting.len(), 1, "another batch's half still waits");
    std::fs::remove_dir_all(shop.landing().join("landing/b10")).unwrap();
    shop.load_with("landing", &LoadOptions::default()).await;
    assert!(shop.ods.status().await.unwrap().waiting.is_empty());
}
