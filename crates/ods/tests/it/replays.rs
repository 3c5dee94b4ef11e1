//! Rejected rows: exported, corrected and replayed into the same books.

use std::path::{Path, PathBuf};

use daybook_ods::{LoadOptions, LoadReport, OdsError, RejectFilter};

use crate::support::{Shop, file_url, summary};

const PRODUCTS: &str = "id,title,product_type,created_at\n\
    p1,,mug,2024-04-01 00:00:00\np2,Plate,plate,2024-04-01 00:00:00\n";
const VARIANTS: &str = "title,id,product_id,price,created_at,updated_at,ingested_at\n\
    small,v1,p1,12.50,2024-04-01 00:00:00,2024-04-02 00:00:00,2024-04-02 00:00:00\n\
    large,v2,p2,900,2024-04-01 00:00:00,2024-04-02 00:00:00,2024-04-02 00:00:00\n";
const ORDERS: &str = "id,processed_timestamp,customer_id\n\"a\n1\",2024-05-01 10:00:00,\n\
    b,2024-05-01 10:00:00,c2\nb,2024-05-01 10:00:00,c3\nc,2024-05-01,c1\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\n\
    l1,1,v1,1250,\"a\n1\"\nl2,one,v2,900,b\nl3,2,v2,1800,c,\n";
const PAYMENTS: &str = "{\"id\":\"t1\",\"order_id\":\"b\",\"status\":\"\",\"created_at\":\"2024-05-01 11:00:00\"}\n\
    {\"id\":\"t1\",\"order_id\":\"b\",\"status\":\"failed\",\"created_at\":\"yesterday\"}\n\
    {\"id\":\"t2\",\n";

/// What a shop's books say, whatever the way there.
const BOOKS: [&str; 7] = [
    "select * from ods.product order by id",
    "select * from ods.variant order by id",
    "select * from ods.orders order by id",
    "select * from ods.order_lines order by id",
    "select * from ods.transaction order by id",
    "select id, title, product_type, created_at, valid_from from daybook.product_version order by id, valid_from",
    "select id, price, valid_from from daybook.variant_version order by id, valid_from",
];

async fn books(shop: &Shop) -> Vec<String> {
    let mut books = Vec::new();
    for query in BOOKS {
        books.push(shop.query(query).await);
    }
    books
}

fn all() -> LoadOptions {
    LoadOptions { max_reject_ratio: 1.0, ..LoadOptions::default() }
}

/// A shop that loaded the given files in two batches and a file of payments.
async fn shop_of(products: &str, variants: &str, orders: &str, lines: &str, payments: &str) -> Shop {
    let shop = Shop::open().await;
    shop.write("1/product.csv", products);
    shop.write("1/variant.csv", variants);
    shop.write("2/orders.csv", orders);
    shop.write("2/order_lines.csv", lines);
    shop.write("transactions.ndjson", payments);
    for part in ["1", "2", "transactions.ndjson"] {
        shop.load_with(part, &all()).await;
    }
    shop
}

async fn bad_shop() -> Shop {
    shop_of(PRODUCTS, VARIANTS, ORDERS, LINES, PAYMENTS).await
}

/// Exports what is open into a folder of the landing directory's neighbourhood.
async fn export(shop: &Shop, folder: &str) -> PathBuf {
    let folder = shop.landing().join(folder);
    shop.ods.export_rejects(&RejectFilter::default(), &folder).await.unwrap();
    folder
}

async fn replay(shop: &Shop, folder: &Path) -> Vec<LoadReport> {
    shop.ods.replay_rejects(&file_url(folder), &LoadOptions::default(), &|_| ()).await.unwrap()
}

async fn open_rows(shop: &Shop) -> String {
    shop.query(
        "select table_name, line, reason from daybook.rejected_row where replayed_in is null order by table_name, line",
    )
    .await
}

