//! The catalogue, changed row by row and as a document, by several editors.

use daybook_ods::{
    CatalogueCounts, CatalogueError, CatalogueReport, Change, Etag, Ods, OdsError, Precondition, Product,
    Stored,
};
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::versions::{assert_invariant, history};

const NONE: &Precondition = &Precondition::None;

fn mugs() -> Value {
    json!({"products": [{
        "id": "p", "title": "Mugs", "product_type": "stock", "created_at": "2024-01-01 00:00:00",
        "variants": [
            {"id": "v", "price": 100, "title": "Mug", "updated_at": "2024-01-01T01:00:00+01:00"},
            {"id": "w", "product_id": "p", "price": 120, "title": "Large mug", "created_at": null},
        ],
    }]})
}

async fn shop_with_mugs() -> Shop {
    let shop = Shop::open().await;
    shop.ods.upsert_catalogue(&mugs()).await.unwrap();
    shop
}

fn product(title: &str) -> Value {
    json!({"title": title, "product_type": "stock"})
}

fn variant(price: i32) -> Value {
    json!({"product_id": "p", "price": price, "title": "Mug"})
}

fn counts(inserted: u64, updated: u64, unchanged: u64, older: u64) -> CatalogueCounts {
    CatalogueCounts { inserted, updated, unchanged, older }
}

async fn versions(shop: &Shop) -> String {
    shop.query("select (select count(*) from daybook.product_version), (select count(*) from daybook.variant_version)")
        .await
}

