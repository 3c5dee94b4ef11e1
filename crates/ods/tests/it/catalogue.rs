//! Products and variants: the tables hold what is offered now, the versions all that ever was.

use crate::support::{Shop, summary, time};
use crate::versions::assert_invariant;

const PRODUCTS: &str = "id,title,product_type,created_at\n";
const VARIANTS: &str = "id,product_id,price,title,created_at,updated_at,ingested_at\n";

async fn load_pair(shop: &Shop, name: &str, products: &str, variants: &str) -> String {
    shop.write(&format!("{name}/product.csv"), format!("{PRODUCTS}{products}"));
    shop.write(&format!("{name}/variant.csv"), format!("{VARIANTS}{variants}"));
    summary(&shop.load(name).await)
}

fn variant(price: u32, updated: &str) -> String {
    format!("v,p,{price},Mug,2024-01-01 00:00:00,{updated} 00:00:00,2024-01-01 00:00:00\n")
}

const PRODUCT: &str = "p,Mugs,stock,2024-01-01 00:00:00\n";
const RENAMED: &str = "p,Cups,stock,2024-01-01 00:00:00\n";

/// The same row in other writing.
fn quoted(row: &str) -> String {
    row.replacen("p,", "\"p\",", 1)
}

async fn product_history(shop: &Shop) -> String {
    shop.query(
        "select operation, title, valid_from from daybook.product_version order by valid_from, sequence",
    )
    .await
}

async fn prices(shop: &Shop) -> String {
    shop.query(
        "select operation, price, valid_from from daybook.variant_version order by valid_from, sequence",
    )
    .await
}

#[tokio::test]
async fn a_product_begins_when_it_was_created_and_changes_at_its_batchs_time() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", PRODUCT, &variant(100, "2024-01-01")).await;
    load_pair(&shop, "b2", RENAMED, &variant(120, "2024-02-01")).await;
    // Times that lie in the future do not carry a change there.
    load_pair(&shop, "b3", PRODUCT, &variant(130, "2025-01-01")).await;
    assert_eq!(
        product_history(&shop).await,
        "insert Mugs 2024-01-01T00:00:00\n\
         update Cups 2024-02-01T00:00:00\n\
         update Mugs 2024-05-10T12:00:00"
    );
    assert_eq!(
        prices(&shop).await,
        "insert 100 2024-01-01T00:00:00\nupdate 120 2024-02-01T00:00:00\nupdate 130 2025-01-01T00:00:00"
    );
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn an_older_batch_goes_into_the_history_alone() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", PRODUCT, &variant(100, "2024-01-01")).await;
    load_pair(&shop, "b3", RENAMED, &variant(130, "2024-03-01")).await;
    let report =
        load_pair(&shop, "b2", "p,Jars,stock,2024-01-01 00:00:00\n", &variant(120, "2024-02-01")).await;
    assert!(report.contains("product.csv: read 1, loaded 1"), "{report}");
    assert_eq!(
        product_history(&shop).await,
        "insert Mugs 2024-01-01T00:00:00\nupdate Jars 2024-02-01T00:00:00\nupdate Cups 2024-03-01T00:00:00"
    );
    assert_eq!(
        shop.query("select p.title, price from ods.variant join ods.product p on true").await,
        "Cups 130"
    );
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn a_replay_makes_no_phantom_change() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", PRODUCT, &variant(100, "2024-01-01")).await;
    load_pair(&shop, "b2", RENAMED, &variant(120, "2024-02-01")).await;
    let before = product_history(&shop).await + &prices(&shop).await;
    // Other files with the same rows; quotes make them other content.
    load_pair(&shop, "again1", &quoted(PRODUCT), &variant(100, "2024-01-01")).await;
    let report = load_pair(&shop, "again2", &quoted(RENAMED), &variant(120, "2024-02-01")).await;
    assert_eq!(
        report,
        "loaded, healed 0\n\
         product.csv: read 1, loaded 0, unchanged 1, rejected 0, parked 0\n\
         variant.csv: read 1, loaded 0, unchanged 1, rejected 0, parked 0"
    );
    assert_eq!(product_history(&shop).await + &prices(&shop).await, before);
    assert_eq!(shop.query("select price from ods.variant").await, "120");
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn what_was_cleaned_up_is_not_resurrected_by_older_rows() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", PRODUCT, &variant(100, "2024-01-01")).await;
    shop.execute("delete from ods.product").await;
    let report = load_pair(&shop, "b2", RENAMED, &variant(90, "2024-02-01")).await;
    assert_eq!(
        report,
        "loaded, healed 0\n\
         product.csv: read 1, loaded 1, unchanged 0, rejected 0, parked 0\n\
         variant.csv: read 1, loaded 1, unchanged 0, rejected 0, parked 0"
    );
    assert_eq!(shop.query("select count(*) from ods.product, ods.variant").await, "0");
    assert_eq!(
        prices(&shop).await,
        "insert 100 2024-01-01T00:00:00\ninsert 90 2024-02-01T00:00:00\ndelete 100 2024-05-10T12:00:00"
    );

    // A newer row of a product that is gone waits for it, and comes back with it.
    let waits = load_pair(&shop, "b3", "", &variant(95, "2024-05-11")).await;
    assert!(waits.ends_with("parked 1"), "{waits}");
    assert_invariant(&shop).await;
    shop.execute("insert into ods.product values ('p', 'Mugs', 'stock', '2024-01-01')").await;
    shop.ods.heal_parked("UTC".parse().unwrap()).await.unwrap();
    assert_eq!(shop.query("select price from ods.variant").await, "95");
    assert_invariant(&shop).await;
}

#[tokio::test]
async fn a_price_changed_by_hand_is_later_than_an_older_batch() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", PRODUCT, &variant(100, "2024-01-01")).await;
    shop.execute("update ods.variant set price = 500").await;
    shop.execute("update ods.product set title = 'By hand'").await;
    load_pair(&shop, "b2", RENAMED, &variant(120, "2024-02-01")).await;
    assert_eq!(shop.query("select price, updated_at from ods.variant").await, "500 2024-05-10T12:00:00");
    assert_eq!(shop.query("select title from ods.product").await, "By hand");
    let later = shop.at("2024-06-02 00:00:00").await;
    assert_eq!(later.clock().now(), time("2024-06-02 00:00:00"));
    shop.write("b3/product.csv", format!("{PRODUCTS}{RENAMED}"));
    shop.write("b3/variant.csv", format!("{VARIANTS}{}", variant(130, "2024-06-01")));
    let uri = crate::support::file_url(&shop.landing().join("b3"));
    later.load(&uri, &daybook_ods::LoadOptions::default(), &|_| ()).await.unwrap();
    assert_eq!(
        shop.query("select p.title, price from ods.variant join ods.product p on true").await,
        "Cups 130"
    );
    assert_invariant(&shop).await;
}
