//! What only a warehouse in Snowflake has.

use std::time::Duration;

use daybook_snowflake_api::Statement;
use daybook_testkit::Fault;
use daybook_warehouse::snowflake::SnowflakeSettings;
use daybook_warehouse::{Check, Warehouse, WarehouseError};

use crate::publishing::{DAY, FIRST, REVENUE};
use crate::world::{World, days};

/// Lets a request through.
const NOTHING: Fault = Fault::CutAfter(u64::MAX);

/// The requests before the transaction of a publication: what is published, an empty table, the document that fills it.
const BEFORE: usize = 3;

#[tokio::test]
async fn a_publication_whose_answer_is_lost_is_known_to_have_happened_or_not() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    let build = world.built(&[], &[FIRST]).await;
    let proxy = &world.stand_in().proxy;
    (0..BEFORE).for_each(|_| proxy.fault("POST", NOTHING));
    proxy.fault("POST", Fault::AnswerAfter(400, "lost"));
    // it goes on while its answer is lost, or it is kept from ever going on
    let published = world.publish(build, &[]).await;
    let current = world.warehouse.published().await.unwrap().unwrap().number;
    assert_eq!(current, if published.is_ok() { 2 } else { 1 }, "{published:?}");

    // a request that never arrives publishes nothing
    let build = world.built(&[], &[FIRST]).await;
    let proxy = &world.stand_in().proxy;
    (0..BEFORE).for_each(|_| proxy.fault("POST", NOTHING));
    proxy.fault("POST", Fault::Answer(400, "lost"));
    let lost = world.publish(build, &[]).await;
    assert!(matches!(lost, Err(WarehouseError::Snowflake(_))), "{lost:?}");
    assert_eq!(world.warehouse.published().await.unwrap().unwrap().number, current);
    // and the next run goes on from there
    assert_eq!(world.close(DAY, &[FIRST]).await.number, current + 1);
}

/// Orders by date, times a number by which the versions of this model are told apart.
fn use_orders_a_day(world: &mut World, kind: &str, times: u32) {
    let dates = if kind.starts_with("replace_partition") { "where partition_date in (:dates)" } else { "" };
    let sql = format!(
        "select partition_date, {times} * count(*) as orders from orders {dates} group by partition_date"
    );
    world.use_models(&[("orders_a_day.sql", &sql), ("orders_a_day.yml", &counts_a_day(kind, &["orders"]))]);
}

/// The YAML of a model of numbers by date.
fn counts_a_day(kind: &str, columns: &[&str]) -> String {
    let columns =
        columns.iter().map(|name| format!("  - {{name: {name}, data_type: bigint, description: It.}}\n"));
    format!(
        "description: It.\nowner: It\nkind: {kind}\ngrain: one row a date\nkey: [partition_date]\ncolumns:\n  \
         - {{name: partition_date, data_type: date, description: It.}}\n{}",
        columns.collect::<String>()
    )
}

/// Publishes them, while the request after so many others fails.
async fn publish_orders_a_day(world: &mut World, failing: Option<usize>) -> Result<(), WarehouseError> {
    let build = world.built(DAY, &[FIRST]).await;
    let model = world.registry.get("orders_a_day").unwrap();
    if model.is_stored() {
        build.materialize(model, &days(&[FIRST])).await.unwrap();
    }
    if let Some(others) = failing {
        let proxy = &world.stand_in().proxy;
        (0..others).for_each(|_| proxy.fault("POST", NOTHING));
        proxy.fault("POST", Fault::Answer(400, "lost"));
    }
    world.publish(build, &[FIRST]).await.map(drop)
}

#[tokio::test]
async fn readers_have_the_view_until_its_table_is_published() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    use_orders_a_day(&mut world, "view", 1);
    world.warehouse.create().await.unwrap();
    let question = "select * from orders_a_day";
    assert_eq!(world.ask(question).await, ["2024-03-01|2"]);

    use_orders_a_day(&mut world, "replace_partition\nfeed: orders", 10);
    let build = world.built(DAY, &[FIRST]).await;
    assert_eq!(world.ask_build(build.as_ref(), question).await, [""; 0], "nothing of it is built");
    // the new table is made, and then its publication fails
    publish_orders_a_day(&mut world, Some(BEFORE + 2)).await.unwrap_err();
    assert_eq!(world.ask(question).await, ["2024-03-01|2"]);
    // it is published, and then its name is not given to it
    publish_orders_a_day(&mut world, Some(BEFORE + 3)).await.unwrap();
    assert_eq!(world.ask(question).await, ["2024-03-01|2"]);
    // whoever looks sees what is published, and changes nothing
    world.warehouse.create().await.unwrap();
    let look = world.warehouse.begin(0, &[]).await.unwrap();
    assert_eq!(world.ask_build(look.as_ref(), question).await, ["2024-03-01|20"]);
    assert_eq!(world.ask(question).await, ["2024-03-01|2"]);
    // nor does a run of earlier models lose it
    use_orders_a_day(&mut world, "view", 1);
    drop(world.built(DAY, &[FIRST]).await);
    assert_eq!(world.ask(question).await, ["2024-03-01|2"]);
    use_orders_a_day(&mut world, "replace_partition\nfeed: orders", 10);
    drop(world.built(DAY, &[FIRST]).await);
    assert_eq!(world.ask(question).await, ["2024-03-01|20"]);

    // the other way round
    use_orders_a_day(&mut world, "view", 100);
    world.warehouse.create().await.unwrap();
    assert_eq!(world.ask(question).await, ["2024-03-01|20"]);
    publish_orders_a_day(&mut world, None).await.unwrap();
    assert_eq!(world.ask(question).await, ["2024-03-01|200"]);

    // and again
    use_orders_a_day(&mut world, "replace_partition\nfeed: orders", 1_000);
    for _ in 0..2 {
        publish_orders_a_day(&mut world, None).await.unwrap();
        assert_eq!(world.ask(question).await, ["2024-03-01|2000"]);
    }

    // a table that is gone is not taken for an empty one
    let client = world.stand_in().client();
    let database = world.stand_in().server.database();
    let table = format!("\"{database}\".\"BOOKS\".\"ORDERS_A_DAY\"");
    client.execute(&Statement::new(format!("drop table {table}"))).await.unwrap();
    let error = world.warehouse.create().await.unwrap_err().to_string();
    assert!(error.contains("orders_a_day") && error.contains("undrop table"), "{error}");
}