fn correct(file: PathBuf, corrections: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (wrong, right) in corrections {
        assert!(text.contains(wrong), "{wrong} is not in {text}");
        text = text.replacen(wrong, right, 1);
    }
    std::fs::write(file, text).unwrap();
}

#[tokio::test]
async fn an_export_shows_each_row_with_its_columns_place_and_reason() {
    let shop = bad_shop().await;
    let folder = export(&shop, "export").await;
    let files = ["product", "variant", "orders", "order_lines", "transaction"];
    let exported = files.map(|file| std::fs::read_to_string(folder.join(format!("{file}.csv"))).unwrap());
    insta::assert_snapshot!(exported.join("\n"));
}

#[tokio::test]
async fn corrected_rows_make_the_books_that_right_ones_would_have_made() {
    let shop = bad_shop().await;
    let folder = export(&shop, "fixed").await;
    correct(folder.join("product.csv"), &[("p1,,mug", "p1,Mug,mug")]);
    correct(folder.join("variant.csv"), &[("v1,p1,12.50", "v1,p1,1250")]);
    correct(
        folder.join("orders.csv"),
        &[
            ("1\",2024-05-01 10:00:00,,", "1\",2024-05-01 10:00:00,c1,"),
            ("b,2024-05-01 10:00:00,c2,", "d,2024-05-01 10:00:00,c2,"),
            ("c,2024-05-01,", "c,2024-05-01 12:00:00,"),
        ],
    );
    correct(folder.join("order_lines.csv"), &[("l2,one", "l2,1"), (",,,,,", "l3,2,v2,1800,c,")]);
    correct(
        folder.join("transaction.csv"),
        &[
            ("t1,b,,", "t1,b,pending,"),
            ("yesterday", "2024-05-01 12:00:00"),
            (",,,,", "t2,c,success,2024-05-02 12:00:00,"),
        ],
    );
    let reports = replay(&shop, &folder).await;
    assert_eq!(reports.len(), 3, "one for each load that had rejected rows: {reports:?}");
    assert_eq!(open_rows(&shop).await, "");

    let right = shop_of(
        &PRODUCTS.replace("p1,,", "p1,Mug,"),
        &VARIANTS.replace("12.50", "1250"),
        "id,processed_timestamp,customer_id\n\"a\n1\",2024-05-01 10:00:00,c1\n\
         d,2024-05-01 10:00:00,c2\nb,2024-05-01 10:00:00,c3\nc,2024-05-01 12:00:00,c1\n",
        &LINES.replace("one", "1").replace("1800,c,", "1800,c"),
        "{\"id\":\"t1\",\"order_id\":\"b\",\"status\":\"pending\",\"created_at\":\"2024-05-01 11:00:00\"}\n\
         {\"id\":\"t1\",\"order_id\":\"b\",\"status\":\"failed\",\"created_at\":\"2024-05-01 12:00:00\"}\n\
         {\"id\":\"t2\",\"order_id\":\"c\",\"status\":\"success\",\"created_at\":\"2024-05-02 12:00:00\"}\n",
    )
    .await;
    assert_eq!(books(&shop).await, books(&right).await);

    let twice = replay(&shop, &folder).await;
    assert!(twice.iter().all(|report| summary(report) == "already loaded"), "{twice:?}");
}

