//! One who loads the same place again and again reads only what is new.

use std::sync::atomic::{AtomicU64, Ordering};

use daybook_ods::{LoadEvent, LoadOptions, LoadReport, Settled};

use crate::support::{Shop, file_url, summary};

const ORDERS: &str = "id,processed_timestamp,customer_id\no1,2024-05-01 10:00:00,c1\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\nl1,2,v1,500,o1\n";

/// Loads the whole landing directory, and says how many rows were read for it.
async fn load_again(shop: &Shop, settled: &Settled) -> (Vec<LoadReport>, u64) {
    let rows_read = AtomicU64::new(0);
    let count = |event: LoadEvent<'_>| {
        if let LoadEvent::Read { rows, .. } = event {
            rows_read.fetch_add(rows, Ordering::Relaxed);
        }
    };
    let uri = file_url(shop.landing());
    let reports = shop.ods.load_again(&uri, &LoadOptions::default(), settled, &count).await.unwrap();
    (reports, rows_read.into_inner())
}

#[tokio::test]
async fn a_refused_batch_is_read_again_once_its_files_change() {
    let shop = Shop::open().await;
    shop.write("b1/orders.csv", ORDERS.replace("2024-05-01 10:00:00", "never"));
    shop.write("b1/order_lines.csv", LINES.replace("500", "much"));
    let settled = Settled::default();
    let (reports, rows) = load_again(&shop, &settled).await;
    assert!(summary(&reports[0]).starts_with("refused: 2 of 2 rows"), "{reports:?}");
    assert_eq!(rows, 2);
    let (reports, rows) = load_again(&shop, &settled).await;
    assert!(summary(&reports[0]).starts_with("refused: 2 of 2 rows"), "{reports:?}");
    assert_eq!(rows, 0);
    let (_, rows) = load_again(&shop, &Settled::default()).await;
    assert_eq!(rows, 2, "another one knows nothing of it");

    shop.write("b1/orders.csv", ORDERS);
    shop.write("b1/order_lines.csv", LINES);
    let (reports, _) = load_again(&shop, &settled).await;
    assert!(summary(&reports[0]).starts_with("loaded"), "{reports:?}");
}

#[tokio::test]
async fn a_copy_is_read_again_only_when_the_ledger_has_lost_what_it_copies() {
    let shop = Shop::open().await;
    for batch in ["b1", "copy"] {
        shop.write(&format!("{batch}/orders.csv"), ORDERS);
        shop.write(&format!("{batch}/order_lines.csv"), LINES);
    }
    let settled = Settled::default();
    for rows_read in [4, 0] {
        let (reports, rows) = load_again(&shop, &settled).await;
        assert_eq!((summary(&reports[1]), rows), ("already loaded".to_owned(), rows_read));
    }
    shop.execute("delete from daybook.load").await;
    std::fs::remove_dir_all(shop.landing().join("b1")).unwrap();
    let (reports, rows) = load_again(&shop, &settled).await;
    assert!(summary(&reports[0]).starts_with("loaded"), "{reports:?}");
    assert_eq!(rows, 2);
}

#[tokio::test]
async fn files_that_are_still_being_written_are_nothing_yet() {
    let shop = Shop::open().await;
    shop.write("b1/orders.csv.part", "id,proc");
    shop.write("_b2/orders.csv", ORDERS);
    shop.write(".b3/orders.csv", ORDERS);
    let (reports, _) = load_again(&shop, &Settled::default()).await;
    assert!(reports.is_empty(), "{reports:?}");
}
