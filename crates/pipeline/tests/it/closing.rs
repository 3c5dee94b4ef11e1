//! What one close promises, case by case.

use std::collections::BTreeSet;
use std::sync::Arc;

use daybook_model::{PartitionDate, Registry};
use daybook_pipeline::{ClosePeriod, CloseReport, CloseState, PipelineError, runs};

use crate::support::{Books, close_of, day, time};

const ORDERS: &str = "id,processed_timestamp,customer_id\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\n";
pub(crate) const PRODUCTS: &str = "id,title,product_type,created_at\n";
pub(crate) const VARIANTS: &str = "id,product_id,price,title,created_at,updated_at,ingested_at\n";

pub(crate) fn orders(rows: &[&str]) -> String {
    format!("{ORDERS}{}\n", rows.join("\n"))
}

pub(crate) fn lines(rows: &[&str]) -> String {
    format!("{LINES}{}\n", rows.join("\n"))
}

pub(crate) fn event(id: &str, order: &str, status: &str, at: &str) -> String {
    format!("{{\"id\":\"{id}\",\"order_id\":\"{order}\",\"status\":\"{status}\",\"created_at\":\"{at}\"}}\n")
}

/// One shop's first day: order o1 with two lines, order o2 without any, and a catalogue.
pub(crate) async fn first_day() -> Books {
    first_day_with(Arc::new(Registry::shipped().unwrap())).await
}

/// The same with other models.
pub(crate) async fn first_day_with(registry: Arc<Registry>) -> Books {
    let books = Books::with(registry).await;
    let catalogue = [
        ("product.csv", format!("{PRODUCTS}p1,Mug,kitchen,2024-03-01 08:00:00\n")),
        (
            "variant.csv",
            format!("{VARIANTS}v1,p1,500,Blue,2024-03-01 08:00:00,2024-03-01 08:00:00,2024-03-01 08:00:00\n"),
        ),
    ];
    let catalogue: Vec<_> = catalogue.iter().map(|(name, text)| (*name, text.as_str())).collect();
    books.load_batch(time("2024-03-01 09:00"), "catalogue", &catalogue).await;
    let (orders, lines) = (
        orders(&["o1,2024-03-01 10:00:00,c1", "o2,2024-03-01 11:00:00,c2"]),
        lines(&["l1,2,v1,1000,o1", "l2,1,v2,700,o1"]),
    );
    books
        .load_batch(
            time("2024-03-01 12:00"),
            "orders",
            &[("orders.csv", &orders), ("order_lines.csv", &lines)],
        )
        .await;
    books
}

#[tokio::test]
async fn an_order_without_lines_counts_and_an_unseen_variant_is_unknown_until_it_comes() {
    let books = first_day().await;
    books
        .load_payments(time("2024-03-01 13:00"), "a", &event("t1", "o1", "success", "2024-03-01T12:30:00"))
        .await;
    books.close_day(day("2024-03-01")).await;
    let revenue = "select orders, paid_orders, customers, products, units, revenue, paid_revenue from app_daily_revenue";
    assert_eq!(books.query(revenue).await, ["2|1|2|2|3|1700|1700"]);
    let products = "select order_line_id, product_id from dwd_orders_variant_status order by 1";
    assert_eq!(books.query(products).await, ["l1|p1", "l2|(unknown)"]);

    let variant =
        format!("{VARIANTS}v2,p1,700,Red,2024-03-02 08:00:00,2024-03-02 08:00:00,2024-03-02 08:00:00\n");
    books
        .load_batch(
            time("2024-03-02 09:00"),
            "variant",
            &[("product.csv", PRODUCTS), ("variant.csv", &variant)],
        )
        .await;
    let report = books.close_day(day("2024-03-02")).await;
    assert!(report.dates[&day("2024-03-01")].contains("product of variants"), "{:?}", report.dates);
    assert_eq!(books.query(products).await, ["l1|p1", "l2|p1"]);
    let catalogue = "select partition_date, variant_id from dim_product order by 1, 2";
    assert_eq!(books.query(catalogue).await, ["2024-03-01|v1", "2024-03-02|v1", "2024-03-02|v2"]);
}

