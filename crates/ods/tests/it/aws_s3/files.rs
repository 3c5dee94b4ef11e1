//! Which files the server reads, and that it reads them as the client does.

use std::fmt::Write;

use daybook_ods::{LoadOptions, LoadOutcome, LoadRoute};

use super::{LINES, ORDERS, Shops, detour};
use crate::support::{Shop, summary};

#[tokio::test]
async fn plain_files_are_read_by_the_server() {
    let shops = Shops::open().await;
    shops.put("b1/orders.csv", format!("\u{feff}{}", ORDERS.replace('\n', "\r\n"))).await;
    shops.put("b1/order_lines.csv", LINES.trim_end()).await;
    shops
        .put("b1/product.csv", "title,id,created_at,product_type\nÄhre\t😀,p1,2024-05-01 10:00:00,'\\N\n")
        .await;
    let variant = "\"id\",product_id,price,title,created_at,updated_at,ingested_at\n\
         v1,p1,5,\\.,2024-05-01 10:00:00,2024-05-01 10:00:00,2024-05-01 10:00:00\n\n";
    shops.put("b1/variant.csv", variant).await;
    // line numbers and raw text: blank lines count, a contradiction and a lost line are kept with both
    shops
        .put(
            "b2/orders.csv",
            "id,processed_timestamp,customer_id\n\n\no3,2024-05-01 10:00:00,a\n\no3,2024-05-01 10:00:00,b\n",
        )
        .await;
    shops.put("b2/order_lines.csv", "id,quantity,variant_id,revenue,order_id\r\n\r\nl3,1,v,1,o9\r\n").await;

    let reports = shops.load("").await;
    assert_eq!(
        reports.iter().map(summary).collect::<Vec<_>>().join("\n"),
        "loaded, healed 0\n\
         product.csv: read 1, loaded 1, unchanged 0, rejected 0, parked 0\n\
         variant.csv: read 1, loaded 1, unchanged 0, rejected 0, parked 0\n\
         orders.csv: read 2, loaded 2, unchanged 0, rejected 0, parked 0\n\
         order_lines.csv: read 2, loaded 2, unchanged 0, rejected 0, parked 0\n\
         loaded, healed 0\n\
         orders.csv: read 2, loaded 0, unchanged 0, rejected 2, parked 0\n\
         order_lines.csv: read 1, loaded 0, unchanged 0, rejected 0, parked 1"
    );
    assert!(reports.iter().all(|report| report.warnings.is_empty()), "{reports:?}");
    assert_eq!(
        shops.by_server.query("select distinct bucket, region from aws_s3.kept").await,
        format!("{} us-east-1", shops.bucket.name())
    );
    assert_eq!(shops.kept().await.len(), 6);
    assert_eq!(
        shops.by_server.query("select line, raw from daybook.rejected_row order by line").await,
        "4 o3,2024-05-01 10:00:00,a\n6 o3,2024-05-01 10:00:00,b"
    );
}

#[tokio::test]
async fn content_is_the_same_by_either_route() {
    let shops = Shops::open().await;
    // with the header a whole block of the hash; more than one; two and one row
    for (batch, rows) in [("b1", 9_999), ("b2", 10_000), ("b3", 20_000)] {
        let mut orders = String::from("\u{feff}id,processed_timestamp,customer_id\n");
        for row in 0..rows {
            writeln!(orders, "{batch}-{row},2024-05-01 10:00:00,ç{row}").unwrap();
        }
        shops.put(&format!("all/{batch}/orders.csv"), orders).await;
        shops.put(&format!("all/{batch}/order_lines.csv"), LINES.lines().next().unwrap()).await;
    }
    shops.load("all").await;
    assert_eq!(shops.kept().await.len(), 6);
    assert_eq!(shops.by_server.query("select count(*) from ods.orders").await, "39999");

    shops.put("b4/orders.csv", ORDERS).await;
    shops.put("b4/order_lines.csv", LINES).await;
    shops.put("b5/orders.csv", format!("{}\r\n", ORDERS.replace('\n', "\r\n"))).await;
    shops.put("b5/order_lines.csv", LINES).await;
    let shop = &shops.by_server;
    let loaded = |reports: Vec<_>| summary(&reports[0]).starts_with("loaded");
    assert!(loaded(shops.load_by_server("b4").await));
    assert_eq!(summary(&shops.try_load(shop, "b5", LoadRoute::Client).await.unwrap()[0]), "already loaded");
    assert!(loaded(shops.load_by_client("b4").await));
    let copy = shops.try_load(&shops.by_client, "b5", LoadRoute::Client).await.unwrap();
    assert_eq!(summary(&copy[0]), "already loaded");
    shop.execute("delete from daybook.load").await;
    assert!(loaded(shops.try_load(shop, "b4", LoadRoute::Client).await.unwrap()));
    assert_eq!(summary(&shops.load_by_server("b5").await[0]), "already loaded");
}

