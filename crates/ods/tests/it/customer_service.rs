//! Looking up orders.

use std::collections::BTreeSet;

use daybook_ods::{MAX_ORDERS, Order, OrderLine, Payment, ShopRules};

use crate::support::{Shop, time};

fn rules() -> ShopRules {
    ShopRules {
        paid_statuses: vec!["success".to_owned(), "settled".to_owned()],
        timezone: "Europe/London".parse().unwrap(),
    }
}

async fn shop_with_an_order() -> Shop {
    let shop = Shop::open().await;
    shop.execute(
        "begin; \
         insert into ods.product values ('p', 'Mugs', 'stock', '2024-01-01'); \
         insert into ods.variant values ('v', 'p', 150, 'Mug', '2024-01-01', '2024-01-01', '2024-01-01'); \
         insert into ods.orders values ('o', '2024-05-09 23:30:00.000001', 'c'); \
         insert into ods.order_lines values ('l2', -1, 'gone', -100, 'o'), ('l1', 2, 'v', 200, 'o'); \
         commit;",
    )
    .await;
    shop
}

async fn order(shop: &Shop, id: &str) -> Order {
    shop.ods.order(id, &rules()).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_order_shows_its_lines_with_what_is_offered_now() {
    let shop = shop_with_an_order().await;
    let known = OrderLine {
        id: "l1".to_owned(),
        quantity: 2,
        revenue: 200,
        variant_id: "v".to_owned(),
        variant_title: Some("Mug".to_owned()),
        price: Some(150),
        product_id: Some("p".to_owned()),
        product_title: Some("Mugs".to_owned()),
    };
    let unknown = OrderLine {
        id: "l2".to_owned(),
        quantity: -1,
        revenue: -100,
        variant_id: "gone".to_owned(),
        variant_title: None,
        price: None,
        product_id: None,
        product_title: None,
    };
    let expected = Order {
        id: "o".to_owned(),
        customer_id: "c".to_owned(),
        processed_timestamp: "2024-05-09T23:30:00.000001".parse().unwrap(),
        business_date: "2024-05-10".parse().unwrap(),
        status: "pending".to_owned(),
        paid_at: None,
        attempts: 0,
        lines: vec![known, unknown],
        payments: Vec::new(),
    };
    assert_eq!(order(&shop, "o").await, expected);
    for id in ["x", "", "o\0", "' or '' = '"] {
        assert_eq!(shop.ods.order(id, &rules()).await.unwrap(), None, "{id}");
    }
}

#[tokio::test]
async fn the_earliest_paid_payment_decides_else_the_latest() {
    let shop = shop_with_an_order().await;
    let steps = [
        // (id, status, time) and then the order's status, paid_at and attempts
        ("('t2', 'declined', '2024-05-10 10:00:00')", "declined", None, 1),
        ("('t1', 'open', '2024-05-10 10:00:00')", "declined", None, 2),
        ("('t0', 'open', '2024-05-10 10:00:01')", "open", None, 3),
        ("('t5', 'success', '2024-05-10 12:00:00')", "success", Some("2024-05-10 12:00:00"), 4),
        ("('t6', 'refunded', '2024-05-10 13:00:00')", "success", Some("2024-05-10 12:00:00"), 5),
        ("('t4', 'settled', '2024-05-10 12:00:00')", "settled", Some("2024-05-10 12:00:00"), 6),
        ("('t7', 'success', '2024-05-10 09:00:00')", "success", Some("2024-05-10 09:00:00"), 7),
    ];
    for (payment, status, paid_at, attempts) in steps {
        shop.execute(&format!(
            "insert into ods.transaction select id, 'o', status, created_at::timestamp \
             from (values {payment}) as payment (id, status, created_at)"
        ))
        .await;
        let order = order(&shop, "o").await;
        assert_eq!(
            (order.status.as_str(), order.paid_at, order.attempts),
            (status, paid_at.map(time), attempts)
        );
    }
    let payments = order(&shop, "o").await.payments;
    let ids: Vec<_> = payments.iter().map(|payment| payment.id.as_str()).collect();
    assert_eq!(ids, ["t7", "t1", "t2", "t0", "t4", "t5", "t6"]);
    let first = Payment {
        id: "t7".to_owned(),
        status: "success".to_owned(),
        created_at: time("2024-05-10 09:00:00"),
        is_paid: true,
    };
    assert_eq!(payments[0], first);
}

/// Every page of a customer's orders; `between` runs after each.
async fn follow(shop: &Shop, limit: u32, between: impl AsyncFn(usize)) -> Vec<String> {
    let (mut ids, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = shop.ods.customer_orders("c", after.as_ref(), limit, &rules()).await.unwrap();
        assert!(page.orders.len() <= limit as usize);
        let times: Vec<_> =
            page.orders.iter().map(|order| (order.processed_timestamp, order.id.clone())).collect();
        assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
        ids.extend(page.orders.into_iter().map(|order| order.id));
        // as it goes to a client and comes back
        let Some(next) = page.next else { return ids };
        after = Some(next.to_string().parse().unwrap());
        pages += 1;
        between(pages).await;
    }
}

#[tokio::test]
async fn pages_show_every_order_once_while_others_arrive() {
    let shop = shop_with_an_order().await;
    // three of each time, so that ids decide at the pages' ends; and another customer's
    shop.execute(
        "insert into ods.orders select 'o' || n, timestamp '2024-05-01' + (n / 3) * interval '1 hour', 'c' \
         from generate_series(1, 50) n; \
         insert into ods.orders values ('other', '2024-05-02', 'd')",
    )
    .await;
    let newest_first =
        "select id from ods.orders where customer_id = 'c' order by processed_timestamp desc, id desc";
    let before: Vec<String> = shop.query(newest_first).await.lines().map(str::to_owned).collect();
    for limit in [1, 3, 7, 50, 51] {
        assert_eq!(follow(&shop, limit, async |_| {}).await, before, "{limit}");
    }
    // newer ones, ones in the middle, and some that go
    let seen = follow(&shop, 7, async |page| {
        shop.execute(&format!(
            "insert into ods.orders values ('new{page}', '2024-05-11', 'c'), ('late{page}', '2024-05-01 08:00:00', 'c'); \
             delete from ods.orders where id = 'o{page}'"
        ))
        .await;
    })
    .await;
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "none twice: {seen:?}");
    let is_left = |id: &&String| !["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8"].contains(&id.as_str());
    assert!(before.iter().filter(is_left).all(|id| distinct.contains(id)), "none is left out: {seen:?}");
}