#[tokio::test]
async fn late_rows_reopen_exactly_the_dates_that_they_touch() {
    let books = first_day().await;
    for date in ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04", "2024-03-05", "2024-03-06"] {
        books.close_day(day(date)).await;
    }
    let now = time("2024-03-07 12:00");
    let status = books.ods(now).await.status().await.unwrap();
    assert!(
        status.rows.iter().filter(|(table, _)| table.name().starts_with("order")).all(|(_, rows)| *rows == 0)
    );

    // a payment, and a line of an order that has left the ODS
    books.load_payments(now, "late", &event("t1", "o1", "success", "2024-03-07T09:00:00")).await;
    let late_line = lines(&["l3,1,v1,500,o2"]);
    books.load_batch(now, "late", &[("orders.csv", ORDERS), ("order_lines.csv", &late_line)]).await;
    let report = books.close_day(day("2024-03-07")).await;
    let only_later = |reasons: &BTreeSet<&str>| reasons.iter().eq(["an earlier date"].iter());
    let (later, touched): (Vec<_>, Vec<_>) =
        report.dates.iter().partition(|(_, reasons)| only_later(reasons));
    let names = |dates: Vec<(&PartitionDate, &BTreeSet<&str>)>| -> Vec<String> {
        dates.into_iter().map(|(date, _)| date.to_string()).collect()
    };
    assert_eq!(names(touched), ["2024-03-01", "2024-03-07"]);
    let between = ["2024-03-02", "2024-03-03", "2024-03-04", "2024-03-05", "2024-03-06"];
    assert_eq!(names(later), between, "what looks back from these days saw another line");
    assert_eq!(
        report.dates[&day("2024-03-01")].iter().copied().collect::<Vec<_>>(),
        ["order lines", "payments"]
    );
    let lines = "select order_line_id, order_status, revenue from dwd_orders_variant_status order by 1";
    assert_eq!(books.query(lines).await, ["l1|success|1000", "l2|success|700", "l3|pending|500"]);
    let parked = books.ods(now).await.status().await.unwrap().parked;
    assert!(parked.iter().all(|count| count.rows == 0), "{parked:?}");
}

#[tokio::test]
async fn a_day_sees_a_payment_as_it_was_at_its_end_whatever_came_before_the_close() {
    let paid = event("t1", "o1", "success", "2024-03-01T23:50:00");
    let refunded = event("t1", "o1", "refunded", "2024-03-02T00:40:00");
    for files in [
        vec![paid.clone(), refunded.clone()],
        vec![refunded.clone(), paid.clone()],
        vec![paid.clone() + &refunded],
    ] {
        let books = first_day().await;
        for (number, events) in files.iter().enumerate() {
            books.load_payments(time("2024-03-02 01:00"), &number.to_string(), events).await;
        }
        let status = "select order_status, attempts, is_paid from app_order_payments where order_id = 'o1'";
        books.close_day(day("2024-03-01")).await;
        assert_eq!(books.query(status).await, ["success|1|true"], "{files:?}");
        books.close_day(day("2024-03-02")).await;
        assert_eq!(books.query(status).await, ["refunded|1|false"], "{files:?}");
    }
}

#[tokio::test]
async fn an_order_that_moves_takes_its_lines_and_leaves_nothing_behind() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let moved = orders(&["o1,2024-03-02 00:30:00,c1"]);
    books
        .load_batch(time("2024-03-02 12:00"), "moved", &[("orders.csv", &moved), ("order_lines.csv", LINES)])
        .await;
    books.close_day(day("2024-03-02")).await;
    let revenue = "select partition_date, orders, units, revenue from app_daily_revenue order by 1";
    assert_eq!(books.query(revenue).await, ["2024-03-01|1|0|0", "2024-03-02|1|3|1700"]);
    assert_eq!(books.query("select count(*) from order_lines").await, ["2"]);
}

#[tokio::test]
async fn a_rewritten_payment_unpays_and_a_separate_refund_does_not() {
    let books = first_day().await;
    let events = [
        event("t1", "o1", "success", "2024-03-01T12:00:00"),
        event("t2", "o2", "success", "2024-03-01T12:00:00"),
    ];
    books.load_payments(time("2024-03-01 13:00"), "a", &events.concat()).await;
    books.close_day(day("2024-03-01")).await;
    let events = [
        event("t1", "o1", "refunded", "2024-03-02T12:00:00"),
        event("t3", "o2", "refunded", "2024-03-02T12:00:00"),
    ];
    books.load_payments(time("2024-03-02 13:00"), "b", &events.concat()).await;
    books.close_day(day("2024-03-02")).await;
    let payments = "select order_id, order_status, is_paid, paid_at, attempts, seconds_to_payment \
                    from app_order_payments order by 1";
    assert_eq!(
        books.query(payments).await,
        ["o1|refunded|false|-|1|-", "o2|success|true|2024-03-01T12:00:00|2|3600"]
    );
}

