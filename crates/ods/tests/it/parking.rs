//! Rows whose parent is missing wait for it.

use daybook_model::BusinessTimezone;
use daybook_ods::HealMetrics;

use crate::support::{Shop, summary};

const ORDERS: &str = "id,processed_timestamp,customer_id\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\n";

async fn load_pair(shop: &Shop, name: &str, orders: &str, lines: &str) -> String {
    shop.write(&format!("{name}/orders.csv"), format!("{ORDERS}{orders}"));
    shop.write(&format!("{name}/order_lines.csv"), format!("{LINES}{lines}"));
    summary(&shop.load(name).await)
}

#[tokio::test]
async fn a_line_heals_with_the_load_that_brings_its_order() {
    let shop = Shop::open().await;
    let parked = load_pair(&shop, "b1", "x,2024-05-01 10:00:00,c\n", "l1,1,v,10,a\nl2,1,v,20,b\n").await;
    assert!(
        parked.ends_with("order_lines.csv: read 2, loaded 0, unchanged 0, rejected 0, parked 2"),
        "{parked}"
    );
    assert_eq!(shop.ods.status().await.unwrap().parked[0].rows, 2);

    let healing = load_pair(&shop, "b2", "a,2024-05-03 10:00:00,c\n", "").await;
    assert!(healing.starts_with("loaded, healed 1"), "{healing}");
    assert_eq!(shop.query("select * from ods.order_lines").await, "l1 1 v 10 a");
    assert_eq!(
        shop.query("select row_id, raw, healed_by from daybook.parked_row order by id").await,
        "l1 l1,1,v,10,a load\nl2 l2,1,v,20,b -"
    );
}

#[tokio::test]
async fn the_newest_row_of_a_line_wins_however_it_comes() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", "", "l1,1,v,10,a\nl2,1,v,10,b\n").await;
    load_pair(&shop, "b2", "", "l1,1,v,11,a\nl2,1,v,11,b\n").await;
    // The order comes with a newer row of its own line, the other line heals.
    load_pair(&shop, "b3", "a,2024-05-03 10:00:00,c\nb,2024-05-03 10:00:00,c\n", "l1,1,v,12,a\n").await;
    assert_eq!(shop.query("select id, revenue from ods.order_lines order by id").await, "l1 12\nl2 11");
    assert_eq!(
        shop.query("select row_id, content ->> 'revenue', healed_by from daybook.parked_row order by id")
            .await,
        "l1 10 superseded\nl2 10 superseded\nl1 11 superseded\nl2 11 load"
    );
}

#[tokio::test]
async fn a_sweep_heals_what_came_by_another_way() {
    let shop = Shop::open().await;
    load_pair(&shop, "b1", "", "l1,1,v,10,a\nl2,1,v,20,b\n").await;
    shop.execute("insert into ods.orders values ('a', '2024-05-01', 'c'), ('b', '2024-05-01', 'c')").await;
    // In the meantime its id was given to another order: it keeps waiting.
    shop.execute("insert into ods.order_lines values ('l2', 1, 'v', 1, 'a')").await;
    let healed = shop.ods.heal_parked(BusinessTimezone::UTC).await.unwrap();
    assert_eq!(healed, HealMetrics { order_lines: 1, variants: 0 });
    assert_eq!(
        shop.query("select row_id, healed_by from daybook.parked_row order by id").await,
        "l1 sweep\nl2 -"
    );
    assert_eq!(shop.ods.heal_parked(BusinessTimezone::UTC).await.unwrap(), HealMetrics::default());
}

#[tokio::test]
async fn parked_variants_all_become_versions() {
    let shop = Shop::open().await;
    let event = |price: u32, day: &str| {
        format!(
            "{{\"id\":\"v\",\"product_id\":\"p\",\"price\":{price},\"title\":\"Mug\",\"created_at\":\"2024-01-01 00:00:00\",\
             \"updated_at\":\"{day} 00:00:00\",\"ingested_at\":\"2024-01-01 00:00:00\",\"extra\":[1]}}\n"
        )
    };
    shop.write("variant_updates_1.ndjson", event(100, "2024-02-01") + &event(120, "2024-02-03"));
    shop.write("variant_updates_2.ndjson", event(110, "2024-02-02"));
    shop.load("variant_updates_1.ndjson").await;
    shop.load("variant_updates_2.ndjson").await;
    assert_eq!(shop.ods.status().await.unwrap().parked[0].rows, 3);
    shop.write("b1/product.csv", "id,title,product_type,created_at\np,Mugs,stock,2024-01-01 00:00:00\n");
    shop.write(
        "b1/variant.csv",
        "id,product_id,price,title,created_at,updated_at,ingested_at\n\
         w,q,1,Cup,2024-01-01 00:00:00,2024-01-01 00:00:00,2024-01-01 00:00:00\n",
    );
    assert!(summary(&shop.load("b1").await).starts_with("loaded, healed 3"));
    assert_eq!(
        shop.query("select price, valid_from from daybook.variant_version order by valid_from").await,
        "100 2024-02-01T00:00:00\n110 2024-02-02T00:00:00\n120 2024-02-03T00:00:00"
    );
    assert_eq!(shop.query("select id, price from ods.variant").await, "v 120");
    shop.execute("insert into ods.product values ('q', 'Cups', 'stock', '2024-01-01')").await;
    let healed = shop.ods.heal_parked(BusinessTimezone::UTC).await.unwrap();
    assert_eq!(healed, HealMetrics { order_lines: 0, variants: 1 });
    crate::versions::assert_invariant(&shop).await;
}
