//! The version triggers, against an engineer's own SQL.

use crate::support::Shop;

/// The latest versions are the tables.
pub(crate) async fn assert_invariant(shop: &Shop) {
    for (table, columns) in [
        ("product", "id, title, product_type, created_at"),
        ("variant", "id, product_id, price, title, created_at, updated_at, ingested_at"),
    ] {
        let difference = format!(
            "with latest as (\
                 select distinct on (id) {columns}, operation from daybook.{table}_version \
                 order by id, valid_from desc, sequence desc\
             ), known as (select {columns} from latest where operation <> 'delete'), \
             stored as (select {columns} from ods.{table}) \
             (table known except table stored) union all (table stored except table known)"
        );
        assert_eq!(shop.query(&difference).await, "", "{table}");
    }
}

pub(crate) async fn history(shop: &Shop, id: &str) -> String {
    shop.query(&format!(
        "select operation, price, valid_from from daybook.variant_version \
         where id = '{id}' order by valid_from, sequence"
    ))
    .await
}

async fn shop_with_a_variant() -> Shop {
    let shop = Shop::open().await;
    shop.execute(
        "begin; \
         insert into ods.variant values ('v', 'p', 100, 'Mug', '2024-01-01', '2024-01-01', '2024-01-01'); \
         insert into ods.product values ('p', 'Mugs', 'stock', '2024-01-01'); \
         commit;",
    )
    .await;
    shop
}

#[tokio::test]
async fn a_change_without_a_time_of_its_own_happens_now() {
    let shop = shop_with_a_variant().await;
    shop.execute("update ods.variant set price = 150").await;
    shop.execute("update ods.variant set price = 150").await;
    assert_eq!(history(&shop, "v").await, "insert 100 2024-01-01T00:00:00\nupdate 150 2024-05-10T12:00:00");
    // The clock stands still: changes at one time are told apart by their order.
    shop.execute("update ods.variant set price = 175").await;
    shop.execute("update ods.variant set price = 150").await;
    assert_eq!(
        history(&shop, "v").await,
        "insert 100 2024-01-01T00:00:00\nupdate 175 2024-05-10T12:00:00\nupdate 150 2024-05-10T12:00:00"
    );
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn a_change_may_bring_a_later_time_but_never_an_earlier_one() {
    let shop = shop_with_a_variant().await;
    shop.execute("update ods.variant set price = 150, updated_at = '2024-03-01'").await;
    shop.execute("update ods.variant set updated_at = '2023-01-01'").await;
    shop.execute("update ods.variant set price = 200, updated_at = '2024-02-01'").await;
    assert_eq!(
        history(&shop, "v").await,
        "insert 100 2024-01-01T00:00:00\nupdate 150 2024-03-01T00:00:00\nupdate 200 2024-05-10T12:00:00"
    );
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn removing_a_product_leaves_a_version_of_each_variant() {
    let shop = shop_with_a_variant().await;
    shop.execute("delete from ods.product").await;
    assert_eq!(history(&shop, "v").await, "insert 100 2024-01-01T00:00:00\ndelete 100 2024-05-10T12:00:00");
    assert_eq!(
        shop.query("select operation, valid_from from daybook.product_version order by sequence").await,
        "insert 2024-01-01T00:00:00\ndelete 2024-05-10T12:00:00"
    );
    // What comes back comes back now, whatever time it brings.
    shop.execute(
        "begin; \
         insert into ods.product values ('p', 'Mugs', 'stock', '2024-01-01'); \
         insert into ods.variant values ('v', 'p', 100, 'Mug', '2024-01-01', '2024-01-01', '2024-01-01'); \
         commit;",
    )
    .await;
    assert_eq!(shop.query("select updated_at from ods.variant").await, "2024-05-10T12:00:00");
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn another_id_is_the_end_of_one_and_the_beginning_of_another() {
    let shop = shop_with_a_variant().await;
    shop.execute("update ods.variant set id = 'w'").await;
    shop.execute("update ods.product set title = 'Cups'").await;
    assert_eq!(history(&shop, "v").await, "insert 100 2024-01-01T00:00:00\ndelete 100 2024-05-10T12:00:00");
    assert_eq!(history(&shop, "w").await, "insert 100 2024-05-10T12:00:00");
    shop.execute("begin; update ods.product set id = 'q'; update ods.variant set product_id = 'q'; commit;")
        .await;
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn truncate_is_refused() {
    let shop = shop_with_a_variant().await;
    for table in ["product cascade", "variant", "transaction", "orders cascade", "order_lines"] {
        let error = shop.try_execute(&format!("truncate ods.{table}")).await.unwrap_err();
        assert!(error.to_string().contains("use delete"), "{error}");
    }
}

#[tokio::test]
async fn whoever_may_write_the_tables_needs_no_right_on_the_versions() {
    let shop = shop_with_a_variant().await;
    let role = format!("engineer_{}", std::process::id());
    shop.execute(&format!(
        "create role {role}; grant usage on schema ods to {role}; \
         grant all on all tables in schema ods to {role}; \
         set role {role}; update ods.variant set price = 1; delete from ods.product; reset role;"
    ))
    .await;
    assert_invariant(&shop).await;
}