#[tokio::test]
async fn rows_of_later_days_wait_for_their_day() {
    let books = first_day().await;
    let tomorrow = orders(&["o9,2024-03-02 00:00:00,c1"]);
    books
        .load_batch(
            time("2024-03-02 01:00"),
            "tomorrow",
            &[("orders.csv", &tomorrow), ("order_lines.csv", LINES)],
        )
        .await;
    books
        .load_payments(time("2024-03-02 01:00"), "a", &event("t1", "o1", "success", "2024-03-02T00:00:00"))
        .await;
    books.close_day(day("2024-03-01")).await;
    assert_eq!(books.query("select orders, paid_orders from app_daily_revenue").await, ["2|0"]);
    books.close_day(day("2024-03-02")).await;
    let revenue = "select partition_date, orders, paid_orders from app_daily_revenue order by 1";
    assert_eq!(books.query(revenue).await, ["2024-03-01|2|1", "2024-03-02|1|0"]);
}

#[tokio::test]
async fn a_removed_product_keeps_its_history() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let ods = books.ods(time("2024-03-02 10:00")).await;
    ods.execute("update ods.variant set price = 550 where id = 'v1'").await.unwrap();
    let ods = books.ods(time("2024-03-02 11:00")).await;
    ods.execute("delete from ods.product where id = 'p1'").await.unwrap();
    books.close_day(day("2024-03-02")).await;
    assert_eq!(books.query("select partition_date, price from dim_product").await, ["2024-03-01|500"]);
    let changes =
        "select changed_at, variant_id, old_price, new_price, change_percent from app_variant_price_changes";
    assert_eq!(books.query(changes).await, ["2024-03-02T10:00:00|v1|500|550|10.0"]);
    books
        .close(
            close_of(day("2024-03-02")),
            ClosePeriod::Days { from: day("2024-03-01"), to: day("2024-03-02") },
        )
        .await;
    assert_eq!(books.query("select partition_date, price from dim_product").await, ["2024-03-01|500"]);
}

#[tokio::test]
async fn a_late_title_of_a_product_that_is_gone_by_then_is_published() {
    let books = first_day().await;
    let ods = books.ods(time("2024-03-01 20:00")).await;
    ods.execute("delete from ods.product where id = 'p1'").await.unwrap();
    books.close_day(day("2024-03-01")).await;
    let titles = "select distinct product_title from app_sales where product_id = 'p1'";
    assert_eq!(books.query(titles).await, ["Mug"]);
    let product = format!("{PRODUCTS}p1,Cup,kitchen,2024-03-01 08:00:00\n");
    let late = [("product.csv", product.as_str()), ("variant.csv", VARIANTS)];
    books.load_batch(time("2024-03-01 11:00"), "late", &late).await;
    let now = close_of(day("2024-03-01"));
    let report = books.close(now, ClosePeriod::Due).await;
    assert_eq!(report.state, CloseState::Published, "{report:?}");
    assert_eq!(books.query(titles).await, ["Cup"]);
    assert_eq!(books.close(now, ClosePeriod::Due).await.state, CloseState::Unchanged);
}

#[tokio::test]
async fn due_days_are_closed_once_and_an_empty_shop_has_none() {
    let books = Books::new().await;
    let nothing = books.close(time("2024-03-02 02:00"), ClosePeriod::Due).await;
    assert_eq!(nothing.state, CloseState::NothingToClose);

    let books = first_day().await;
    assert_eq!(
        books.close(time("2024-03-02 01:59"), ClosePeriod::Due).await.state,
        CloseState::NothingToClose
    );
    let report = books.close(time("2024-03-04 02:00"), ClosePeriod::Due).await;
    assert_eq!(report.state, CloseState::Published);
    assert_eq!(
        books.query("select * from closed_dates order by 1").await,
        ["2024-03-01", "2024-03-02", "2024-03-03"]
    );
    assert_eq!(books.close(time("2024-03-04 03:00"), ClosePeriod::Due).await.state, CloseState::Unchanged);
    assert_eq!(books.warehouse.published().await.unwrap().unwrap().number, 1);
}

