//! Rows that break the contract: kept with their place and reason, and nothing else is held up.

use daybook_ods::LoadOptions;

use crate::support::{Shop, summary};

#[tokio::test]
async fn every_breach_is_kept_with_line_column_and_raw_text() {
    let shop = Shop::open().await;
    let long = "x".repeat(513);
    let mut orders = b"id,processed_timestamp,customer_id\n\
        \"multi\nline\",2024-05-01 10:00:00,c\n\
        o1,2024-05-01 10:00:00,\n\
        o2,2024-02-30 10:00:00,c\n\
        o3,2024-05-01 10:00:00\n\
        o4,2024-05-01 10:00:00,\"c\"x\n"
        .to_vec();
    orders.extend(format!("{long},2024-05-01 10:00:00,c\n").bytes());
    orders.extend(b"o5,2024-05-01 10:00:00,\xff\n\"\",2024-05-01 10:00:00,c\n");
    orders.extend(b"o6,2024-05-01 10:00:00,a\0b\no7,2024-05-01 10:00:00,\"open\n");
    shop.write("b1/orders.csv", orders);
    shop.write(
        "b1/order_lines.csv",
        "id,quantity,variant_id,revenue,order_id\nl1,1.5,v,1,o1\nl2,1,v,99999999999,o1\n",
    );
    let options = LoadOptions { max_reject_ratio: 1.0, ..LoadOptions::default() };
    let reports = shop.load_with("b1", &options).await;
    assert_eq!(
        summary(&reports[0]),
        "loaded, healed 0\n\
         orders.csv: read 10, loaded 1, unchanged 0, rejected 9, parked 0\n\
         order_lines.csv: read 2, loaded 0, unchanged 0, rejected 2, parked 0"
    );
    assert_eq!(
        shop.query(
            "select file, line, column_name, reason, left(raw, 12) from daybook.rejected_row order by file desc, line"
        )
        .await,
        "orders.csv 4 customer_id missing_value o1,2024-05-0\n\
         orders.csv 5 processed_timestamp not_a_timestamp o2,2024-02-3\n\
         orders.csv 6 - wrong_field_count o3,2024-05-0\n\
         orders.csv 7 - damaged_quotes o4,2024-05-0\n\
         orders.csv 8 id too_long xxxxxxxxxxxx\n\
         orders.csv 9 customer_id not_utf8 o5,2024-05-0\n\
         orders.csv 10 id missing_value \"\",2024-05-0\n\
         orders.csv 11 customer_id nul_character o6,2024-05-0\n\
         orders.csv 12 - damaged_quotes o7,2024-05-0\n\
         order_lines.csv 2 quantity not_an_integer l1,1.5,v,1,o\n\
         order_lines.csv 3 revenue not_an_integer l2,1,v,99999"
    );
    assert_eq!(
        shop.query("select message from daybook.rejected_row where line = 4").await,
        "customer_id is missing"
    );
}

#[tokio::test]
async fn duplicates_are_one_when_identical_and_none_when_they_conflict() {
    let shop = Shop::open().await;
    shop.write(
        "b1/orders.csv",
        "id,processed_timestamp,customer_id\n\
         a,2024-05-01 10:00:00,c\nA,2024-05-01 10:00:00,c\na,2024-05-01 10:00:00,c\n\
         b,2024-05-01 10:00:00,c\nb,2024-05-01 10:00:00,d\nb,2024-05-01 10:00:00,c\n",
    );
    shop.write("b1/order_lines.csv", "id,quantity,variant_id,revenue,order_id\nl1,1,v,1,a\nl2,1,v,1,b\n");
    assert_eq!(
        summary(&shop.load("b1").await),
        "loaded, healed 0\n\
         orders.csv: read 6, loaded 2, unchanged 1, rejected 3, parked 0\n\
         order_lines.csv: read 2, loaded 1, unchanged 0, rejected 0, parked 1"
    );
    assert_eq!(
        shop.query("select line, column_name, reason from daybook.rejected_row order by line").await,
        "5 id conflicting_duplicate\n6 id conflicting_duplicate\n7 id conflicting_duplicate"
    );
}

#[tokio::test]
async fn a_line_stays_with_its_order() {
    let shop = Shop::open().await;
    let orders = "id,processed_timestamp,customer_id\na,2024-05-01 10:00:00,c\nb,2024-05-01 10:00:00,c\n";
    shop.write("b1/orders.csv", orders);
    shop.write("b1/order_lines.csv", "id,quantity,variant_id,revenue,order_id\nl1,1,v,1,a\n");
    shop.load("b1").await;
    shop.write("b2/orders.csv", orders);
    shop.write("b2/order_lines.csv", "id,quantity,variant_id,revenue,order_id\nl1,1,v,1,b\nl2,1,v,1,b\n");
    shop.load("b2").await;
    assert_eq!(
        shop.query("select reason, message from daybook.rejected_row").await,
        "line_moved line 'l1' was moved to another order: it belongs to 'a'"
    );
    assert_eq!(shop.query("select id, order_id from ods.order_lines order by id").await, "l1 a\nl2 b");
}