#[tokio::test]
async fn a_view_of_a_new_column_waits_for_the_table_that_brings_it() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    let version = |world: &mut World, kind: &str, dates: &str, columns: &[&str]| {
        let counted = columns.iter().map(|name| format!("count(*) as {name}")).collect::<Vec<_>>().join(", ");
        let sql = format!("select partition_date, {counted} from orders {dates} group by partition_date");
        let reader = format!("select partition_date, {} from orders_a_day", columns.join(", "));
        world.use_models(&[
            ("orders_a_day.sql", &sql),
            ("orders_a_day.yml", &counts_a_day(kind, columns)),
            ("reading.sql", &reader),
            ("reading.yml", &counts_a_day("view", columns)),
        ]);
    };
    version(&mut world, "view", "", &["orders"]);
    world.warehouse.create().await.unwrap();
    let dated = "where partition_date in (:dates)";
    version(&mut world, "replace_partition\nfeed: orders", dated, &["orders", "again"]);
    world.warehouse.create().await.unwrap();
    drop(world.warehouse.begin(0, &[]).await.unwrap());
    assert_eq!(world.ask("select * from reading").await, ["2024-03-01|2"]);
    publish_orders_a_day(&mut world, None).await.unwrap();
    assert_eq!(world.ask("select * from reading").await, ["2024-03-01|2|2"]);
}

#[tokio::test]
async fn a_model_that_nobody_has_built_yet_can_be_looked_at() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    use_orders_a_day(&mut world, "replace_partition\nfeed: orders", 1);
    let look = world.warehouse.begin(0, &[]).await.unwrap();
    assert_eq!(world.ask_build(look.as_ref(), "select * from orders_a_day").await, [""; 0]);
    // other models are published without it
    world.close(DAY, &[FIRST]).await;
    publish_orders_a_day(&mut world, None).await.unwrap();
    assert_eq!(world.ask("select * from orders_a_day").await, ["2024-03-01|2"]);
}

#[tokio::test]
async fn a_table_is_filled_beside_its_view() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    use_orders_a_day(&mut world, "table", 1);
    publish_orders_a_day(&mut world, Some(BEFORE + 2)).await.unwrap_err();
    assert_eq!(kind_and_rows(&world).await, ["VIEW", "2024-03-01|2"]);
    publish_orders_a_day(&mut world, Some(BEFORE + 3)).await.unwrap();
    assert_eq!(kind_and_rows(&world).await, ["VIEW", "2024-03-01|2"]);
    publish_orders_a_day(&mut world, None).await.unwrap();
    assert_eq!(kind_and_rows(&world).await, ["BASE TABLE", "2024-03-01|2"]);
}

async fn kind_and_rows(world: &World) -> Vec<String> {
    let kind = "select table_type from information_schema.tables \
                where table_schema = 'BOOKS' and table_name = 'ORDERS_A_DAY'";
    let mut answers = world.ask(kind).await;
    answers.extend(world.ask("select * from orders_a_day").await);
    answers
}

#[tokio::test]
async fn a_run_that_has_spent_its_budget_stops() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    let stand_in = world.stand_in();
    let budget = Some(Duration::from_nanos(1));
    let frugal = stand_in.open(&world.registry, SnowflakeSettings { budget, ..stand_in.settings() });
    let error = frugal.begin(7, &[]).await.err().unwrap();
    assert!(matches!(error, WarehouseError::OverBudget { .. }), "{error}");
    assert!(error.to_string().contains("budget_seconds"), "{error}");
    assert_eq!(frugal.published().await.unwrap().unwrap().number, 1);
}

