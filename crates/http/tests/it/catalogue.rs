//! Products and variants over HTTP.

use reqwest::Method;
use serde_json::json;
use sqlx::Connection;

use crate::support::{Answer, Front};

async fn put_if(front: &Front, path: &str, header: (&str, &str), price: i32) -> Answer {
    let body = json!({"product_id": "p1", "title": "small", "price": price});
    Answer::of(front.request(Method::PUT, path).header(header.0, header.1).json(&body).send().await.unwrap())
        .await
}

#[tokio::test]
async fn a_product_and_its_variants_live_and_go() {
    let front = Front::open().await;
    let product = json!({"title": "Mug", "product_type": "kitchen"});
    let created = front.send(Method::PUT, "/v1/products/p1", &product).await;
    assert_eq!(created.status, 201, "{created:?}");
    let again = front.send(Method::PUT, "/v1/products/p1", &product).await;
    assert_eq!((again.status.as_u16(), &again.etag), (200, &created.etag));
    assert_eq!(front.get("/v1/products/p1").await.etag, created.etag);

    let twin = front.send(Method::PUT, "/v1/products/p2", &product).await;
    assert_eq!(twin.json()["warnings"][0]["code"], "natural_key_shared");

    let variant = json!({"product_id": "p1", "title": "small", "price": 1250});
    assert_eq!(front.send(Method::PUT, "/v1/variants/v1", &variant).await.status, 201);
    let priced = front.send(Method::PATCH, "/v1/variants/v1", &json!({"price": 1300})).await;
    assert_eq!((priced.status.as_u16(), &priced.json()["price"]), (200, &json!(1300)));

    assert_eq!(front.request(Method::DELETE, "/v1/products/p1").send().await.unwrap().status(), 204);
    front.get("/v1/variants/v1").await.problem(404);
    front.send(Method::PATCH, "/v1/variants/v1", &json!({"price": 1})).await.problem(404);
    let versions: Vec<(i32, String)> =
        sqlx::query_as("select price, operation from daybook.variant_version order by sequence")
            .fetch_all(front.ods.pool())
            .await
            .unwrap();
    let expected = [(1250, "insert"), (1300, "update"), (1300, "delete")];
    assert_eq!(versions, expected.map(|(price, operation)| (price, operation.to_owned())));
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let front = Front::open().await;
    front.send(Method::PUT, "/v1/products/p1", &json!({"title": "Mug", "product_type": "kitchen"})).await;
    let created = put_if(&front, "/v1/variants/v1", ("if-none-match", "*"), 100).await;
    assert_eq!(created.status, 201);
    put_if(&front, "/v1/variants/v1", ("if-none-match", "*"), 100).await.problem(412);
    let read = created.etag.unwrap();
    assert_eq!(put_if(&front, "/v1/variants/v1", ("if-match", &read), 200).await.status, 200);
    put_if(&front, "/v1/variants/v1", ("if-match", &read), 300).await.problem(412);
    put_if(&front, "/v1/variants/v1", ("if-match", "unquoted"), 300).await.problem(400);
    let weak = format!("W/{read}");
    put_if(&front, "/v1/variants/v1", ("if-match", &weak), 300).await.problem(412);
    assert_eq!(front.get("/v1/variants/v1").await.json()["price"], 200);
}

#[tokio::test]
async fn a_document_is_stored_whole_or_not_at_all() {
    let front = Front::open().await;
    let bad = json!({"products": [
        {"id": "p1", "title": "Mug", "product_type": "kitchen", "variants": [{"id": "v1", "title": "small", "price": "12"}]}
    ]});
    let problem = front.send(Method::PUT, "/v1/catalogue", &bad).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/products/0/variants/0/price");
    front.get("/v1/products/p1").await.problem(404);

    let good = json!({"products": [
        {"id": "p1", "title": "Mug", "product_type": "kitchen", "variants": [{"id": "v1", "title": "small", "price": 12}]}
    ]});
    let stored = front.send(Method::PUT, "/v1/catalogue", &good).await;
    assert_eq!(stored.json()["variants"]["inserted"], 1, "{stored:?}");
    let orphan = json!({"variants": [{"id": "v2", "product_id": "none", "title": "x", "price": 1}]});
    let problem = front.send(Method::PUT, "/v1/catalogue", &orphan).await.problem(422);
    assert_eq!(problem["errors"][0]["reason"], "parent_missing");
}

#[tokio::test]
async fn a_row_that_somebody_keeps_locked_holds_up_its_editors_only() {
    let front = Front::open().await;
    front
        .execute(
            "insert into ods.product values ('p1', 'Mug', 'kitchen', '2024-04-01');
             insert into ods.variant values ('v1', 'p1', 1, 'small', '2024-04-01', '2024-04-01', '2024-04-01');
             insert into ods.orders values ('o1', '2024-05-01 10:00:00', 'c1')",
        )
        .await;
    let mut other = front.session().await;
    let mut lock = other.begin().await.unwrap();
    sqlx::query("select from ods.variant for update").execute(&mut *lock).await.unwrap();
    let edits = (0..12).map(|price| {
        let front = &front;
        async move { front.send(Method::PATCH, "/v1/variants/v1", &json!({"price": price})).await }
    });
    let (edits, seen) = tokio::join!(futures::future::join_all(edits), async {
        front.somebody_waits().await;
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(front.get("/v1/customers/c1/orders").await.status.as_u16());
        }
        seen
    });
    assert_eq!(seen, [200; 20]);
    for edit in edits {
        edit.problem(503);
        assert_eq!(edit.retry_after.as_deref(), Some("5"));
    }
    lock.rollback().await.unwrap();
    assert_eq!(front.send(Method::PATCH, "/v1/variants/v1", &json!({"price": 7})).await.status, 200);
}

#[tokio::test]
async fn a_field_that_a_price_change_does_not_know_is_refused() {
    let front = Front::open().await;
    let change = json!({"price": 1, "title": "new"});
    let problem = front.send(Method::PATCH, "/v1/variants/v1", &change).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("unknown field `title`"), "{problem}");
}

#[tokio::test]
async fn a_time_whose_year_cannot_be_written_in_utc_is_refused() {
    let front = Front::open().await;
    for time in ["9999-12-31T23:59:59-15:00", "0001-01-01T00:00:00+15:00"] {
        let product = json!({"title": "Mug", "product_type": "kitchen", "created_at": time});
        let problem = front.send(Method::PUT, "/v1/products/p1", &product).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/created_at", "{problem}");
    }
}