#[tokio::test]
async fn a_close_elsewhere_is_seen_before_one_begins() {
    let books = Books::new().await;
    let ods = books.ods(time("2024-03-02 12:00")).await;
    assert!(!runs::is_under_way(ods.pool()).await.unwrap());
    let mut closing = ods.pool().acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(7233195940217056001)").execute(&mut *closing).await.unwrap();
    assert!(runs::is_under_way(ods.pool()).await.unwrap());
    let other = books.try_close(time("2024-03-02 12:00"), ClosePeriod::Due).await.unwrap_err();
    assert!(matches!(other, PipelineError::Busy), "{other}");
}

#[tokio::test]
async fn what_cannot_be_closed_is_refused_with_a_reason() {
    let books = first_day().await;
    let now = time("2024-03-02 12:00");
    let period = |from: &str, to: &str| ClosePeriod::Days { from: day(from), to: day(to) };
    let not_over = books.try_close(now, period("2024-03-01", "2024-03-02")).await.unwrap_err();
    assert!(matches!(not_over, PipelineError::NotOver { .. }), "{not_over}");
    let backwards = books.try_close(now, period("2024-03-01", "2024-02-01")).await.unwrap_err();
    assert!(matches!(backwards, PipelineError::Backwards { .. }), "{backwards}");
    let too_many = books.try_close(now, period("2014-01-01", "2024-03-01")).await.unwrap_err();
    assert!(matches!(too_many, PipelineError::TooManyDays { .. }), "{too_many}");
    let ancient = orders(&["o0,0001-01-01 00:00:00,c1"]);
    books.load_batch(now, "ancient", &[("orders.csv", &ancient), ("order_lines.csv", LINES)]).await;
    let too_long = books.try_close(now, ClosePeriod::Due).await.unwrap_err();
    assert!(matches!(too_long, PipelineError::TooLong { .. }), "{too_long}");
    books.close(now, period("2024-03-01", "2024-03-01")).await;
    let orders = "select partition_date, orders from app_daily_revenue order by 1";
    assert_eq!(books.query(orders).await, ["0001-01-01|1", "2024-03-01|2"]);
}

#[tokio::test]
async fn a_long_time_since_the_last_closed_day_is_closed_in_parts() {
    let books = Books::new().await;
    books.close_day(day("2010-01-01")).await;
    let now = time("2024-03-02 12:00");
    let error = books.try_close(now, ClosePeriod::Due).await.unwrap_err().to_string();
    assert!(
        error.contains("the last closed day is 2010-01-01") && error.contains("--from 2010-01-02"),
        "{error}"
    );
    books.close(now, ClosePeriod::Days { from: day("2010-01-02"), to: day("2010-01-03") }).await;
    assert_eq!(books.query("select count(*) from closed_dates").await, ["3"]);
}

#[tokio::test]
async fn each_state_of_a_run_is_read_and_told_as_it_is_written() {
    let books = Books::new().await;
    let ods = books.ods(time("2024-03-02 12:00")).await;
    let states = ["running", "published", "unchanged", "failed", "abandoned"];
    for state in states {
        let insert = sqlx::query("insert into daybook.run (state, started_at) values ($1, now())");
        insert.bind(state).execute(ods.pool()).await.unwrap();
    }
    let listed = runs::list(ods.pool(), 5).await.unwrap();
    for (run, state) in listed.iter().rev().zip(states) {
        assert_eq!((run.state.name(), &serde_json::json!(run)["state"]), (state, &serde_json::json!(state)));
    }
    assert_eq!(listed.len(), states.len());
}

#[tokio::test]
async fn a_close_that_fails_publishes_nothing_and_the_next_one_recovers() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let before = books.table("app_daily_revenue").await;
    let more = orders(&["o3,2024-03-02 10:00:00,c1"]);
    let line = lines(&["l3,1,v1,500,o3"]);
    books
        .load_batch(time("2024-03-02 12:00"), "more", &[("orders.csv", &more), ("order_lines.csv", &line)])
        .await;
    // a file where the fact's new partition should go
    let blocked =
        books.folder.path().join("warehouse/tables/dwd_orders_variant_status/partition_date=2024-03-02");
    std::fs::write(&blocked, "in the way").unwrap();
    let failed = books.try_close(close_of(day("2024-03-02")), ClosePeriod::Due).await.unwrap_err();
    assert!(failed.to_string().contains("dwd_orders_variant_status"), "{failed}");
    assert_eq!(books.table("app_daily_revenue").await, before);
    let status = books.ods(time("2024-03-02 12:00")).await.status().await.unwrap();
    assert!(
        status.rows.iter().any(|(table, rows)| table.name() == "orders" && *rows == 3),
        "nothing has expired"
    );

    std::fs::remove_file(&blocked).unwrap();
    let undisturbed = first_day().await;
    undisturbed
        .load_batch(time("2024-03-02 12:00"), "more", &[("orders.csv", &more), ("order_lines.csv", &line)])
        .await;
    undisturbed.close(close_of(day("2024-03-02")), ClosePeriod::Due).await;
    books.close(close_of(day("2024-03-02")), ClosePeriod::Due).await;
    books.assert_same_as(&undisturbed, "after a failed close").await;
}

