//! Retention: only what the warehouse holds, as it is.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use daybook_model::{BusinessTimezone, PartitionDate};
use daybook_ods::{ExpireMetrics, OdsError};

use crate::support::{Shop, time};

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(values))
}

fn times(values: &[&str]) -> ArrayRef {
    let micros = values.iter().map(|value| time(value).and_utc().timestamp_micros());
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros))
}

fn orders(ids: &[&str], customers: &[&str]) -> RecordBatch {
    RecordBatch::try_from_iter([
        ("customer_id", texts(customers)),
        ("id", texts(ids)),
        ("processed_timestamp", times(&vec!["2024-05-01 10:00:00"; ids.len()])),
    ])
    .unwrap()
}

fn lines(ids: &[&str], revenues: &[i32], of: &[&str]) -> RecordBatch {
    let ones: ArrayRef = Arc::new(Int32Array::from(vec![1; ids.len()]));
    RecordBatch::try_from_iter([
        ("id", Arc::new(StringArray::from_iter_values(ids)) as ArrayRef),
        ("quantity", ones),
        ("variant_id", texts(&vec!["v"; ids.len()])),
        ("revenue", Arc::new(Int32Array::from(revenues.to_vec()))),
        ("order_id", texts(of)),
    ])
    .unwrap()
}

/// Payments that succeeded at one time.
fn paid(ids: &[&str], of: &[&str], at: &str) -> RecordBatch {
    RecordBatch::try_from_iter([
        ("id", texts(ids)),
        ("order_id", texts(of)),
        ("status", texts(&vec!["success"; ids.len()])),
        ("created_at", times(&vec![at; ids.len()])),
    ])
    .unwrap()
}

fn day() -> PartitionDate {
    "2024-05-01".parse().unwrap()
}

#[tokio::test]
async fn an_order_goes_only_if_it_and_all_its_lines_are_held() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.orders select id, '2024-05-01 10:00:00', 'c' \
             from unnest(array['held', 'changed', 'line-changed', 'extra-line', 'unheld', 'bare']) id; \
         insert into ods.order_lines values \
             ('l1', 1, 'v', 10, 'held'), ('l2', 1, 'v', 20, 'held'), ('l3', 1, 'v', 10, 'changed'), \
             ('l4', 1, 'v', 11, 'line-changed'), ('l5', 1, 'v', 10, 'extra-line'), ('l6', 1, 'v', 10, 'extra-line'), \
             ('l7', 1, 'v', 10, 'unheld')",
    )
    .await;
    let held_orders = [
        orders(&["held", "changed", "line-changed"], &["c", "d", "c"]),
        orders(&["extra-line", "bare", "expired-before"], &["c", "c", "c"]),
    ];
    let held_lines = [lines(
        &["l1", "l2", "l3", "l4", "l5", "gone"],
        &[10, 20, 10, 10, 10, 10],
        &["held", "held", "changed", "line-changed", "extra-line", "bare"],
    )];
    let expire = || shop.ods.expire_orders(day()..=day(), BusinessTimezone::UTC, &held_orders, &held_lines);
    assert_eq!(
        expire().await.unwrap(),
        ExpireMetrics { orders: 2, order_lines: 2, kept: 4, ..ExpireMetrics::default() }
    );
    assert_eq!(
        shop.query("select id from ods.orders order by id").await,
        "changed\nextra-line\nline-changed\nunheld"
    );
    assert_eq!(shop.query("select count(*) from ods.order_lines").await, "5");
    assert_eq!(expire().await.unwrap(), ExpireMetrics { kept: 4, ..ExpireMetrics::default() });
}

#[tokio::test]
async fn nothing_goes_while_somebody_is_writing_and_what_they_wrote_stays() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.orders select id, '2024-05-01 10:00:00', 'c' from unnest(array['a', 'b', 'c']) id; \
         insert into ods.order_lines values ('l1', 1, 'v', 10, 'a'), ('l2', 1, 'v', 10, 'b'), ('l3', 1, 'v', 10, 'c')",
    )
    .await;
    let held_orders = [orders(&["a", "b", "c"], &["c", "c", "c"])];
    let held_lines = [lines(&["l1", "l2", "l3"], &[10, 10, 10], &["a", "b", "c"])];
    let expire = || shop.ods.expire_orders(day()..=day(), BusinessTimezone::UTC, &held_orders, &held_lines);

    let mut writer = shop.ods.pool().begin().await.unwrap();
    for change in [
        "update ods.order_lines set revenue = 11 where id = 'l1'",
        "insert into ods.order_lines values ('l4', 1, 'v', 10, 'b')",
    ] {
        sqlx::query(change).execute(&mut *writer).await.unwrap();
    }
    let interrupted = ExpireMetrics { kept: 3, interrupted: true, ..ExpireMetrics::default() };
    assert_eq!(expire().await.unwrap(), interrupted);

    writer.commit().await.unwrap();
    let expired = ExpireMetrics { orders: 1, order_lines: 1, kept: 2, ..ExpireMetrics::default() };
    assert_eq!(expire().await.unwrap(), expired);
    assert_eq!(shop.query("select id from ods.order_lines order by id").await, "l1\nl2\nl4");
}

#[tokio::test]
async fn a_payment_goes_only_as_it_is_held() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.transaction values \
             ('t1', 'o', 'success', '2024-05-01 10:00:00'), ('t2', 'o', 'refunded', '2024-05-01 10:00:00'), \
             ('t3', 'o', 'success', '2024-05-01 10:00:00')",
    )
    .await;
    let held = paid(&["t1", "t2"], &["o", "o"], "2024-05-01 10:00:00");
    let metrics = shop.ods.expire_transactions(day()..=day(), BusinessTimezone::UTC, &[held]).await.unwrap();
    assert_eq!(metrics, ExpireMetrics { transactions: 1, kept: 2, ..ExpireMetrics::default() });
    assert_eq!(shop.query("select id from ods.transaction order by id").await, "t2\nt3");
}

