//! What a build makes of what it is brought.

use daybook_model::manifest::DateContent;
use daybook_warehouse::Build;
use futures::future::try_join_all;

use crate::dump::Rows;
use crate::publishing::{DAY, FIRST, REVENUE, SECOND};
use crate::world::{World, days};

pub(crate) async fn late_rows_come_in_and_what_is_absent_stays(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let late: Rows<'_> = &[
        (
            "orders",
            &[&["o3", "2024-03-01 23:00:00", "c3", FIRST], &["o4", "2024-03-02 09:00:00", "c1", SECOND]],
        ),
        ("order_lines", &[&["l3", "1", "v1", "500", "o3", FIRST], &["l4", "-1", "v1", "-500", "o4", SECOND]]),
    ];
    world.close(late, &[FIRST, SECOND]).await;
    assert_eq!(world.ask(REVENUE).await, ["2024-03-01|3|1|2200|1000", "2024-03-02|1|0|-500|0"]);
    // an order that moves takes its lines with it
    let moved: Rows<'_> = &[("orders", &[&["o3", "2024-03-02 01:00:00", "c3", SECOND]])];
    world.close(moved, &[FIRST, SECOND]).await;
    assert_eq!(world.ask(REVENUE).await, ["2024-03-01|2|1|1700|1000", "2024-03-02|2|0|0|0"]);
    let lines = "select id, partition_date from order_lines where order_id = 'o3'";
    assert_eq!(world.ask(lines).await, ["l3|2024-03-02"]);
}

pub(crate) async fn a_line_follows_its_order_to_a_date_that_is_built_by_itself(world: &mut World) {
    for (from, to) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let id = format!("moves from {from}");
        let at = format!("{from} 12:00:00");
        let order: Rows<'_> = &[
            ("orders", &[&[&id, &at, "c1", from]]),
            ("order_lines", &[&[&id, "1", "v1", "100", &id, from]]),
        ];
        world.close(order, &[FIRST, SECOND]).await;
        let at = format!("{to} 12:00:00");
        let mut manifest = world.dump(&[("orders", &[&[&id, &at, "c1", to]])]).await;
        // as many as are never built together
        let content = |_| DateContent { rows: u64::from(u32::MAX), content_hash: String::new() };
        let crowded = days(&[FIRST, SECOND]).into_iter().map(|date| (date, content(date))).collect();
        manifest.tables.get_mut("order_lines").unwrap().dates = crowded;
        let mut build = world.warehouse.begin(manifest.run_id, &[]).await.unwrap();
        build.stage(&manifest).await.unwrap();
        for name in ["orders", "order_lines"] {
            build.materialize(world.registry.get(name).unwrap(), &days(&[FIRST, SECOND])).await.unwrap();
        }
        world.publish(build, &[]).await.unwrap();
        let lines = format!("select partition_date from order_lines where order_id = '{id}'");
        assert_eq!(world.ask(&lines).await, [to]);
    }
}

pub(crate) async fn a_snapshot_shows_each_day_as_it_ended(world: &mut World) {
    let third = "2024-03-03";
    let versions: Rows<'_> = &[(
        "product_version",
        &[
            &["p1", "Mug", "mugs", "2024-03-01 08:00:00", "2024-03-01 08:00:00", "upsert", "0", FIRST],
            &["p1", "Cup", "mugs", "2024-03-01 08:00:00", "2024-03-02 08:00:00", "upsert", "0", SECOND],
            &["p1", "Cup", "mugs", "2024-03-01 08:00:00", "2024-03-03 08:00:00", "delete", "0", third],
        ],
    )];
    let dates = [FIRST, SECOND, third];
    let mut build = world.staged(versions).await;
    build.set_closed_dates(&days(&dates)).await.unwrap();
    for name in ["product_version", "product"] {
        let made = build.materialize(world.registry.get(name).unwrap(), &days(&dates)).await.unwrap();
        assert_eq!(made.dates, 3);
    }
    let rows = build.rows("product").await.unwrap();
    assert_eq!(rows.values().sum::<u64>(), 2, "{rows:?}");
    world.publish(build, &dates).await.unwrap();
    let products = "select partition_date, id, title from product order by partition_date";
    assert_eq!(world.ask(products).await, ["2024-03-01|p1|Mug", "2024-03-02|p1|Cup"]);
}