#[tokio::test]
async fn other_paid_statuses_rebuild_every_date() {
    let mut books = first_day().await;
    books
        .load_payments(time("2024-03-01 13:00"), "a", &event("t1", "o1", "captured", "2024-03-01T12:00:00"))
        .await;
    books.close_day(day("2024-03-01")).await;
    assert_eq!(books.query("select paid_revenue from app_daily_revenue").await, ["0"]);
    books.settings.paid_statuses = vec!["captured".to_owned()];
    books.close(close_of(day("2024-03-01")), ClosePeriod::Due).await;
    assert_eq!(books.query("select paid_revenue from app_daily_revenue").await, ["1700"]);
}

#[tokio::test]
async fn two_closes_at_once_are_refused() {
    let books = first_day().await;
    let date = day("2024-03-01");
    let period = ClosePeriod::Days { from: date, to: date };
    let (one, other) =
        tokio::join!(books.try_close(close_of(date), period), books.try_close(close_of(date), period));
    let refused = [one.err(), other.err()].into_iter().flatten().collect::<Vec<_>>();
    assert!(matches!(refused.as_slice(), [] | [PipelineError::Busy]), "{refused:?}");
    assert_eq!(books.query("select orders from app_daily_revenue").await, ["2"]);
}

#[tokio::test]
async fn an_order_that_moves_away_and_back_is_where_it_was() {
    let books = Books::new().await;
    let there = orders(&["a,2024-03-01 10:00:00,c1"]);
    let line = lines(&["a1,1,v1,500,a"]);
    books
        .load_batch(time("2024-03-01 12:00"), "there", &[("orders.csv", &there), ("order_lines.csv", &line)])
        .await;
    books.close_day(day("2024-03-01")).await;
    let away = orders(&["a,2024-03-02 10:00:00,c1", "b,2024-03-02 11:00:00,c2"]);
    books
        .load_batch(time("2024-03-02 12:00"), "away", &[("orders.csv", &away), ("order_lines.csv", LINES)])
        .await;
    books.close_day(day("2024-03-02")).await;
    let placed = "select order_id, partition_date from int_order_payments order by 1";
    assert_eq!(books.query(placed).await, ["a|2024-03-02", "b|2024-03-02"]);

    let back = "id,customer_id,processed_timestamp\na,c1,2024-03-01 10:00:00\nb,c3,2024-03-02 11:00:00\n";
    books
        .load_batch(time("2024-03-03 12:00"), "back", &[("orders.csv", back), ("order_lines.csv", LINES)])
        .await;
    books.close_day(day("2024-03-03")).await;
    assert_eq!(books.query(placed).await, ["a|2024-03-01", "b|2024-03-02"]);
    let fact = "select order_line_id, partition_date from dwd_orders_variant_status";
    assert_eq!(books.query(fact).await, ["a1|2024-03-01"]);
}

#[tokio::test]
async fn a_day_beyond_a_gap_closes_the_gap() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    books.close_day(day("2024-03-04")).await;
    assert_eq!(books.query("select count(*) from closed_dates").await, ["4"]);
    assert_eq!(books.query("select count(distinct partition_date) from dim_product").await, ["4"]);
}

#[tokio::test]
async fn what_a_killed_close_left_unmarked_the_next_one_marks() {
    let books = first_day().await;
    let after = close_of(day("2024-03-01"));
    books.close(after, ClosePeriod::Due).await;
    let ods = books.ods(after).await;
    ods.execute("update daybook.load set published_in = null").await.unwrap();
    assert_eq!(ods.status().await.unwrap().loads.unpublished, 2);
    assert_eq!(books.close(after, ClosePeriod::Due).await.state, CloseState::Unchanged);
    assert_eq!(ods.status().await.unwrap().loads.unpublished, 0);
}

