//! Batches and events in a bucket, also when the network breaks in the middle of them.

use std::fmt::Write;

use daybook_ods::{LoadOptions, LoadReport, OdsError};
use daybook_storage::StorageOptions;
use daybook_testkit::{Fault, FaultProxy, TestBucket};
use tokio::io::AsyncReadExt;
use url::Url;

use crate::support::{Shop, summary};

const ORDERS: &str =
    "id,processed_timestamp,customer_id\no1,2024-05-01 10:00:00,c1\no2,2024-05-02 10:00:00,c2\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\nl1,2,v1,500,o1\nl2,1,v2,700,o2\n";

async fn try_load(
    shop: &Shop,
    uri: String,
    variables: Vec<(String, String)>,
) -> Result<Vec<LoadReport>, OdsError> {
    let storage = StorageOptions::from_variables(variables);
    let options = LoadOptions { storage, ..LoadOptions::default() };
    shop.ods.load(&Url::parse(&uri).unwrap(), &options, &|_| ()).await
}

async fn load(shop: &Shop, bucket: &TestBucket, path: &str) -> Vec<LoadReport> {
    try_load(shop, bucket.url(path), bucket.variables()).await.unwrap()
}

async fn shop_and_bucket() -> (Shop, TestBucket) {
    let (shop, bucket) = tokio::join!(Shop::open(), TestBucket::create());
    (shop, bucket.unwrap())
}

