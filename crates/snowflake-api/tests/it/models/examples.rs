//! What the SQL gives in the stand-in: that it fits together, and the models' own worked examples.

use daybook_model::{ColumnSpec, Kind, Model, Registry, UnitTest};
use daybook_snowflake_api::Statement;

use super::tables::{Tables, names};
use super::{dates, sql, tests};

#[tokio::test]
async fn every_model_and_data_test_fits_the_tables() {
    let registry = Registry::shipped().unwrap();
    let tables = Tables::create().await;
    for (name, source) in registry.sources() {
        tables.table(name, &all(&source.columns), &[]).await;
    }
    for model in registry.models() {
        let (columns, sql) = (all(&model.columns), sql(model, &dates()));
        if model.is_stored() {
            tables.table(&model.name, &columns, &[]).await;
            tables.insert(&model.name, &columns, &sql).await;
        } else {
            tables.view(model, &sql).await;
            tables.world.run(&format!("select {} from {}", names(&columns), tables.place(&model.name))).await;
        }
    }
    for (name, sql) in tests(&registry, &dates()) {
        let answered = tables.world.client.execute(&Statement::new(sql.as_str())).await;
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

/// The rows that are not expected, and those that are and are not there.
async fn difference(registry: &Registry, model: &Model, test: &UnitTest) -> Vec<String> {
    let tables = Tables::create().await;
    show_given(&tables, registry, model, test).await;
    let named = test.expect.first().into_iter().flat_map(|row| row.keys());
    let columns: Vec<_> =
        named.filter_map(|name| model.columns.iter().find(|column| column.name == *name)).collect();
    tables.table("expected", &columns, &test.expect).await;
    tables.table("found", &columns, &[]).await;
    tables.insert("found", &columns, &sql(model, &test.dates)).await;
    let names = names(&columns);
    let counted =
        |table: &str| format!("select {names}, count(*) from {} group by {names}", tables.place(table));
    let (expected, found) = (counted("expected"), counted("found"));
    let mut difference = Vec::new();
    for (sign, sql) in
        [("-", format!("{expected} except {found}")), ("+", format!("{found} except {expected}"))]
    {
        let result = tables.world.client.execute(&Statement::new(sql)).await.unwrap();
        let batches = result.into_all_batches().await.unwrap();
        let rows = batches.into_iter().filter(|batch| batch.num_rows() > 0);
        difference.extend(rows.map(|rows| format!("{sign} {:?}", rows.columns())));
    }
    difference
}

/// Makes what `model` reads: what the example gives, empty replicas and sources, and views of all other models.
async fn show_given(tables: &Tables, registry: &Registry, model: &Model, test: &UnitTest) {
    let mut relations = registry.dependencies(&model.name);
    relations.insert(model.name.clone());
    let is_computed = |name: &str| {
        let of_model = registry.get(name).is_some_and(|model| model.kind != Kind::Incremental);
        of_model && !test.given.contains_key(name)
    };
    for name in relations.iter().filter(|name| !is_computed(name)) {
        let rows = test.given.get(name).map(Vec::as_slice).unwrap_or_default();
        tables.table(name, &all(registry.columns(name).unwrap()), rows).await;
    }
    for other in registry.models().iter().filter(|other| other.name != model.name) {
        if relations.contains(&other.name) && is_computed(&other.name) {
            tables.view(other, &sql(other, &test.dates)).await;
        }
    }
}

fn all(columns: &[ColumnSpec]) -> Vec<&ColumnSpec> {
    columns.iter().collect()
}
