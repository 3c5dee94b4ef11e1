//! What readers see, and when.

use daybook_warehouse::WarehouseError;

use crate::dump::Rows;
use crate::world::{World, days};

pub(crate) const FIRST: &str = "2024-03-01";
pub(crate) const SECOND: &str = "2024-03-02";

/// A day of a shop: two orders, one of them paid.
pub(crate) const DAY: Rows<'static> = &[
    ("orders", &[&["o1", "2024-03-01 10:00:00", "c1", FIRST], &["o2", "2024-03-01 11:00:00", "c2", FIRST]]),
    ("order_lines", &[&["l1", "2", "v1", "1000", "o1", FIRST], &["l2", "1", "v2", "700", "o2", FIRST]]),
    ("transaction", &[&["t1", "o1", "success", "2024-03-01 10:05:00", FIRST]]),
];

/// The payment of its other order, by which the day's tables are written anew.
pub(crate) const PAID: Rows<'static> =
    &[("transaction", &[&["t2", "o2", "success", "2024-03-01 12:00:00", FIRST]])];

pub(crate) const REVENUE: &str =
    "select partition_date, orders, paid_orders, revenue, paid_revenue from app_daily_revenue order by 1";
const REVENUE_OF_DAY: &str = "2024-03-01|2|1|1700|1000";

pub(crate) async fn a_first_load_is_what_readers_see(world: &mut World) {
    assert_eq!(world.warehouse.published().await.unwrap(), None);
    let asked = world.try_ask("select 1 from orders").await;
    assert!(matches!(asked, Err(WarehouseError::NothingPublished)), "{asked:?}");

    world.warehouse.create().await.unwrap();
    world.warehouse.create().await.unwrap();
    assert_eq!(world.warehouse.published().await.unwrap(), None);
    let publication = world.close(DAY, &[FIRST]).await;
    assert_eq!(publication.number, 1);
    assert_eq!(world.warehouse.published().await.unwrap(), Some(publication.clone()));
    assert!(publication.tables.contains_key("dwd_orders_variant_status"));
    assert_eq!(publication.draft.closed_dates, days(&[FIRST]));

    assert_eq!(world.ask(REVENUE).await, [REVENUE_OF_DAY]);
    assert_eq!(world.ask("select partition_date from closed_dates").await, [FIRST]);
    assert_eq!(world.ask("select status from paid_statuses").await, ["success"]);
    // a view of tables and of views
    let sales = "select order_line_id, order_status, paid_revenue from app_sales order by order_line_id";
    assert_eq!(world.ask(sales).await, ["l1|success|1000", "l2|pending|0"]);
    let customers = "select customer_id, order_id, partition_date from dim_customer_orders order by 1";
    assert_eq!(world.ask(customers).await.len(), 0, "its table is not built");
}

pub(crate) async fn a_run_that_is_repeated_changes_nothing(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let facts = "select * from dwd_orders_variant_status order by order_line_id";
    let before = world.ask(facts).await;
    let again = world.close(DAY, &[FIRST]).await;
    assert_eq!(again.number, 2);
    assert_eq!(world.ask(facts).await, before);
    assert_eq!(world.ask(REVENUE).await, [REVENUE_OF_DAY]);
    assert_eq!(world.ask("select count(*) from \"transaction\"").await, ["1"]);
}

pub(crate) async fn readers_see_nothing_of_a_build_until_it_is_published(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let reader = world.another();
    let build = world.built(PAID, &[FIRST]).await;
    let state = "select orders, paid_revenue from app_daily_revenue";
    assert_eq!(world.ask_build(build.as_ref(), state).await, ["2|1700"]);
    let before = "select orders, paid_revenue from published.app_daily_revenue";
    assert_eq!(world.ask_build(build.as_ref(), before).await, ["2|1000"]);
    let views = "select sum(cast(paid_revenue as bigint)) from app_sales union all select sum(cast(paid_revenue as bigint)) from published.app_sales";
    let mut seen = world.ask_build(build.as_ref(), views).await;
    seen.sort_unstable();
    assert_eq!(seen, ["1000", "1700"]);
    assert_eq!(world.ask_build(build.as_ref(), "select count(*) from transaction_staging").await, ["1"]);
    assert_eq!(world.ask(state).await, ["2|1000"]);
    assert_eq!(reader.published().await.unwrap().unwrap().number, 1);

    world.publish(build, &[]).await.unwrap();
    assert_eq!(reader.published().await.unwrap().unwrap().number, 2);
    assert_eq!(world.ask(state).await, ["2|1700"]);
    assert_eq!(world.ask("select sum(cast(paid_revenue as bigint)) from app_sales").await, ["1700"]);
}

pub(crate) async fn a_run_that_fails_leaves_what_was(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let more: Rows<'_> = &[
        ("orders", &[&["o9", "2024-03-02 10:00:00", "c9", SECOND]]),
        ("order_lines", &[&["l9", "1", "v9", "900", "o9", SECOND]]),
    ];
    drop(world.built(more, &[SECOND]).await);
    assert_eq!(world.ask(REVENUE).await, [REVENUE_OF_DAY]);
    // what a killed run has left is not in the next one
    let build = world.staged(&[]).await;
    assert_eq!(world.ask_build(build.as_ref(), "select count(*) from orders").await, ["2"]);
    assert_eq!(world.ask_build(build.as_ref(), "select count(*) from closed_dates").await, ["1"]);
    drop(build);
    world.close(&[], &[SECOND]).await;
    assert_eq!(world.ask(REVENUE).await, [REVENUE_OF_DAY]);
    assert_eq!(world.ask("select count(*) from orders").await, ["2"]);
}

pub(crate) async fn of_two_builds_from_one_state_one_publishes(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let stale = world.staged(&[]).await;
    let winner = world.built(&[], &[FIRST, SECOND]).await;
    assert_eq!(world.publish(winner, &[SECOND]).await.unwrap().number, 2);
    let lost = world.publish(stale, &[]).await;
    assert!(matches!(lost, Err(WarehouseError::Overtaken { number: 2 })), "{lost:?}");
    let published = world.warehouse.published().await.unwrap().unwrap();
    assert_eq!((published.number, published.draft.closed_dates), (2, days(&[FIRST, SECOND])));
    assert_eq!(world.ask("select count(*) from closed_dates").await, ["2"]);
}

pub(crate) async fn an_empty_day_is_closed(world: &mut World) {
    world.close(&[], &[FIRST]).await;
    assert_eq!(world.ask("select partition_date from closed_dates").await, [FIRST]);
    assert_eq!(world.ask("select count(*) from dwd_orders_variant_status").await, ["0"]);
    world.close(DAY, &[FIRST, SECOND]).await;
    assert_eq!(world.ask(REVENUE).await, [REVENUE_OF_DAY]);
    assert_eq!(world.ask("select count(*) from closed_dates").await, ["2"]);
}