pub(crate) async fn gzip(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = async_compression::tokio::bufread::GzipEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

async fn zstd(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = async_compression::tokio::bufread::ZstdEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

#[tokio::test]
async fn a_pair_is_loaded_once_however_it_is_packed() {
    let (shop, bucket) = shop_and_bucket().await;
    bucket.put("b1/orders.csv.gz", gzip(ORDERS).await).await.unwrap();
    bucket.put("b1/order_lines.csv.zst", zstd(LINES).await).await.unwrap();
    let reports = load(&shop, &bucket, "b1").await;
    assert_eq!(
        summary(&reports[0]),
        "loaded, healed 0\n\
         orders.csv.gz: read 2, loaded 2, unchanged 0, rejected 0, parked 0\n\
         order_lines.csv.zst: read 2, loaded 2, unchanged 0, rejected 0, parked 0"
    );
    assert_eq!(reports[0].uri, bucket.url("b1"));
    bucket.put("b2/orders.csv", ORDERS).await.unwrap();
    bucket.put("b2/order_lines.csv", LINES).await.unwrap();
    assert_eq!(summary(&load(&shop, &bucket, "b2/").await[0]), "already loaded");
    assert_eq!(shop.query("select sum(revenue) from ods.order_lines").await, "1200");
}

#[tokio::test]
async fn a_prefix_is_searched_at_any_depth_and_half_a_pair_waits() {
    let (shop, bucket) = shop_and_bucket().await;
    let payment =
        r#"{"id": "t1", "order_id": "o1", "status": "success", "created_at": "2024-05-01 11:00:00"}"#;
    for (key, content) in [
        ("landing/transactions-1.ndjson", payment),
        ("landing/2024/05/b1/orders.csv", ORDERS),
        ("landing/2024/05/b1/order_lines.csv", LINES),
        ("landing/2024/05/b2/orders.csv", ORDERS),
        ("landing-elsewhere/b1/orders.csv", ORDERS),
    ] {
        bucket.put(key, content).await.unwrap();
    }
    let reports = load(&shop, &bucket, "landing").await;
    let shown: Vec<_> = reports.iter().map(|report| (report.uri.clone(), summary(report))).collect();
    let uris: Vec<_> = shown.iter().map(|(uri, _)| uri.as_str()).collect();
    let below = |path: &str| bucket.url(&format!("landing/{path}"));
    assert_eq!(uris, [below("2024/05/b1"), below("2024/05/b2"), below("transactions-1.ndjson")]);
    assert_eq!(shown[1].1, "waiting for order_lines.csv");
    assert_eq!(
        shop.query(
            "select (select count(*) from ods.orders) as o, (select count(*) from ods.transaction) as t"
        )
        .await,
        "2 1"
    );
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let (shop, bucket) = shop_and_bucket().await;
    let missing = try_load(&shop, bucket.url("nothing/here"), bucket.variables()).await.unwrap_err();
    assert!(matches!(missing, OdsError::NotFound(_)), "{missing}");
    let nowhere = try_load(&shop, "s3://nowhere/b1".to_owned(), bucket.variables()).await.unwrap_err();
    let said = nowhere.to_string();
    assert!(said.starts_with("cannot access s3://nowhere/b1: there is no such bucket"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Enough rows that a file takes many pieces.
fn large_pair(orders: u32) -> (String, String) {
    let mut files = (
        String::from("id,processed_timestamp,customer_id\n"),
        LINES.lines().next().unwrap().to_owned() + "\n",
    );
    for order in 0..orders {
        writeln!(files.0, "o{order},2024-05-01 10:00:00,c{}", order % 97).unwrap();
        writeln!(files.1, "l{order},1,v{},{order},o{order}", order % 89).unwrap();
    }
    files
}

#[tokio::test]
async fn a_file_that_breaks_off_is_read_on_and_each_row_loaded_once() {
    const ROWS: u32 = 40_000;
    let (shop, bucket) = shop_and_bucket().await;
    let proxy = FaultProxy::before(&bucket).await.unwrap();
    let (orders, lines) = large_pair(ROWS);
    let packed = gzip(&lines).await;
    bucket.put("b1/orders.csv", &orders).await.unwrap();
    bucket.put("b1/order_lines.csv.gz", &packed).await.unwrap();
    for (file, size) in [("orders.csv", orders.len()), ("order_lines.csv.gz", packed.len())] {
        proxy.fault(&format!("/b1/{file}"), Fault::CutAfter(size as u64 / 2));
        proxy.fault(&format!("/b1/{file}"), Fault::Reset);
        proxy.fault(&format!("/b1/{file}"), Fault::CutAfter(1));
    }
    let reports = try_load(&shop, bucket.url("b1"), bucket.variables_through(&proxy)).await.unwrap();
    assert_eq!(proxy.requests("/b1/order").len(), 8, "every fault happened");
    assert_eq!(
        summary(&reports[0]),
        format!(
            "loaded, healed 0\n\
             orders.csv: read {ROWS}, loaded {ROWS}, unchanged 0, rejected 0, parked 0\n\
             order_lines.csv.gz: read {ROWS}, loaded {ROWS}, unchanged 0, rejected 0, parked 0"
        )
    );
    let expected: u64 = (0..u64::from(ROWS)).sum();
    assert_eq!(
        shop.query("select count(*), count(distinct order_id) as orders, sum(revenue) from ods.order_lines")
            .await,
        format!("{ROWS} {ROWS} {expected}")
    );
    assert_eq!(
        shop.query("select count(*), count(distinct load_id) as loads from daybook.load_file").await,
        "2 1"
    );
    // The same content without a broken network is the same file.
    assert_eq!(summary(&load(&shop, &bucket, "b1").await[0]), "already loaded");
}

#[tokio::test]
async fn a_file_that_keeps_breaking_leaves_nothing_behind() {
    let (shop, bucket) = shop_and_bucket().await;
    let proxy = FaultProxy::before(&bucket).await.unwrap();
    bucket.put("b1/orders.csv", ORDERS).await.unwrap();
    bucket.put("b1/order_lines.csv", LINES).await.unwrap();
    proxy.fault("/b1/order_lines.csv", Fault::CutAfter(50));
    proxy.fault("/b1/order_lines.csv", Fault::Answer(403, "<Error><Code>ExpiredToken</Code></Error>"));
    let failed = try_load(&shop, bucket.url("b1"), bucket.variables_through(&proxy)).await.unwrap_err();
    let said = failed.to_string();
    assert!(said.contains("b1/order_lines.csv: the credentials are wrong or expired"), "{said}");
    assert_eq!(shop.query("select count(*) from ods.orders").await, "0");
    assert_eq!(shop.query("select count(*) from daybook.load").await, "0");
    assert_eq!(load(&shop, &bucket, "b1").await.len(), 1);
    assert_eq!(shop.query("select count(*) from ods.order_lines").await, "2");
}
