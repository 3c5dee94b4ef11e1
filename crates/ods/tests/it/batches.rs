//! Batches: whole, once, and by their content.

use daybook_ods::{LoadOptions, LoadOutcome, OdsError};

use crate::support::{Shop, file_url, summary};

const ORDERS: &str =
    "id,processed_timestamp,customer_id\no1,2024-05-01 10:00:00,c1\no2,2024-05-02T10:00:00Z,c2\n";
const LINES: &str = "order_id,id,revenue,variant_id,quantity\no1,l1,500,v1,2\no2,l2,-70,v2,-1\n";

async fn shop_with_a_batch() -> Shop {
    let shop = Shop::open().await;
    shop.write("b1/orders.csv", ORDERS);
    shop.write("b1/order_lines.csv", LINES);
    shop
}

#[tokio::test]
async fn a_pair_is_loaded_with_its_columns_in_any_order() {
    let shop = shop_with_a_batch().await;
    assert_eq!(
        summary(&shop.load("b1").await),
        "loaded, healed 0\n\
         orders.csv: read 2, loaded 2, unchanged 0, rejected 0, parked 0\n\
         order_lines.csv: read 2, loaded 2, unchanged 0, rejected 0, parked 0"
    );
    assert_eq!(
        shop.query("select * from ods.order_lines order by id").await,
        "l1 2 v1 500 o1\nl2 -1 v2 -70 o2"
    );
    assert_eq!(
        shop.query("select dates_touched::text as dates, published_in from daybook.load").await,
        "{2024-05-01,2024-05-02} -"
    );
}

#[tokio::test]
async fn the_same_content_is_loaded_once_whatever_its_name() {
    let shop = shop_with_a_batch().await;
    shop.load("b1").await;
    assert_eq!(summary(&shop.load("b1").await), "already loaded");
    shop.write("copy/orders.csv", ORDERS);
    shop.write("copy/order_lines.csv.zst", zstd(LINES).await);
    assert_eq!(summary(&shop.load("copy").await), "already loaded");
    assert_eq!(shop.query("select count(*) from daybook.load").await, "1");
}

#[tokio::test]
async fn a_changed_file_under_a_known_name_is_a_correction() {
    let shop = shop_with_a_batch().await;
    shop.load("b1").await;
    shop.write("b1/order_lines.csv", LINES.replace("500", "510"));
    shop.write("b1/orders.csv", ORDERS.replace("2024-05-02T", "2024-05-03T"));
    assert_eq!(
        summary(&shop.load("b1").await),
        "loaded, healed 0\n\
         orders.csv: read 2, loaded 1, unchanged 1, rejected 0, parked 0\n\
         order_lines.csv: read 2, loaded 1, unchanged 1, rejected 0, parked 0"
    );
    assert_eq!(
        shop.query("select dates_touched::text as dates from daybook.load order by id desc limit 1").await,
        "{2024-05-01,2024-05-02,2024-05-03}"
    );
}

#[tokio::test]
async fn half_a_pair_waits() {
    let shop = shop_with_a_batch().await;
    shop.write("b1/product.csv", "id,title,product_type,created_at\n");
    assert_eq!(summary(&shop.load("b1").await), "waiting for variant.csv");
    assert_eq!(shop.query("select count(*) from ods.orders").await, "0");
    shop.write("b1/variant.csv", "id,product_id,price,title,created_at,updated_at,ingested_at\n");
    assert!(matches!(shop.load("b1").await.outcome, LoadOutcome::Loaded { .. }));
}

#[tokio::test]
async fn compressed_files_are_read_through_all_their_members() {
    let shop = Shop::open().await;
    let (head, tail) = ORDERS.split_at(ORDERS.find("o2").unwrap());
    shop.write("b1/orders.csv.gz", [gzip(head).await, gzip(tail).await].concat());
    shop.write("b1/order_lines.csv.zst", zstd(LINES).await);
    shop.load("b1").await;
    assert_eq!(shop.query("select count(*) from ods.order_lines").await, "2");

    shop.write("b2/orders.csv.gz", &gzip(ORDERS).await[..40]);
    shop.write("b2/order_lines.csv", LINES);
    let report = shop.load("b2").await;
    assert!(report.is_refused(), "{report:?}");
}

#[tokio::test]
async fn a_wrong_header_refuses_the_batch_until_it_is_mended() {
    let shop = shop_with_a_batch().await;
    shop.write("b1/orders.csv", ORDERS.replace("customer_id", "customer"));
    assert_eq!(
        summary(&shop.load("b1").await),
        "refused: orders.csv is refused: its header has an unknown column 'customer'; \
         the first line must be id,processed_timestamp,customer_id"
    );
    for (header, problem) in [
        ("id,processed_timestamp", "lacks the column 'customer_id'"),
        ("id,processed_timestamp,customer_id,id", "has the column 'id' twice"),
        ("", "it is empty"),
    ] {
        shop.write("b1/orders.csv", header);
        let shown = summary(&shop.load("b1").await);
        assert!(shown.contains(problem), "{shown}");
    }
    assert_eq!(shop.ods.status().await.unwrap().refused.len(), 1);
    assert_eq!(shop.query("select count(*) from ods.order_lines").await, "0");
    shop.write("b1/orders.csv", format!("\u{feff}{}", ORDERS.replace('\n', "\r\n")));
    assert!(matches!(shop.load("b1").await.outcome, LoadOutcome::Loaded { .. }));
    assert!(shop.ods.status().await.unwrap().refused.is_empty());
}

