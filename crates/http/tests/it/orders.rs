//! Customer service over HTTP.

use chrono::NaiveDateTime;
use daybook_http::ClosedOrder;

use crate::support::Front;

/// Publishes every order that is in the store now.
async fn publish(front: &Front) {
    let orders: Vec<(String, String, NaiveDateTime)> =
        sqlx::query_as("select id, customer_id, processed_timestamp from ods.orders")
            .fetch_all(front.ods.pool())
            .await
            .unwrap();
    let closed = orders.into_iter().map(|(id, customer_id, processed_timestamp)| ClosedOrder {
        id,
        customer_id,
        processed_timestamp,
        partition_date: processed_timestamp.date(),
        order_status: "pending".to_owned(),
        units: 1,
        revenue: 100,
    });
    front.books.closed.lock().unwrap().extend(closed);
}

/// The ids on a page, those of the store first, and where the next begins.
async fn page(front: &Front, limit: u32, after: Option<&str>) -> (Vec<String>, Option<String>) {
    let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
    let path = format!("/v1/customers/c1/orders?history=true&limit={limit}{after}");
    let page = front.get(&path).await.json();
    let ids = |list: &str, key: &str| {
        let orders = page[list].as_array().unwrap().iter();
        orders.map(|order| order[key].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    ([ids("orders", "id"), ids("history", "order_id")].concat(), page["next"].as_str().map(str::to_owned))
}

/// The ids on all pages after a place.
async fn pages(front: &Front, limit: u32, mut after: Option<String>) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let (ids, next) = page(front, limit, after.as_deref()).await;
        assert!(ids.len() <= limit as usize, "{ids:?}");
        seen.extend(ids);
        if next.is_none() {
            return seen;
        }
        after = next;
    }
}

#[tokio::test]
async fn history_leaves_no_order_out_however_many_are_kept() {
    let front = Front::open().await;
    front
        .execute("insert into ods.orders values ('old', '2024-04-01', 'c1'), ('x', '2024-04-01', 'c2')")
        .await;
    publish(&front).await;
    front.execute("delete from ods.orders").await;
    front
        .execute(
            "insert into ods.orders
             select 'o' || lpad(n::text, 4, '0'), timestamp '2024-05-01' + n / 2 * interval '1 minute', 'c1'
             from generate_series(1, 1100) n",
        )
        .await;
    publish(&front).await;
    let expected: Vec<String> =
        (1..=1100).rev().map(|n| format!("o{n:04}")).chain(["old".to_owned()]).collect();
    assert_eq!(pages(&front, 100, None).await, expected);
}

#[tokio::test]
async fn an_order_that_expires_between_two_pages_is_shown_once() {
    let front = Front::open().await;
    front
        .execute(
            "insert into ods.orders
             select 'o' || n, timestamp '2024-05-01' + n / 2 * interval '1 hour', 'c1'
             from generate_series(1, 8) n",
        )
        .await;
    publish(&front).await;
    let (first, next) = page(&front, 3, None).await;
    assert_eq!(first, ["o8", "o7", "o6"]);
    // an older one stays, as one does that was changed
    front.execute("delete from ods.orders where id <> 'o3'").await;
    let mut rest = pages(&front, 3, next).await;
    rest.sort();
    assert_eq!(rest, ["o1", "o2", "o3", "o4", "o5"]);
    let mut all = pages(&front, 1, None).await;
    assert_eq!(all, ["o8", "o7", "o6", "o5", "o4", "o3", "o2", "o1"]);
    all.truncate(2);
    assert_eq!(page(&front, 2, None).await.0, all);
}