#[tokio::test]
async fn rows_that_nobody_corrected_are_rejected_again_at_their_lines() {
    let shop = bad_shop().await;
    let before = (books(&shop).await, shop.query("select count(*) from daybook.rejected_row").await);
    let folder = export(&shop, "untouched").await;
    replay(&shop, &folder).await;
    assert_eq!(books(&shop).await, before.0);
    assert_eq!(
        shop.query("select count(*) from daybook.rejected_row where replayed_in is null").await,
        before.1
    );
    let lines = "select line from daybook.rejected_row where replayed_in is null and table_name = 'orders' order by line";
    assert_eq!(
        shop.query(lines).await,
        "2\n5\n6\n7",
        "the record on line 2 has three lines, one in its raw text"
    );

    // a second round is judged as the first load was
    let again = export(&shop, "again").await;
    correct(again.join("orders.csv"), &[("b,2024-05-01 10:00:00,c2,", "d,2024-05-01 10:00:00,c2,")]);
    replay(&shop, &again).await;
    assert_eq!(shop.query("select id from ods.orders order by id").await, "b\nd");
    assert_eq!(
        shop.query("select distinct replays from daybook.load where replays is not null order by 1").await,
        "1\n2\n3"
    );
    assert!(open_rows(&shop).await.contains("product 2 missing_value"), "known as it is, and still wrong");
}

#[tokio::test]
async fn the_same_correction_of_two_loads_closes_the_rows_of_both() {
    let shop = Shop::open().await;
    for day in ["1", "2"] {
        shop.write(
            &format!("{day}/orders.csv"),
            "id,processed_timestamp,customer_id\na,2024-05-01 10:00:00,\n",
        );
        shop.write(
            &format!("{day}/order_lines.csv"),
            format!("id,quantity,variant_id,revenue,order_id\nl{day},1,v1,100,a\n"),
        );
        shop.load_with(day, &all()).await;
    }
    let folder = export(&shop, "fixed").await;
    correct(
        folder.join("orders.csv"),
        &[("10:00:00,,1,1,", "10:00:00,c1,1,1,"), ("10:00:00,,2,2,", "10:00:00,c1,2,2,")],
    );
    let outcomes: Vec<String> = replay(&shop, &folder).await.iter().map(summary).collect();
    let loaded = "loaded, healed 2\norders.csv: read 1, loaded 1, unchanged 0, rejected 0, parked 0";
    assert_eq!(outcomes, [loaded, "already loaded"]);
    assert_eq!(
        shop.query("select id, replayed_in from daybook.rejected_row order by id").await,
        "1 3\n2 3",
        "the load that has the content brought both"
    );
}

#[tokio::test]
async fn a_damaged_value_is_exported_empty_whatever_else_is_wrong_with_its_row() {
    let shop = Shop::open().await;
    shop.write(
        "1/orders.csv",
        b"id,processed_timestamp,customer_id\no1,never,caf\xe9\no2,never,a\0b\no3,never,c3\n",
    );
    shop.write("1/order_lines.csv", "id,quantity,variant_id,revenue,order_id\n");
    shop.write(
        "transactions.ndjson",
        r#"{"id":"t1","order_id":"a\u0000b","status":"failed","created_at":"2024-05-01 10:00:00"}"#,
    );
    shop.load_with("", &all()).await;
    let folder = export(&shop, "damaged").await;
    correct(
        folder.join("orders.csv"),
        &[
            ("o1,never,,", "o1,2024-05-01 10:00:00,,"),
            ("o2,never,,", "o2,2024-05-01 10:00:00,,"),
            ("o3,never,c3,", "o3,2024-05-01 10:00:00,c3,"),
        ],
    );
    let payments = std::fs::read_to_string(folder.join("transaction.csv")).unwrap();
    assert!(payments.contains("t1,,failed,2024-05-01 10:00:00,"), "{payments}");
    replay(&shop, &folder).await;
    assert_eq!(shop.query("select id, customer_id from ods.orders").await, "o3 c3");
    assert_eq!(
        open_rows(&shop).await,
        "orders 2 missing_value\norders 3 missing_value\ntransaction 2 missing_value"
    );
}

#[tokio::test]
async fn a_table_that_is_none_of_the_contract_is_told() {
    let shop = bad_shop().await;
    shop.execute("update daybook.rejected_row set table_name = 'refund' where id = 1").await;
    let folder = shop.landing().join("strange");
    let error = shop.ods.export_rejects(&RejectFilter::default(), &folder).await.unwrap_err();
    assert!(error.to_string().contains("'refund' is none of the contract's tables"), "{error}");
}