#[tokio::test]
async fn a_superseded_state_goes_once_it_or_a_later_one_of_its_date_is_held() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.transaction values ('t1', 'o', 'success', '2024-05-01 10:00:00'); \
         insert into daybook.superseded_transaction values \
             ('t1', 'o', 'success', '2024-05-01 10:00:00'), ('t1', 'o', 'pending', '2024-05-01 09:00:00'), \
             ('t1', 'o', 'settled', '2024-05-01 11:00:00'), ('t1', 'o', 'pending', '2024-04-30 09:00:00'), \
             ('t2', 'o', 'settled', '2024-05-01 10:00:00'), ('t3', 'o', 'success', '2024-05-01 10:00:00')",
    )
    .await;
    let held = paid(&["t1", "t2"], &["o", "o"], "2024-05-01 10:00:00");
    let metrics = shop.ods.expire_transactions(day()..=day(), BusinessTimezone::UTC, &[held]).await.unwrap();
    assert_eq!(metrics, ExpireMetrics { transactions: 1, ..ExpireMetrics::default() });
    assert_eq!(
        shop.query("select id, status, created_at from daybook.superseded_transaction order by 1, 3").await,
        "t1 pending 2024-04-30T09:00:00\nt1 settled 2024-05-01T11:00:00\nt2 settled 2024-05-01T10:00:00\n\
         t3 success 2024-05-01T10:00:00"
    );
}

#[tokio::test]
async fn a_payment_stays_as_long_as_its_order() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.orders values ('night', '2024-05-02 00:00:20', 'c'); \
         insert into ods.transaction values \
             ('t1', 'night', 'success', '2024-05-01 23:59:50'), ('t2', 'gone', 'success', '2024-05-01 23:59:50')",
    )
    .await;
    let held = [paid(&["t1", "t2"], &["night", "gone"], "2024-05-01 23:59:50")];
    let expire = || shop.ods.expire_transactions(day()..=day(), BusinessTimezone::UTC, &held);
    let one = ExpireMetrics { transactions: 1, ..ExpireMetrics::default() };
    assert_eq!(expire().await.unwrap(), one);
    assert_eq!(shop.query("select id from ods.transaction").await, "t1");
    shop.execute("delete from ods.orders").await;
    assert_eq!(expire().await.unwrap(), one);
}

#[tokio::test]
async fn many_orders_go_in_bounded_batches() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.orders select 'o' || n, '2024-05-01 10:00:00', 'c' from generate_series(1, 12000) n; \
         insert into ods.order_lines select 'l' || n, 1, 'v', 10, 'o' || (n + 2) / 3 from generate_series(1, 36000) n",
    )
    .await;
    let ids: Vec<String> = (1..=12_000).map(|n| format!("o{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    // one order comes twice, and lines lie in another order than theirs
    let held_orders = [&ids[..5001], &ids[5000..]].map(|ids| orders(ids, &vec!["c"; ids.len()]));
    let (line_ids, order_ids): (Vec<String>, Vec<&str>) =
        (1..=36_000).rev().map(|n| (format!("l{n}"), ids[(n - 1) / 3])).unzip();
    let line_ids: Vec<&str> = line_ids.iter().map(String::as_str).collect();
    let held_lines = [0..20_000, 20_000..36_000].map(|some: std::ops::Range<usize>| {
        lines(&line_ids[some.clone()], &vec![10; some.len()], &order_ids[some])
    });
    let expired =
        shop.ods.expire_orders(day()..=day(), BusinessTimezone::UTC, &held_orders, &held_lines).await;
    let all = ExpireMetrics { orders: 12_000, order_lines: 36_000, ..ExpireMetrics::default() };
    assert_eq!(expired.unwrap(), all);
}

#[tokio::test]
async fn dates_to_expire_are_those_that_still_have_rows() {
    let shop = Shop::open().await;
    shop.execute(
        "insert into ods.orders values ('a', '2024-05-01 23:30:00', 'c'), ('b', '2024-05-09', 'c'); \
         insert into ods.transaction values ('t', 'a', 'success', '2024-04-30 10:00:00'); \
         insert into daybook.superseded_transaction values ('t', 'a', 'pending', '2024-04-29 10:00:00')",
    )
    .await;
    let dates = async |timezone: &str| {
        let timezone = timezone.parse().unwrap();
        let dates = shop.ods.dates_to_expire("2024-05-08".parse().unwrap(), timezone).await.unwrap();
        dates.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(dates("UTC").await, ["2024-04-29", "2024-04-30", "2024-05-01"]);
    assert_eq!(dates("Europe/London").await, ["2024-04-29", "2024-04-30", "2024-05-02"]);
}

#[tokio::test]
async fn a_batch_of_another_shape_expires_nothing() {
    let shop = Shop::open().await;
    shop.execute("insert into ods.orders values ('a', '2024-05-01 10:00:00', 'c')").await;
    let narrow = RecordBatch::try_from_iter([("id", texts(&["a"]))]).unwrap();
    let error =
        shop.ods.expire_orders(day()..=day(), BusinessTimezone::UTC, &[narrow], &[]).await.unwrap_err();
    assert!(matches!(error, OdsError::Held { .. }), "{error}");
    assert_eq!(shop.query("select count(*) from ods.orders").await, "1");
}