/// The names of the batches in `landing` that the status shows as refused.
async fn refused(shop: &Shop) -> Vec<String> {
    let status = shop.ods.status().await.unwrap();
    let name = |uri: &str| uri.rsplit('/').next().unwrap().to_owned();
    status.refused.iter().map(|batch| name(&batch.uri)).collect()
}

#[tokio::test]
async fn a_refused_batch_that_is_mended_under_another_name_is_refused_no_more() {
    let shop = Shop::open().await;
    shop.write("landing/b1/orders.csv", "wrong\n");
    shop.write("landing/b1/order_lines.csv", LINES);
    assert!(shop.load("landing/b1").await.is_refused());
    for batch in ["b1-fixed", "b1"] {
        shop.write(&format!("landing/{batch}/orders.csv"), ORDERS);
        shop.write(&format!("landing/{batch}/order_lines.csv"), LINES);
    }
    shop.load("landing/b1-fixed").await;
    assert_eq!(refused(&shop).await, ["b1"]);
    assert_eq!(summary(&shop.load("landing/b1").await), "already loaded");
    assert!(refused(&shop).await.is_empty());
}

#[tokio::test]
async fn a_batch_whose_loaded_files_are_put_back_is_refused_no_more() {
    let shop = shop_with_a_batch().await;
    shop.load("b1").await;
    let (batch, aside) = (shop.landing().join("b1"), shop.landing().join("_aside"));
    std::fs::rename(&batch, &aside).unwrap();
    shop.write("b1/orders.csv", "wrong\n");
    shop.write("b1/order_lines.csv", LINES);
    assert!(shop.load("b1").await.is_refused());
    std::fs::remove_dir_all(&batch).unwrap();
    std::fs::rename(&aside, &batch).unwrap();
    assert_eq!(summary(&shop.load("b1").await), "already loaded");
    assert!(refused(&shop).await.is_empty());
}

#[tokio::test]
async fn a_refused_batch_that_is_taken_away_is_forgotten_by_whoever_looks_at_its_place() {
    let shop = Shop::open().await;
    for batch in ["b1", "b10", "b2"] {
        shop.write(&format!("landing/{batch}/orders.csv"), "wrong\n");
        shop.write(&format!("landing/{batch}/order_lines.csv"), LINES);
    }
    shop.load_with("landing", &LoadOptions::default()).await;
    for batch in ["b10", "b2"] {
        std::fs::remove_dir_all(shop.landing().join("landing").join(batch)).unwrap();
    }
    shop.load("landing/b1").await;
    assert_eq!(refused(&shop).await, ["b1", "b10", "b2"], "nobody has looked for the others");
    shop.load_with("landing", &LoadOptions::default()).await;
    assert_eq!(refused(&shop).await, ["b1"]);
}

#[tokio::test]
async fn too_many_bad_rows_refuse_a_batch_and_not_its_neighbours() {
    let shop = shop_with_a_batch().await;
    shop.write("b0/orders.csv", "id,processed_timestamp,customer_id\nx1,never,c\nx2,never,c\nx3,never,c\n");
    shop.write("b0/order_lines.csv", LINES);
    shop.write("b0/readme.txt", "");
    shop.write("b0/.orders.csv.swp", "");
    let reports = shop.load_with("", &LoadOptions::default()).await;
    assert_eq!(reports.len(), 2);
    assert!(summary(&reports[0]).starts_with("refused: 3 of 5 rows"), "{:?}", reports[0]);
    assert_eq!(reports[0].warnings, ["readme.txt is no file of a batch: ignored"]);
    assert!(matches!(reports[1].outcome, LoadOutcome::Loaded { .. }));
    assert_eq!(shop.query("select count(*) from daybook.rejected_row").await, "0");

    let lenient = LoadOptions { max_reject_ratio: 0.6, ..LoadOptions::default() };
    let reports = shop.load_with("b0", &lenient).await;
    assert!(matches!(reports[0].outcome, LoadOutcome::Loaded { .. }));
    assert_eq!(
        shop.query("select distinct reason, column_name from daybook.rejected_row").await,
        "not_a_timestamp processed_timestamp"
    );
}

#[tokio::test]
async fn nothing_to_load_is_an_error_that_names_it() {
    let shop = shop_with_a_batch().await;
    let load = async |path: &str| {
        let uri = file_url(&shop.landing().join(path));
        shop.ods.load(&uri, &LoadOptions::default(), &|_| ()).await
    };
    let missing = load("nowhere").await.unwrap_err();
    assert!(matches!(&missing, OdsError::NotFound(uri) if uri.ends_with("/nowhere")), "{missing}");
    shop.write("junk/a.txt", "x");
    let junk = load("junk").await.unwrap_err();
    assert!(matches!(junk, OdsError::NothingToLoad(_)), "{junk}");
    let half = load("b1/orders.csv").await.unwrap_err();
    assert!(half.to_string().contains("give the directory"), "{half}");
    std::fs::create_dir(shop.landing().join("empty")).unwrap();
    assert!(load("empty").await.unwrap().is_empty());
    shop.write("b1/orders.csv.gz", "");
    assert!(summary(&load("b1").await.unwrap()[0]).contains("keep one"));
}

async fn gzip(text: &str) -> Vec<u8> {
    use tokio::io::AsyncReadExt;
    let mut packed = Vec::new();
    async_compression::tokio::bufread::GzipEncoder::new(text.as_bytes())
        .read_to_end(&mut packed)
        .await
        .unwrap();
    packed
}

async fn zstd(text: &str) -> Vec<u8> {
    use tokio::io::AsyncReadExt;
    let mut packed = Vec::new();
    async_compression::tokio::bufread::ZstdEncoder::new(text.as_bytes())
        .read_to_end(&mut packed)
        .await
        .unwrap();
    packed
}