#[tokio::test]
async fn a_document_is_stored_and_means_nothing_new_the_second_time() {
    let shop = Shop::open().await;
    let first = shop.ods.upsert_catalogue(&mugs()).await.unwrap();
    let rows =
        CatalogueReport { products: counts(1, 0, 0, 0), variants: counts(2, 0, 0, 0), warnings: Vec::new() };
    assert_eq!(first, rows);
    assert_eq!(
        shop.query("select * from ods.variant order by id").await,
        "v p 100 Mug 2024-01-01T00:00:00 2024-01-01T00:00:00 2024-05-10T12:00:00\n\
         w p 120 Large mug 2024-05-10T12:00:00 2024-05-10T12:00:00 2024-05-10T12:00:00"
    );
    let again = shop.ods.upsert_catalogue(&mugs()).await.unwrap();
    assert_eq!((again.products, again.variants), (counts(0, 0, 1, 0), counts(0, 0, 2, 0)));
    assert_eq!(versions(&shop).await, "1 2");
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn a_change_without_a_later_time_of_its_own_happens_at_the_clock() {
    let shop = shop_with_mugs().await;
    let later = shop.at("2024-06-01 00:00:00").await;
    let stored = later.put_product("p", &product("Cups"), NONE).await.unwrap();
    assert_eq!(stored.change, Change::Updated);
    assert_eq!(
        shop.query("select title, created_at, valid_from from daybook.product_version order by sequence")
            .await,
        "Mugs 2024-01-01T00:00:00 2024-01-01T00:00:00\nCups 2024-01-01T00:00:00 2024-06-01T00:00:00"
    );
    // what was read, edited and sent back
    let mut edited = variant(150);
    edited["updated_at"] = json!("2024-01-01 00:00:00");
    later.put_variant("v", &edited, NONE).await.unwrap();
    let brings_a_time = json!({"variants": [
        {"id": "w", "product_id": "p", "price": 90, "title": "Large mug", "updated_at": "2024-05-20 00:00:00Z"},
    ]});
    later.upsert_catalogue(&brings_a_time).await.unwrap();
    assert_eq!(history(&shop, "v").await, "insert 100 2024-01-01T00:00:00\nupdate 150 2024-06-01T00:00:00");
    assert_eq!(history(&shop, "w").await, "insert 120 2024-05-10T12:00:00\nupdate 90 2024-05-20T00:00:00");
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let shop = shop_with_mugs().await;
    let seen = shop.ods.variant("v").await.unwrap().unwrap();
    assert_eq!(shop.at("2024-07-01 00:00:00").await.variant("v").await.unwrap().unwrap(), seen);
    let expected = Precondition::Matches(vec![Etag::new("other"), seen.etag]);

    let first = shop.ods.change_price("v", 150, &expected).await.unwrap();
    let second = shop.ods.put_variant("v", &variant(175), &expected).await.unwrap_err();
    let CatalogueError::PreconditionFailed { current: Some(current) } = second else { panic!("{second}") };
    assert_eq!(current, first.etag);
    assert!(shop.ods.delete_variant("v", &expected).await.is_err());
    assert_eq!(shop.query("select price from ods.variant where id = 'v'").await, "150");

    let retried =
        shop.ods.put_variant("v", &variant(175), &Precondition::Matches(vec![current])).await.unwrap();
    assert_eq!((retried.row.price, retried.change), (175, Change::Updated));
    assert_eq!(retried.etag, shop.ods.variant("v").await.unwrap().unwrap().etag);
    // the same content has the same tag, and is no change
    let unchanged = shop.ods.change_price("v", 175, NONE).await.unwrap();
    assert_eq!((unchanged.etag, unchanged.change), (retried.etag, Change::Unchanged));
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn of_many_editors_of_one_row_one_wins() {
    let shop = shop_with_mugs().await;
    let seen = shop.ods.product("p").await.unwrap().unwrap();
    let expected = &Precondition::Matches(vec![seen.etag]);
    let ods = &shop.ods;
    let edits = (0..8)
        .map(|editor| async move { ods.put_product("p", &product(&format!("{editor}")), expected).await });
    assert_eq!(winners(futures::future::join_all(edits).await), 1);

    let creations = (0..8).map(|editor| async move {
        ods.put_product("new", &product(&format!("{editor}")), &Precondition::Absent).await
    });
    assert_eq!(winners(futures::future::join_all(creations).await), 1);
    assert_eq!(shop.query("select count(*) from daybook.product_version").await, "3");
    assert_invariant(&shop).await;
}

/// Everybody else hears that they were too late.
fn winners(outcomes: Vec<Result<Stored<Product>, CatalogueError>>) -> usize {
    let late = |outcome: &Result<_, _>| {
        matches!(outcome, Err(CatalogueError::PreconditionFailed { current: Some(_) }))
    };
    assert!(outcomes.iter().all(|outcome| outcome.is_ok() || late(outcome)), "{outcomes:?}");
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

#[tokio::test]
async fn a_precondition_says_whether_the_row_must_be_there() {
    let shop = shop_with_mugs().await;
    let ods = &shop.ods;
    let refused = |outcome| matches!(outcome, Err(CatalogueError::PreconditionFailed { current: None }));
    let created = ods.put_product("q", &product("Jars"), &Precondition::Absent).await.unwrap();
    assert_eq!(created.change, Change::Created);
    assert!(ods.put_product("q", &product("Pots"), &Precondition::Absent).await.is_err());
    assert!(refused(ods.put_product("r", &product("Pots"), &Precondition::Exists).await.map(|_| ())));
    let tagged = Precondition::Matches(vec![created.etag]);
    assert!(refused(ods.put_product("r", &product("Pots"), &tagged).await.map(|_| ())));
    // without a row there is nothing to compare: the answer is the one without a precondition
    let missing = |outcome| matches!(outcome, Err(CatalogueError::NotFound { .. }));
    assert!(missing(ods.change_price("r", 1, &tagged).await.map(|_| ())));
    assert!(missing(ods.delete_product("r\0", &Precondition::Exists).await.map(|_| ())));
    assert!(missing(ods.delete_variant("r", NONE).await));
    assert_eq!(ods.product("r").await.unwrap(), None);
}

#[tokio::test]
async fn a_removed_product_takes_its_variants_and_leaves_their_versions() {
    let shop = shop_with_mugs().await;
    assert_eq!(shop.ods.delete_product("p", NONE).await.unwrap(), 2);
    assert_eq!(shop.query("select count(*) from ods.variant").await, "0");
    assert_eq!(history(&shop, "v").await, "insert 100 2024-01-01T00:00:00\ndelete 100 2024-05-10T12:00:00");
    assert_eq!(history(&shop, "w").await, "insert 120 2024-05-10T12:00:00\ndelete 120 2024-05-10T12:00:00");

    // older than its own removal: it belongs to the history, which needs no product
    let older = json!({"variants": [
        {"id": "v", "product_id": "p", "price": 90, "title": "Mug", "updated_at": "2024-02-01 00:00:00"},
    ]});
    let report = shop.ods.upsert_catalogue(&older).await.unwrap();
    assert_eq!(report.variants, counts(0, 0, 0, 1));
    let mut single = older["variants"][0].clone();
    single["price"] = json!(91);
    let error = shop.ods.put_variant("v", &single, NONE).await.unwrap_err();
    assert!(matches!(error, CatalogueError::OlderThanStored { current: None }), "{error}");
    assert_eq!(
        history(&shop, "v").await,
        "insert 100 2024-01-01T00:00:00\ninsert 90 2024-02-01T00:00:00\ndelete 100 2024-05-10T12:00:00"
    );

    shop.ods.upsert_catalogue(&mugs()).await.unwrap();
    assert_eq!(shop.query("select id, price from ods.variant").await, "w 120");
    shop.ods.delete_variant("w", NONE).await.unwrap();
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn a_row_older_than_a_price_change_goes_into_the_history_only() {
    let shop = shop_with_mugs().await;
    shop.at("2024-06-01 00:00:00").await.change_price("v", 150, NONE).await.unwrap();
    let late = json!({"id": "v", "product_id": "p", "price": 110, "title": "Mug", "updated_at": "2024-03-01 00:00:00"});
    let report = shop.ods.upsert_catalogue(&json!({"variants": [late]})).await.unwrap();
    assert_eq!(report.variants, counts(0, 0, 0, 1));
    let warning = &report.warnings[0];
    assert_eq!((warning.code.as_str(), warning.pointer.as_str()), ("older_than_stored", "/variants/0"));
    // the same by a batch, and then by a client that puts one row
    shop.write("b/product.csv", "id,title,product_type,created_at\n");
    shop.write(
        "b/variant.csv",
        "id,product_id,price,title,created_at,updated_at,ingested_at\n\
         v,p,120,Mug,2024-01-01 00:00:00,2024-04-01 00:00:00,2024-01-01 00:00:00\n",
    );
    shop.load("b").await;
    let error = shop.ods.put_variant("v", &late, NONE).await.unwrap_err();
    assert!(matches!(error, CatalogueError::OlderThanStored { current: Some(_) }), "{error}");
    assert_eq!(
        history(&shop, "v").await,
        "insert 100 2024-01-01T00:00:00\n\
         update 110 2024-03-01T00:00:00\n\
         update 120 2024-04-01T00:00:00\n\
         update 150 2024-06-01T00:00:00"
    );
    assert_eq!(shop.query("select price from ods.variant where id = 'v'").await, "150");
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn a_second_product_of_one_title_and_type_is_accepted_with_a_warning() {
    let shop = shop_with_mugs().await;
    let stored = shop.ods.put_product("q", &product("Mugs"), NONE).await.unwrap();
    assert_eq!(stored.change, Change::Created);
    let [warning] = &stored.warnings[..] else { panic!("{stored:?}") };
    assert_eq!((warning.code.as_str(), warning.pointer.as_str()), ("natural_key_shared", ""));
    assert_eq!(warning.message, "product 'q' has the title and the product_type of product 'p'");
    let other_type = json!({"id": "q", "title": "Mugs", "product_type": "made to order"});
    assert_eq!(shop.ods.put_product("q", &other_type, NONE).await.unwrap().warnings, []);
}

#[tokio::test]
async fn a_document_that_breaks_the_contract_says_where_and_leaves_nothing() {
    let shop = Shop::open().await;
    let product = |field: &str, value: Value| {
        let mut product = json!({"id": "p", "title": "Mugs", "product_type": "stock"});
        product[field] = value;
        json!({"products": [{"id": "good", "title": "Good", "product_type": "stock"}, product]})
    };
    let variant = |field: &str, value: Value| {
        let mut variant = json!({"id": "v", "price": 1, "title": "Mug"});
        variant[field] = value;
        json!({"products": [{"id": "p", "title": "Mugs", "product_type": "stock", "variants": [variant]}]})
    };
    let (in_product, in_variant) = ("/products/1/", "/products/0/variants/0/");
    let mut cases = vec![
        (json!([]), String::new()),
        (json!({"product": []}), "/product".to_owned()),
        (json!({"products": {}}), "/products".to_owned()),
        (json!({"products": [1]}), "/products/0".to_owned()),
        (json!({"variants": [{"id": "v", "price": 1, "title": "Mug"}]}), "/variants/0/product_id".to_owned()),
        (product("a/b~", json!(1)), format!("{in_product}a~1b~0")),
        (product("id", json!("good")), format!("{in_product}id")),
        (product("variants", json!("none")), format!("{in_product}variants")),
        (variant("product_id", json!("other")), format!("{in_variant}product_id")),
        (product("title", json!("a\0b")), String::new()),
    ];
    for (field, values) in [
        ("id", vec![json!(null), json!(""), json!(7), json!("ä".repeat(257))]),
        ("title", vec![json!(null), json!([]), json!("ä".repeat(256))]),
        ("product_type", vec![json!("ä".repeat(46))]),
        (
            "created_at",
            [
                "now",
                "infinity",
                "epoch",
                "",
                " 2024-01-01 00:00:00",
                "2024-01-01",
                "2023-02-29 00:00:00",
                "2024-01-01 24:00:00",
                "2024-01-01 00:00:60",
                "2024-01-01 00:00:00.1234567",
                "0000-01-01 00:00:00",
                "2024-00-01 00:00:00",
                "2024-13-01 00:00:00",
                "2024-01-00 00:00:00",
                "2024-01-01 00:00:00+16:00",
                "2024-01-01 00:00:00 UTC",
                "2024-01-01 00:00:00 BC",
                "２024-01-01 00:00:00",
                "2024-01-01 00:00:00\n",
            ]
            .map(Value::from)
            .into_iter()
            .chain([json!(1_704_067_200)])
            .collect(),
        ),
    ] {
        cases.extend(values.into_iter().map(|value| (product(field, value), format!("{in_product}{field}"))));
    }
    let prices = [
        json!(null),
        json!("1"),
        json!(" 12 "),
        json!(1.5),
        json!(2_147_483_648_i64),
        json!(1e300),
        json!(true),
    ];
    cases.extend(prices.map(|price| (variant("price", price), format!("{in_variant}price"))));
    for (document, expected) in cases {
        let error = shop.ods.upsert_catalogue(&document).await.unwrap_err();
        let CatalogueError::Invalid { pointer, message } = &error else { panic!("{document}: {error}") };
        assert_eq!(*pointer, expected, "{document}: {message}");
        assert!(message.len() < 200 && !message.contains('\n'), "{message}");
    }
    assert_eq!(shop.query("select count(*) from ods.product").await, "0");
    assert_eq!(versions(&shop).await, "0 0");
}

#[tokio::test]
async fn what_the_contract_just_allows_is_stored() {
    let shop = Shop::open().await;
    let long = json!({"products": [{
        "id": "ä".repeat(256), "title": "ä".repeat(255), "product_type": "ä".repeat(45),
        "created_at": "2024-02-29T23:59:59.999999-0530",
        "variants": [
            {"id": "low", "price": i32::MIN, "title": "'", "updated_at": "0001-01-01 15:59:00+15:59"},
            {"id": "high", "price": i32::MAX, "title": "'", "updated_at": "9999-12-31 08:59:59-15"},
        ],
    }]});
    shop.ods.upsert_catalogue(&long).await.unwrap();
    assert_eq!(shop.query("select created_at from ods.product").await, "2024-03-01T05:29:59.999999");
    assert_eq!(shop.ods.variant("low").await.unwrap().unwrap().row.price, i32::MIN);
    assert_eq!(
        shop.ods.variant("high").await.unwrap().unwrap().row.updated_at.to_string(),
        "9999-12-31 23:59:59"
    );
}

#[tokio::test]
async fn a_single_row_is_told_what_is_wrong_with_its_own_body() {
    let shop = shop_with_mugs().await;
    let ods = &shop.ods;
    let pointer = |error: CatalogueError| match error {
        CatalogueError::Invalid { pointer, .. } => pointer,
        CatalogueError::ParentMissing { pointer, .. } => format!("parent {pointer}"),
        error => panic!("{error}"),
    };
    for (id, body, expected) in [
        ("v", json!({"product_id": "p", "title": "Mug"}), "/price"),
        ("v", json!("v"), ""),
        ("v", json!({"id": "w"}), "/id"),
        ("", variant(1), "/id"),
        ("v", json!({"product_id": "gone", "price": 1, "title": "Mug"}), "parent /product_id"),
    ] {
        assert_eq!(pointer(ods.put_variant(id, &body, NONE).await.unwrap_err()), expected, "{body}");
    }
    let with_variants = json!({"title": "Mugs", "product_type": "stock", "variants": []});
    assert_eq!(pointer(ods.put_product("p", &with_variants, NONE).await.unwrap_err()), "/variants");
}

/// Rows that many writers write at once, in another order each.
fn shuffled(writer: usize) -> Value {
    let mut ids: Vec<usize> = (0..12).collect();
    ids.rotate_left(writer * 5 % 12);
    if writer % 2 == 1 {
        ids.reverse();
    }
    let variants = ids.iter().map(|id| {
        // of another product each time, so that the key to the product is checked, too
        let product = format!("p{}", (id + writer) % 12);
        json!({"id": format!("v{id}"), "product_id": product, "price": writer, "title": "Mug"})
    });
    let products = ids
        .iter()
        .filter(|id| *id % 2 == writer % 2)
        .map(|id| json!({"id": format!("p{id}"), "title": format!("by {writer}"), "product_type": "stock"}));
    json!({"products": products.collect::<Vec<_>>(), "variants": variants.collect::<Vec<_>>()})
}

async fn write(ods: &Ods, writer: usize) -> Result<(), CatalogueError> {
    for round in 0..6 {
        ods.upsert_catalogue(&shuffled(writer + round)).await?;
        ods.put_variant("v3", &json!({"product_id": "p3", "price": writer, "title": "Cup"}), NONE).await?;
        match ods.delete_product(&format!("x{}", round % 2), NONE).await {
            Ok(_) | Err(CatalogueError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let refill = (0..6).map(|id| json!({"id": format!("x{id}"), "price": writer, "title": "Mug"}));
        let refill = refill.rev().collect::<Vec<_>>();
        let product =
            json!({"id": format!("x{}", round % 2), "title": "X", "product_type": "x", "variants": refill});
        ods.upsert_catalogue(&json!({"products": [product]})).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_the_same_rows_in_different_orders_do_not_deadlock() {
    let shop = Shop::open().await;
    let all =
        (0..12).map(|id| json!({"id": format!("p{id}"), "title": "Mugs", "product_type": format!("{id}")}));
    shop.ods.upsert_catalogue(&json!({"products": all.collect::<Vec<_>>()})).await.unwrap();
    let writers = (0..8).map(|writer| {
        let ods = shop.ods.clone();
        async move { tokio::spawn(async move { write(&ods, writer).await }).await.unwrap() }
    });
    // a deadlock would be an error of one of them
    try_join_all(writers).await.unwrap();
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn an_old_schema_is_named_as_such() {
    let shop = Shop::open().await;
    shop.execute("drop function ods.upsert_catalogue(jsonb)").await;
    let error = shop.ods.upsert_catalogue(&mugs()).await.unwrap_err();
    assert!(matches!(error, CatalogueError::Ods(OdsError::NotMigrated(_))), "{error}");
}
