//! Customer service over HTTP.

use crate::support::Front;

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