#[tokio::test]
async fn a_run_knows_what_each_of_its_steps_has_cost() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    let costs = world.warehouse.costs(1).await.unwrap();
    for step in ["stage", "orders", "dwd_orders_variant_status", "publish"] {
        assert!(costs.contains_key(step), "{step} of {costs:?}");
    }
    assert!(world.warehouse.costs(2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_query_tells_what_it_reads() {
    let mut world = World::snowflake().await;
    world.close(DAY, &[FIRST]).await;
    let explained = world.warehouse.explain("select * from app_sales").await.unwrap();
    assert_eq!(explained.rows, 2);
    let facts = explained.tables.iter().find(|scan| scan.table == "dwd_orders_variant_status").unwrap();
    assert_eq!((facts.files, facts.row_groups), (1, 1));
    assert!(facts.files_read > 0 && facts.bytes_read > 0, "{facts:?}");
    let nothing = world.warehouse.explain("select nothing from app_sales").await;
    assert!(matches!(nothing, Err(WarehouseError::Snowflake(_))), "{nothing:?}");
}

#[tokio::test]
async fn a_model_that_snowflake_would_understand_otherwise_is_named_with_its_file() {
    let mut world = World::snowflake().await;
    let sql = "select partition_date, count(*) / 2 as orders from orders group by partition_date";
    world.use_models(&[("mine/pairs.sql", sql), ("mine/pairs.yml", &counts_a_day("view", &["orders"]))]);
    let error = world.warehouse.create().await.unwrap_err().to_string();
    assert!(error.contains("model pairs: models/mine/pairs.sql") && error.contains("division"), "{error}");
}

#[tokio::test]
async fn a_schema_of_somebody_else_is_left_alone() {
    let world = World::snowflake().await;
    let stand_in = world.stand_in();
    let database = stand_in.server.database();
    let client = stand_in.client();
    for sql in [
        format!("create schema \"{database}\".\"BOOKS\""),
        format!("create table \"{database}\".\"BOOKS\".\"ORDERS\" (a int)"),
    ] {
        client.execute(&Statement::new(sql)).await.unwrap();
    }
    let error = world.warehouse.create().await.unwrap_err();
    assert!(matches!(error, WarehouseError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn dumps_that_snowflake_cannot_read_are_refused() {
    let world = World::snowflake().await;
    let folder = tempfile::tempdir().unwrap();
    let url = url::Url::from_directory_path(folder.path()).unwrap();
    let storage = daybook_warehouse::Storage::open(&url, &daybook_storage::StorageOptions::default());
    let registry = std::sync::Arc::clone(&world.registry);
    let refused = daybook_warehouse::snowflake::SnowflakeWarehouse::new(
        world.stand_in().settings(),
        storage.unwrap(),
        registry,
    );
    assert!(refused.err().unwrap().to_string().contains("s3://bucket/prefix"));
}

#[tokio::test]
async fn what_is_missing_is_said_with_what_to_do() {
    let mut world = World::snowflake().await;
    let failed = |checks: Vec<Check>| checks.into_iter().filter(|check| check.problem.is_some());
    let missing: Vec<_> = failed(world.warehouse.diagnose().await).collect();
    let [schema] = missing.as_slice() else { panic!("{missing:?}") };
    assert!(schema.what.starts_with("schema "), "{schema:?}");
    assert!(schema.remedy.as_ref().unwrap().contains("daybook init"), "{schema:?}");

    world.close(DAY, &[FIRST]).await;
    let missing: Vec<_> = failed(world.warehouse.diagnose().await).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(world.ask(REVENUE).await.len(), 1);

    let stand_in = world.stand_in();
    let storage_integration = "nowhere".to_owned();
    let settings = SnowflakeSettings { storage_integration, ..stand_in.settings() };
    let missing: Vec<_> = failed(stand_in.open(&world.registry, settings).diagnose().await).collect();
    let [integration] = missing.as_slice() else { panic!("{missing:?}") };
    let remedy = integration.remedy.as_ref().unwrap();
    for part in ["create storage integration nowhere", "s3:GetObjectVersion", "sts:AssumeRole", "/dumps/"] {
        assert!(remedy.contains(part), "{part} is not in {remedy}");
    }

    let mut settings = stand_in.settings();
    settings.client.session.warehouse = Some("ELSEWHERE".to_owned());
    let missing: Vec<_> = failed(stand_in.open(&world.registry, settings).diagnose().await).collect();
    let [warehouse] = missing.as_slice() else { panic!("{missing:?}") };
    assert!(warehouse.remedy.as_ref().unwrap().contains("create warehouse"), "{warehouse:?}");

    // who has no role of the configuration has one of their own
    let mut settings = stand_in.settings();
    settings.client.session.role = None;
    settings.storage_integration = "nowhere".to_owned();
    let missing: Vec<_> = failed(stand_in.open(&world.registry, settings).diagnose().await).collect();
    let [integration] = missing.as_slice() else { panic!("{missing:?}") };
    assert!(integration.remedy.as_ref().unwrap().contains("to role duckdb;"), "{integration:?}");
}
