//! What leaves the ODS, and what stays there.

use daybook_model::BusinessTimezone;
use daybook_ods::ShopRules;
use daybook_pipeline::ClosePeriod;

use crate::closing::first_day;
use crate::support::{Books, close_of, day, time};

const ORDERS: &str = "tables/orders/partition_date=2024-03-01";

async fn orders_in_ods(books: &Books) -> u64 {
    let ods = books.ods(time("2024-03-09 00:00")).await;
    let rows = ods.status().await.unwrap().rows;
    rows.iter().find(|(table, _)| table.name() == "orders").unwrap().1
}

/// The first day, and as many closes as leave its rows in the ODS.
async fn before_expiry() -> Books {
    let books = first_day().await;
    for date in ["2024-03-01", "2024-03-02", "2024-03-03"] {
        books.close_day(day(date)).await;
    }
    assert_eq!(orders_in_ods(&books).await, 2);
    books
}

#[tokio::test]
async fn nothing_expires_while_the_warehouse_cannot_show_what_it_holds() {
    let books = before_expiry().await;
    let partition = books.folder.path().join("warehouse").join(ORDERS);
    let away = books.folder.path().join("away");
    std::fs::rename(&partition, &away).unwrap();
    let failed = books.try_close(close_of(day("2024-03-04")), ClosePeriod::Due).await.unwrap_err();
    assert!(failed.to_string().contains("2024-03-01"), "{failed}");
    assert_eq!(orders_in_ods(&books).await, 2);

    std::fs::rename(&away, &partition).unwrap();
    books.close(close_of(day("2024-03-05")), ClosePeriod::Due).await;
    assert_eq!(orders_in_ods(&books).await, 0);
}

#[tokio::test]
async fn an_order_that_comes_after_the_dump_stays_until_it_is_held() {
    let books = before_expiry().await;
    // as soon as the close notes that it has published, which is before it lets go of anything
    let ods = books.ods(time("2024-03-04 12:00")).await;
    for statement in [
        "create function public.late() returns trigger language plpgsql as $$ begin
            insert into ods.orders values ('late', '2024-03-01 23:00:00', 'c3') on conflict do nothing;
            insert into ods.order_lines values ('late line', 1, 'v1', 900, 'o1') on conflict do nothing;
            return null;
        end $$",
        "create trigger late after insert on daybook.run_step
            for each row when (new.name = 'publish') execute function public.late()",
    ] {
        ods.execute(statement).await.unwrap();
    }
    books.close(close_of(day("2024-03-04")), ClosePeriod::Due).await;
    // with them stays the whole order that the new line belongs to
    let left = books.query("select id from orders order by id").await;
    assert_eq!((left.len(), orders_in_ods(&books).await), (2, 2));

    ods.execute("drop trigger late on daybook.run_step").await.unwrap();
    books.close(close_of(day("2024-03-05")), ClosePeriod::Due).await;
    assert_eq!(books.query("select id from orders order by id").await, ["late", "o1", "o2"]);
    assert_eq!(orders_in_ods(&books).await, 0);
}

#[tokio::test]
async fn a_payment_made_before_midnight_leaves_with_its_order() {
    let books = Books::new().await;
    let orders = "id,processed_timestamp,customer_id\nnight,2024-03-04 00:00:20,c1\n";
    let lines = "id,quantity,variant_id,revenue,order_id\nl1,1,v1,100,night\n";
    let files = [("orders.csv", orders), ("order_lines.csv", lines)];
    books.load_batch(time("2024-03-04 01:00"), "night", &files).await;
    let paid = r#"{"id":"t1","order_id":"night","status":"success","created_at":"2024-03-03T23:59:50Z"}"#;
    books.load_payments(time("2024-03-04 01:00"), "night", paid).await;
    books.close(close_of(day("2024-03-06")), ClosePeriod::Due).await;
    let ods = books.ods(close_of(day("2024-03-06"))).await;
    let rules = ShopRules { paid_statuses: vec!["success".to_owned()], timezone: BusinessTimezone::UTC };
    let order = ods.order("night", &rules).await.unwrap().unwrap();
    assert_eq!((order.status.as_str(), order.payments.len()), ("success", 1));

    books.close(close_of(day("2024-03-07")), ClosePeriod::Due).await;
    assert_eq!(ods.order("night", &rules).await.unwrap(), None);
    let left: i64 =
        sqlx::query_scalar("select count(*) from ods.transaction").fetch_one(ods.pool()).await.unwrap();
    assert_eq!(left, 0, "it goes in the same close");
}