#[tokio::test]
async fn a_page_holds_whole_orders_and_not_too_many() {
    let shop = shop_with_an_order().await;
    shop.execute("insert into ods.transaction values ('t', 'o', 'success', '2024-05-10')").await;
    let page = shop.ods.customer_orders("c", None, 0, &rules()).await.unwrap();
    assert_eq!(page.orders, [order(&shop, "o").await]);
    assert_eq!(page.next, None);
    for nobody in ["x", "c\0"] {
        let page = shop.ods.customer_orders(nobody, None, 10, &rules()).await.unwrap();
        assert!(page.orders.is_empty() && page.next.is_none());
    }
    shop.execute("insert into ods.orders select 'o' || n, '2024-05-01', 'c' from generate_series(1, 200) n")
        .await;
    let page = shop.ods.customer_orders("c", None, u32::MAX, &rules()).await.unwrap();
    assert_eq!(page.orders.len(), MAX_ORDERS as usize);
    assert!(page.next.is_some());
}

/// Customer service must not wait for statistics: right after a load there are none.
#[tokio::test]
async fn an_answer_reads_no_table_whole_and_sorts_no_customer_whole() {
    let shop = Shop::open().await;
    shop.execute(
        "alter table ods.orders set (autovacuum_enabled = off); \
         insert into ods.product select 'p' || n, 'Product', n, '2024-01-01' from generate_series(1, 500) n; \
         insert into ods.variant select 'v' || n, 'p' || n, n, 'V', '2024-01-01', '2024-01-01', '2024-01-01' \
             from generate_series(1, 500) n; \
         insert into ods.orders select 'o' || n, timestamp '2024-05-01' + n * interval '1 s', 'c' || n % 2 * n \
             from generate_series(1, 10000) n; \
         insert into ods.order_lines select 'l' || n, 1, 'v' || n % 500, 1, 'o' || n from generate_series(1, 10000) n; \
         insert into ods.transaction select 't' || n, 'o' || n, 'success', '2024-05-02' from generate_series(1, 10000) n",
    )
    .await;
    let whole = include_str!("../../queries/orders/select_whole.sql");
    for (chosen, arguments) in [
        (include_str!("../../queries/orders/choose_by_id.sql"), "'{success}', 'o7'"),
        (
            include_str!("../../queries/orders/choose_by_customer.sql"),
            "'{success}', 'c0', '2024-06-01', '', 21",
        ),
    ] {
        for analyze in ["", "analyze;"] {
            shop.execute(analyze).await;
            let types = if arguments.ends_with("21") {
                "text[], text, timestamp, text, bigint"
            } else {
                "text[], text"
            };
            let statement = whole.replace("{chosen}", chosen);
            let mut connection = shop.ods.pool().acquire().await.unwrap();
            let prepare =
                format!("set plan_cache_mode = force_generic_plan; prepare asked ({types}) as {statement}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
            let explain = format!("explain (analyze, timing off) execute asked ({arguments})");
            let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
                .persistent(false)
                .fetch_all(&mut *connection)
                .await
                .unwrap();
            let deallocate = "deallocate asked; reset plan_cache_mode";
            sqlx::raw_sql(deallocate).execute(&mut *connection).await.unwrap();
            let plan = plan.join("\n");
            for bad in ["Seq Scan", "actual rows=5000", "orders_processed_timestamp_idx"] {
                assert!(!plan.contains(bad), "{plan}");
            }
        }
    }
    let page = shop.ods.customer_orders("c0", None, 20, &rules()).await.unwrap();
    assert_eq!(page.orders.len(), 20);
}