#[tokio::test]
async fn an_order_of_long_ago_is_found_with_what_was_paid_since() {
    let front = Front::open().await;
    front.execute("insert into ods.orders values ('old', '2024-04-01 10:00:00', 'c1')").await;
    publish(&front).await;
    assert_eq!(front.get("/v1/orders/old?history=true").await.json()["id"], "old");
    front
        .execute(
            "delete from ods.orders;
             insert into ods.transaction values ('t1', 'old', 'success', '2024-05-10 10:00:00')",
        )
        .await;
    front.get("/v1/orders/old").await.problem(404);
    front.get("/v1/orders/other?history=true").await.problem(404);
    let order = front.get("/v1/orders/old?history=true").await.json();
    assert_eq!((&order["order_id"], &order["revenue"]), (&"old".into(), &100.into()), "{order}");
    assert_eq!(order["processed_timestamp"], "2024-04-01T10:00:00Z");
    let page = front.get("/v1/customers/c1/orders?history=true").await.json();
    for order in [&order, &page["history"][0]] {
        assert_eq!((&order["order_status"], &order["payments"][0]["id"]), (&"pending".into(), &"t1".into()));
        assert_eq!(order["payments"][0]["is_paid"], true);
    }
}

#[tokio::test]
async fn an_order_that_came_again_shows_what_the_books_know_of_its_payment() {
    let front = Front::open().await;
    front.execute("insert into ods.orders values ('again', '2024-04-01 10:00:00', 'c1')").await;
    publish(&front).await;
    front.books.closed.lock().unwrap()[0].order_status = "success".to_owned();
    let order = front.get("/v1/orders/again").await.json();
    assert_eq!((&order["status"], order.get("published_status")), (&"pending".into(), None));
    let order = front.get("/v1/orders/again?history=true").await.json();
    let page = front.get("/v1/customers/c1/orders?history=true").await.json();
    for order in [&order, &page["orders"][0]] {
        assert_eq!((&order["status"], &order["published_status"]), (&"pending".into(), &"success".into()));
    }
}

#[tokio::test]
async fn an_order_shows_lines_titles_payments_and_status() {
    let front = Front::open().await;
    front
        .execute(
            "insert into ods.product values ('p1', 'Mug', 'kitchen', '2024-04-01');
             insert into ods.variant values ('v1', 'p1', 1250, 'small', '2024-04-01', '2024-04-01', '2024-04-01');
             insert into ods.orders values ('o1', '2024-05-01 10:00:00', 'c1');
             insert into ods.order_lines values ('l1', 2, 'v1', 2500, 'o1'), ('l2', 1, 'gone', 100, 'o1');
             insert into ods.transaction values ('t1', 'o1', 'failed', '2024-05-01 10:01:00'),
                 ('t2', 'o1', 'success', '2024-05-01 10:02:00');",
        )
        .await;
    let order = front.get("/v1/orders/o1").await.json();
    assert_eq!(order["status"], "success");
    assert_eq!(order["paid_at"], "2024-05-01T10:02:00Z");
    assert_eq!(order["attempts"], 2);
    assert_eq!(order["business_date"], "2024-05-01");
    assert_eq!(order["lines"][0]["product_title"], "Mug");
    assert_eq!(order["lines"][1]["product_title"], serde_json::Value::Null);
    front.get("/v1/orders/o2").await.problem(404);
    front.get("/v1/orders/%00").await.problem(404);
}

#[tokio::test]
async fn a_customers_orders_come_page_by_page_newest_first() {
    let front = Front::open().await;
    front
        .execute(
            "insert into ods.orders
             select 'o' || lpad(n::text, 2, '0'), timestamp '2024-05-01' + n / 2 * interval '1 hour', 'c1'
             from generate_series(1, 25) n",
        )
        .await;
    let mut seen = Vec::new();
    let mut path = "/v1/customers/c1/orders?limit=10".to_owned();
    let mut pages = 0;
    loop {
        let page = front.get(&path).await.json();
        let ids =
            page["orders"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        pages += 1;
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/customers/c1/orders?limit=10&after={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (1..=25).rev().map(|n| format!("o{n:02}")).collect();
    assert_eq!((seen, pages), (expected, 3));
    let history = front.get("/v1/customers/c2/orders?history=true").await.json();
    assert_eq!(history["history"], serde_json::json!([]));
    front.get("/v1/customers/c1/orders?after=nonsense").await.problem(400);
    front.get("/v1/customers/c1/orders?limit=0").await.problem(400);
}
