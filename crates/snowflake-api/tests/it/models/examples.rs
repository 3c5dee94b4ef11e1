//! What the SQL gives in the stand-in: that it fits together, and the models' own worked examples.

use daybook_model::{ColumnSpec, Kind, Model, Registry, UnitTest};
use daybook_snowflake_api::Statement;

use super::tables::{Tables, names};
use super::{dates, sql, tests};
use crate::support::World;

#[tokio::test]
async fn every_model_and_data_test_fits_the_tables() {
    let registry = Registry::shipped().unwrap();
    let world = World::create().await;
    let mut tables = Tables::of(&world);
    for (name, source) in registry.sources() {
        tables.table(name, &all(&source.columns), &[]);
    }
    for model in registry.models() {
        let (columns, sql) = (all(&model.columns), sql(model, &dates()));
        if model.is_stored() {
            tables.table(&model.name, &columns, &[]);
            tables.insert(&model.name, &columns, &sql);
        } else {
            tables.view(model, &sql);
        }
    }
    tables.make().await;
    for model in registry.models() {
        world.run(&format!("select {} from {}", names(&all(&model.columns)), model.name)).await;
    }
    for (name, sql) in tests(&registry, &dates()) {
        let answered = world.client.execute(&Statement::new(sql.as_str())).await;
        assert!(answered.is_ok(), "{name}: {answered:?}\n{sql}");
    }
}

#[tokio::test]
async fn the_models_worked_examples_hold() {
    let registry = Registry::shipped().unwrap();
    let mut examples = 0;
    for model in registry.models() {
        for test in &model.unit_tests {
            let difference = difference(&registry, model, test).await;
            assert!(difference.is_empty(), "{}, {}:\n{}", model.name, test.name, difference.join("\n"));
            examples += 1;
        }
    }
    assert!(examples > 0);
}

/// The rows that are not there as often as expected, with how many are missing; fewer than none if there are more.
async fn difference(registry: &Registry, model: &Model, test: &UnitTest) -> Vec<String> {
    let world = World::create().await;
    let mut tables = Tables::of(&world);
    give(&mut tables, registry, model, test);
    let named = test.expect.first().into_iter().flat_map(|row| row.keys());
    let columns: Vec<_> =
        named.filter_map(|name| model.columns.iter().find(|column| column.name == *name)).collect();
    tables.table("expected", &columns, &test.expect);
    tables.table("found", &columns, &[]);
    tables.insert("found", &columns, &sql(model, &test.dates));
    tables.make().await;
    let names = names(&columns);
    let sql = format!(
        "select {names}, sum(missing) as missing from (select {names}, 1 as missing from expected union all \
         select {names}, -1 as missing from found) group by {names} having sum(missing) <> 0"
    );
    let batches = world.client.execute(&Statement::new(sql)).await.unwrap().into_all_batches().await.unwrap();
    let rows = batches.iter().filter(|batch| batch.num_rows() > 0);
    rows.map(|rows| format!("{:?}", rows.columns())).collect()
}

/// What `model` reads: what the example gives, empty replicas and sources, and views of all other models.
fn give(tables: &mut Tables<'_>, registry: &Registry, model: &Model, test: &UnitTest) {
    let mut relations = registry.dependencies(&model.name);
    relations.insert(model.name.clone());
    let is_computed = |name: &str| {
        let of_model = registry.get(name).is_some_and(|model| model.kind != Kind::Incremental);
        of_model && !test.given.contains_key(name)
    };
    for name in relations.iter().filter(|name| !is_computed(name)) {
        let rows = test.given.get(name).map(Vec::as_slice).unwrap_or_default();
        tables.table(name, &all(registry.columns(name).unwrap()), rows);
    }
    for other in registry.models().iter().filter(|other| other.name != model.name) {
        if relations.contains(&other.name) && is_computed(&other.name) {
            tables.view(other, &sql(other, &test.dates));
        }
    }
}

fn all(columns: &[ColumnSpec]) -> Vec<&ColumnSpec> {
    columns.iter().collect()
}