#[tokio::test]
async fn whatever_is_not_plain_is_left_to_the_client() {
    let header = "id,processed_timestamp,customer_id\n";
    let row = "o1,2024-05-01 10:00:00,c\n";
    let text = |rest: &str| format!("{header}{row}{rest}").into_bytes();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("quoted", text("\"o2\",2024-05-01 10:00:00,c\n")),
        ("quote", text("o2,2024-05-01 10:00:00,5\" nail\n")),
        ("end-of-copy", text("\\.\no2,2024-05-01 10:00:00,c\n")),
        ("end-of-copy-at-end", text("\\.")),
        ("delimiter", text("o2\u{1},2024-05-01 10:00:00,c\n")),
        ("copy-quotes", text("\u{2}o2\u{2},2024-05-01 10:00:00,c\n")),
        ("copy-quotes-over-lines", text("o2\u{2},2024-05-01 10:00:00,c\n\no3\u{2},2024-05-01 10:00:00,c\n")),
        ("four-copy-quotes", text("o2\u{2}\u{2}\u{2}\u{2},2024-05-01 10:00:00,c\n")),
        ("open-copy-quote", text("o2\u{2},2024-05-01 10:00:00,c\n")),
        ("nul", text("o2,2024-05-01 10:00:00,\0\n")),
        ("latin-1", [text("o2,2024-05-01 10:00:00,").as_slice(), b"\xe9\n"].concat()),
        ("half-a-character", [text("o2,2024-05-01 10:00:00,").as_slice(), b"\xf0\x9f"].concat()),
        ("return", text("o2,2024-05-01 10:00:00,a\rb\n")),
        ("return-at-end", text("o2,2024-05-01 10:00:00,c\r")),
        ("mixed-ends", text("o2,2024-05-01 10:00:00,c\r\n")),
        ("other-mixed-ends", format!("{}o2,2024-05-01 10:00:00,c\n", header.replace('\n', "\r\n")).into()),
        ("doubled-return", format!("{header}o2,2024-05-01 10:00:00,c\r\n").replace('\n', "\r\n").into()),
        ("returns-only", format!("{header}{row}").replace('\n', "\r").into()),
        ("too-few", text("o2,2024-05-01 10:00:00\n")),
        ("too-many", text("o2,2024-05-01 10:00:00,c,\n")),
        ("blank", text(" \n")),
        ("long", text(&format!("o2,2024-05-01 10:00:00,{}\n", "c".repeat(20_000)))),
        ("too-long", text(&format!("o2,2024-05-01 10:00:00,{}\n", "c".repeat(1 << 20)))),
        ("late-mark", text("\u{feff}o2,2024-05-01 10:00:00,c\n\"\n")),
        ("marks", format!("\u{feff}\u{feff}{header}{row}").into()),
        ("unknown-column", format!("customer,{header}{row}").into()),
        ("late-header", format!("\n{header}{row}").into()),
        ("empty", Vec::new()),
    ];
    let shops = Shops::open().await;
    for (name, content) in &files {
        shops.put(&format!("{name}/orders.csv"), content).await;
        shops.put(&format!("{name}/order_lines.csv"), format!("{LINES}{name},x,1,v,1\n")).await;
    }
    let reports = shops.load("").await;
    assert_eq!(reports.len(), files.len());
    for report in &reports {
        let is_refused = matches!(report.outcome, LoadOutcome::Refused { .. });
        assert!(is_refused || detour(report).is_some_and(|why| why.contains("orders.csv")), "{report:?}");
    }
    // nor did it keep the other file of any pair
    assert_eq!(shops.kept().await.len(), 0);
}

#[tokio::test]
async fn other_kinds_of_files_do_not_ask_for_the_extension() {
    let shops = Shops::open().await;
    shops.by_server.execute("drop schema aws_s3, aws_commons cascade").await;
    let payment =
        r#"{"id": "t1", "order_id": "o1", "status": "success", "created_at": "2024-05-01 11:00:00"}"#;
    shops.put("b1/orders.csv.gz", super::super::s3::gzip(ORDERS).await).await;
    shops.put("b1/order_lines.csv", LINES).await;
    shops.put("transactions-1.ndjson", payment).await;
    assert_eq!(shops.load("").await.len(), 2);

    let shop = Shop::open().await;
    shop.write("b1/orders.csv", ORDERS);
    shop.write("b1/order_lines.csv", LINES);
    let options = LoadOptions { route: LoadRoute::AwsS3, ..LoadOptions::default() };
    assert!(summary(&shop.load_with("b1", &options).await[0]).starts_with("loaded"));
}