#[tokio::test]
async fn a_model_that_is_new_to_the_warehouse_catches_up_though_nothing_else_changed() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let payments = books.table("app_order_payments").await;
    // as a Daybook published that had no such model yet
    let document = books.folder.path().join("warehouse/publications/000000000001.json");
    let mut publication: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&document).unwrap()).unwrap();
    publication["tables"].as_object_mut().unwrap().remove("int_order_payments").unwrap();
    std::fs::write(&document, publication.to_string()).unwrap();

    let now = close_of(day("2024-03-01"));
    let report = books.close(now, ClosePeriod::Due).await;
    assert_eq!(report.state, CloseState::Published);
    assert_eq!(books.table("app_order_payments").await, payments);
    assert_eq!(books.close(now, ClosePeriod::Due).await.state, CloseState::Unchanged);
}

#[tokio::test]
async fn a_variant_under_another_product_moves_the_facts_from_that_day_on() {
    let books = first_day().await;
    let later = (orders(&["o3,2024-03-03 10:00:00,c1"]), lines(&["l3,1,v1,500,o3"]));
    let files = [("orders.csv", later.0.as_str()), ("order_lines.csv", later.1.as_str())];
    books.load_batch(time("2024-03-03 12:00"), "later", &files).await;
    for date in ["2024-03-01", "2024-03-02", "2024-03-03"] {
        books.close_day(day(date)).await;
    }
    let variant = |product: &str, price: &str, at: &str| {
        format!("{VARIANTS}v1,{product},{price},Blue,2024-03-01 08:00:00,{at},{at}\n")
    };
    let products = format!("{PRODUCTS}p2,Cup,kitchen,2024-03-01 08:00:00\n");
    let change = async |name: &str, products: &str, variant: String| {
        let files = [("product.csv", products), ("variant.csv", variant.as_str())];
        books.load_batch(time("2024-03-04 12:00"), name, &files).await;
        books.close(time("2024-03-04 13:00"), ClosePeriod::Due).await
    };
    // a price leaves the facts alone
    let report = change("price", PRODUCTS, variant("p1", "600", "2024-03-02 07:00:00")).await;
    let reassigned = |report: &CloseReport| -> Vec<String> {
        let dates = report.dates.iter().filter(|(_, reasons)| reasons.contains("product of variants"));
        dates.map(|(date, _)| date.to_string()).collect()
    };
    assert!(!report.dates.is_empty() && reassigned(&report).is_empty(), "{report:?}");
    // a move that is late is found on the days from which it holds
    let report = change("move", &products, variant("p2", "600", "2024-03-02 08:00:00")).await;
    assert_eq!(reassigned(&report), ["2024-03-03"], "{report:?}");
    let products = "select order_line_id, product_id from dwd_orders_variant_status order by 1";
    assert_eq!(books.query(products).await, ["l1|p1", "l2|(unknown)", "l3|p2"]);
}

#[tokio::test]
async fn a_payment_that_moves_to_another_order_unpays_the_one_that_it_leaves() {
    let books = first_day().await;
    let later = orders(&["o3,2024-03-02 10:00:00,c1"]);
    books
        .load_batch(time("2024-03-02 12:00"), "later", &[("orders.csv", &later), ("order_lines.csv", LINES)])
        .await;
    books
        .load_payments(time("2024-03-02 12:30"), "a", &event("t1", "o1", "success", "2024-03-02T12:00:00"))
        .await;
    for date in ["2024-03-01", "2024-03-02"] {
        books.close_day(day(date)).await;
    }
    let paid = "select order_id from app_order_payments where is_paid order by 1";
    assert_eq!(books.query(paid).await, ["o1"]);
    books
        .load_payments(time("2024-03-03 12:30"), "b", &event("t1", "o3", "success", "2024-03-02T12:10:00"))
        .await;
    let report = books.close(time("2024-03-03 13:00"), ClosePeriod::Due).await;
    let touched =
        |date: &str| report.dates.get(&day(date)).is_some_and(|reasons| reasons.contains("payments"));
    assert!(touched("2024-03-01") && touched("2024-03-02"), "{report:?}");
    assert_eq!(books.query(paid).await, ["o3"]);
}