pub(crate) async fn dates_are_built_again_within_a_build(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let more: Rows<'_> = &[(
        "orders",
        &[&["o3", "2024-03-01 23:00:00", "c3", FIRST], &["o4", "2024-03-02 09:00:00", "c1", SECOND]],
    )];
    let build = world.staged(more).await;
    let orders = world.registry.get("orders").unwrap();
    let made = [
        build.materialize(orders, &days(&[FIRST, SECOND])).await.unwrap(),
        build.materialize(orders, &days(&[SECOND])).await.unwrap(),
        build.materialize(orders, &days(&[])).await.unwrap(),
    ];
    assert_eq!(made.map(|made| (made.rows, made.dates)), [(4, 2), (1, 1), (0, 0)]);
    let rows = build.rows("orders").await.unwrap();
    assert_eq!(rows.into_values().collect::<Vec<_>>(), [3, 1]);
    // how a close sees that none is lost
    let counts =
        "select (select count(*) from published.orders) as before, (select count(*) from orders) as after";
    assert_eq!(world.ask_build(build.as_ref(), counts).await, ["2|4"]);
    world.publish(build, &[FIRST, SECOND]).await.unwrap();
    let ids = "select id from orders order by id";
    assert_eq!(world.ask(ids).await, ["o1", "o2", "o3", "o4"]);
}

pub(crate) async fn a_view_shows_all_tables_that_are_built_at_the_same_time(world: &mut World) {
    let created = "2024-03-01 08:00:00";
    let versions: Rows<'_> = &[
        ("product_version", &[&["p1", "Mug", "mugs", created, created, "upsert", "0", FIRST]]),
        (
            "variant_version",
            &[&["v1", "p1", "500", "Red", created, created, created, created, "upsert", "0", FIRST]],
        ),
    ];
    world.close(DAY, &[FIRST]).await;
    let build = world.staged(versions).await;
    let (first, registry) = (days(&[FIRST]), &world.registry);
    let made = try_join_all(
        ["product_version", "variant_version"]
            .map(|name| build.materialize(registry.get(name).unwrap(), &first)),
    );
    assert_eq!(made.await.unwrap().iter().map(|made| made.rows).collect::<Vec<_>>(), [1, 1]);
    build.materialize(registry.get("dwd_orders_variant_status").unwrap(), &first).await.unwrap();
    world.publish(build, &[FIRST]).await.unwrap();
    let titles = "select order_line_id, product_title, variant_title from app_sales order by 1";
    assert_eq!(world.ask(titles).await, ["l1|Mug|Red", "l2|(unknown)|(unknown)"]);
}

pub(crate) async fn a_build_reads_many_small_dates_as_readers_do(world: &mut World) {
    // more files than a build leaves unheld
    let history: Vec<[String; 2]> = (1..=20).map(|day| version(day, 100 + day)).collect();
    let (build, _) = build_of_versions(world, &history).await;
    world.publish(build, &[]).await.unwrap();
    let questions = [
        "select variant_id, price, partition_date from variant_version order by 1",
        "select count(*) from variant_version",
        "select partition_date from variant_version where price between 103 and 117 order by 1",
    ];
    // this build reads all dates before it replaces one
    let (build, before) = build_of_versions(world, &[version(5, 900), version(21, 121)]).await;
    let mut made = Vec::new();
    for question in questions {
        made.push(world.ask_build(build.as_ref(), question).await);
    }
    assert_eq!(before, world.ask(questions[0]).await);
    world.publish(build, &[]).await.unwrap();
    for (question, made) in questions.into_iter().zip(made) {
        assert_eq!(made, world.ask(question).await, "{question}");
    }
    let ends = "select variant_id, price from variant_version where price > 119 order by 1";
    assert_eq!(world.ask(ends).await, ["v05|900", "v20|120", "v21|121"]);
}

/// A day in March, and the price of its variant on that day.
fn version(day: u32, price: u32) -> [String; 2] {
    [format!("{day:02}"), price.to_string()]
}

/// A build of these versions, and the rows that it held before them.
async fn build_of_versions(world: &mut World, versions: &[[String; 2]]) -> (Box<dyn Build>, Vec<String>) {
    let row = |[day, price]: &[String; 2]| -> [String; 11] {
        let (date, at) = (format!("2024-03-{day}"), format!("2024-03-{day} 08:00:00"));
        let [created, updated, ingested, from] = std::array::from_fn(|_| at.clone());
        let (variant, product, title) = (format!("v{day}"), "p1".to_owned(), "Red".to_owned());
        let (operation, ordinal) = ("upsert".to_owned(), "0".to_owned());
        [variant, product, price.clone(), title, created, updated, ingested, from, operation, ordinal, date]
    };
    let rows: Vec<[String; 11]> = versions.iter().map(row).collect();
    let texts: Vec<[&str; 11]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    let texts: Vec<&[&str]> = texts.iter().map(<[&str; 11]>::as_slice).collect();
    let dates: Vec<&str> = rows.iter().map(|row| row[10].as_str()).collect();
    let build = world.staged(&[("variant_version", &texts)]).await;
    let held = "select variant_id, price, partition_date from variant_version order by 1";
    let before = world.ask_build(build.as_ref(), held).await;
    build.materialize(world.registry.get("variant_version").unwrap(), &days(&dates)).await.unwrap();
    (build, before)
}