#[tokio::test]
async fn a_parent_that_comes_back_alone_heals_what_waited_for_it() {
    let shop = Shop::open().await;
    shop.write("1/product.csv", "id,title,product_type,created_at\np1,,mug,2024-04-01 00:00:00\n");
    shop.write("1/variant.csv", VARIANTS.replace("12.50", "1250").replace("p2", "p1"));
    shop.write("2/orders.csv", "id,processed_timestamp,customer_id\na,2024-05-01 10:00:00,\n");
    shop.write("2/order_lines.csv", "id,quantity,variant_id,revenue,order_id\nl1,1,v1,1250,a\n");
    shop.load_with("1", &all()).await;
    shop.load_with("2", &all()).await;
    assert_eq!(shop.query("select count(*) from daybook.parked_row where healed_at is null").await, "3");
    let folder = export(&shop, "parents").await;
    correct(folder.join("product.csv"), &[("p1,,mug", "p1,Mug,mug")]);
    correct(folder.join("orders.csv"), &[("10:00:00,,", "10:00:00,c1,")]);
    let healed: Vec<u64> = replay(&shop, &folder).await.iter().map(|report| report.healed).collect();
    assert_eq!(healed, [2, 1]);
    assert_eq!(shop.query("select id from ods.variant order by id").await, "v1\nv2");
    assert_eq!(shop.query("select id from ods.order_lines").await, "l1");
}

#[tokio::test]
async fn what_is_no_export_is_refused_whole() {
    let shop = bad_shop().await;
    let folder = export(&shop, "broken").await;
    let orders = std::fs::read_to_string(folder.join("orders.csv")).unwrap();
    let attempts = [
        (orders.replace("rejected_row_id", "row"), "its header lacks the column 'rejected_row_id'"),
        (
            orders.replace("c,2024-05-01,c1,", "c,2024-05-01,c1,9"),
            "line 7: no row of orders was rejected under the number 9",
        ),
        (orders.replace("c,2024-05-01,c1,", "c,2024-05-01,c1,x"), "line 7: rejected_row_id is not a number"),
        (orders.replace("c,2024-05-01,", "c,2024-05-01"), "line 7 has 10 fields, not 11"),
        (String::new(), "it is empty"),
    ];
    for (content, problem) in attempts {
        std::fs::write(folder.join("orders.csv"), content).unwrap();
        let error =
            shop.ods.replay_rejects(&file_url(&folder), &LoadOptions::default(), &|_| ()).await.unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(error.to_string().ends_with("nothing was replayed"), "{error}");
    }
    let exported = shop.ods.export_rejects(&RejectFilter::default(), &folder).await;
    assert!(matches!(exported, Err(OdsError::Write { .. })), "what somebody works at is not overwritten");
    assert_eq!(shop.query("select count(*) from daybook.load").await, "3");
}

#[tokio::test]
async fn rows_are_found_by_load_table_and_reason() {
    let shop = bad_shop().await;
    let find = async |filter: RejectFilter| {
        let rows = shop.ods.rejected_rows(&filter, 100).await.unwrap();
        rows.iter().map(|row| format!("{}:{}", row.file, row.line)).collect::<Vec<_>>().join(" ")
    };
    let reason = Some("conflicting_duplicate".to_owned());
    assert_eq!(find(RejectFilter { reason, ..RejectFilter::default() }).await, "orders.csv:4 orders.csv:5");
    let product = Some(daybook_model::contract::Table::Product);
    assert_eq!(find(RejectFilter { table: product, ..RejectFilter::default() }).await, "product.csv:2");
    assert_eq!(
        find(RejectFilter { load_id: Some(3), ..RejectFilter::default() }).await.split(' ').count(),
        3
    );
    assert_eq!(find(RejectFilter { id: Some(1), ..RejectFilter::default() }).await, "product.csv:2");
}
