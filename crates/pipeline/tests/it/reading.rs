//! What readers see while a close publishes.

use std::collections::BTreeSet;

use daybook_pipeline::ClosePeriod;

use crate::closing::{event, first_day};
use crate::support::{close_of, day, time};

/// One number of each layer: replica, snapshot, fact, table and view of the application layer.
const STATE: &str = "select
    (select count(*) from closed_dates) as closed,
    (select count(*) from \"transaction\") as payments,
    (select count(*) from dim_product) as variants,
    (select count(*) from dwd_orders_variant_status where order_status = 'success') as paid_lines,
    (select sum(paid_revenue) from app_daily_revenue) as by_date,
    (select sum(paid_revenue) from app_daily_product_sales) as by_product";

#[tokio::test]
async fn readers_see_the_old_books_or_the_new_ones_and_never_a_mix() {
    let books = first_day().await;
    books.close_day(day("2024-03-01")).await;
    let reader = books.another_warehouse();
    let old = books.query(STATE).await;
    books
        .load_payments(time("2024-03-02 13:00"), "a", &event("t1", "o1", "success", "2024-03-02T12:30:00"))
        .await;

    let closing = books.close(close_of(day("2024-03-02")), ClosePeriod::Due);
    tokio::pin!(closing);
    let mut seen = BTreeSet::from([old.clone()]);
    let mut readings = 0;
    loop {
        tokio::select! {
            _ = &mut closing => break,
            answer = async { reader.query(STATE, &[]).await.unwrap().collect().await.unwrap() } => {
                seen.insert(crate::support::cells(&answer));
                readings += 1;
            }
        }
    }
    let new = books.query(STATE).await;
    assert_eq!((old, new.clone()), (vec!["1|0|1|0|0|0".to_owned()], vec!["2|1|2|2|1700|1700".to_owned()]));
    seen.insert(new);
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(readings > 2, "only {readings} answers came while the close ran");
}