pub(crate) async fn a_preview_is_seen_by_its_build_and_writes_nothing(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let more: Rows<'_> = &[("orders", &[&["o3", "2024-03-01 23:00:00", "c3", FIRST]])];
    let mut build = world.staged(more).await;
    let orders = world.registry.get("orders").unwrap();
    build.preview(orders, &days(&[FIRST])).await.unwrap();
    let count = "select count(*) from orders";
    assert_eq!(world.ask_build(build.as_ref(), count).await, ["3"]);
    assert_eq!(build.rows("orders").await.unwrap().into_values().collect::<Vec<_>>(), [2]);
    build.preview(orders, &days(&[FIRST, SECOND])).await.unwrap();
    assert_eq!(world.ask_build(build.as_ref(), count).await, ["3"]);
    drop(build);
    assert_eq!(world.ask(count).await, ["2"]);
}

const LIFETIME: &str = "select customer_id, orders, revenue from app_customer_lifetime order by customer_id";

pub(crate) async fn a_table_without_dates_is_built_as_a_whole(world: &mut World) {
    let lifetime = world.registry.get("app_customer_lifetime").unwrap();
    let sql = lifetime.sql.clone();
    let columns = lifetime.columns.iter().map(|column| {
        format!("  - {{name: {}, data_type: {}, description: It.}}\n", column.name, column.data_type.name())
    });
    let yaml = format!(
        "description: It.\nowner: It\nkind: table\ngrain: one row a customer\nkey: [customer_id]\ncolumns:\n{}",
        columns.collect::<String>()
    );
    world.close(DAY, &[FIRST]).await;
    // a view becomes a table, and is computed until it is one
    world.use_models(&[("app_customer_lifetime.sql", &sql), ("app_customer_lifetime.yml", &yaml)]);
    world.warehouse.create().await.unwrap();
    let before = world.ask(LIFETIME).await;
    for orders in ["1", "2"] {
        let late = format!("late{orders}");
        let more: Rows<'_> = &[
            ("orders", &[&[&late, "2024-03-01 12:00:00", "c1", FIRST]]),
            ("order_lines", &[&[&late, "1", "v1", "100", &late, FIRST]]),
        ];
        let build = world.built(more, &[FIRST]).await;
        for name in ["app_daily_customer_sales", "app_customer_lifetime"] {
            build.materialize(world.registry.get(name).unwrap(), &days(&[FIRST])).await.unwrap();
        }
        world.publish(build, &[FIRST]).await.unwrap();
    }
    assert!(before.is_empty(), "what it is computed from was not built: {before:?}");
    assert_eq!(world.ask(LIFETIME).await, ["c1|3|1200", "c2|1|700"]);
}

pub(crate) async fn a_table_gets_a_new_column(world: &mut World) {
    let yaml = |columns: &str| {
        format!(
            "description: It.\nowner: It\nkind: replace_partition\nfeed: orders\ngrain: one row a date\n\
             key: [partition_date]\ncolumns:\n  - {{name: partition_date, data_type: date, description: It.}}\n{columns}"
        )
    };
    let orders = "  - {name: orders, data_type: bigint, description: It.}\n";
    let customers = "  - {name: customers, data_type: bigint, description: It.}\n";
    let sql = |columns: &str| {
        format!(
            "select partition_date, {columns} from orders where partition_date in (:dates) group by partition_date"
        )
    };
    let versions = [
        (sql("count(*) as orders"), yaml(orders), "2024-03-01|2"),
        (
            sql("count(*) as orders, count(distinct customer_id) as customers"),
            yaml(&format!("{orders}{customers}")),
            "2024-03-01|2|2",
        ),
        (sql("count(*) as orders"), yaml(orders), "2024-03-01|2"),
    ];
    for (sql, yaml, expected) in versions {
        world.use_models(&[("orders_a_day.sql", &sql), ("orders_a_day.yml", &yaml)]);
        let build = world.built(DAY, &[FIRST]).await;
        build.materialize(world.registry.get("orders_a_day").unwrap(), &days(&[FIRST])).await.unwrap();
        world.publish(build, &[FIRST]).await.unwrap();
        // the next run lets go of a column that is gone
        drop(world.staged(&[]).await);
        assert_eq!(world.ask("select * from orders_a_day").await, [expected]);
    }
}
