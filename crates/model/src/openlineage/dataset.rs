//! Tables of the warehouse and of the ODS, by the names that OpenLineage gives them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use url::Url;

use super::{BuiltTable, facet};
use crate::manifest::table_staged_as;
use crate::{ColumnReference, ColumnSpec, Registry};

/// Where the tables lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Such as `s3://bucket`, `file`, or `snowflake://organization-account`.
    warehouse: String,
    tables: Tables,
    /// Such as `postgres://host:5432`.
    ods: String,
    database: String,
}

/// How the tables of a warehouse are called.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tables {
    /// By their folders in this one.
    Below(String),
    /// By their names in a database's schema, in upper case.
    In { database: String, schema: String },
}

impl Places {
    /// The warehouse below a URL, and the database of another one. Users and passwords in them are left out.
    ///
    /// # Errors
    /// When one of them is not a URL.
    pub fn new(warehouse: &str, ods: &str) -> Result<Self, url::ParseError> {
        let (warehouse, ods) = (Url::parse(warehouse)?, Url::parse(ods)?);
        let folder = match warehouse.to_file_path() {
            Ok(path) => path.display().to_string(),
            Err(()) => warehouse.path().trim_matches('/').to_owned(),
        };
        Ok(Self {
            warehouse: match warehouse.host_str() {
                Some(host) => format!("{}://{host}", warehouse.scheme()),
                None => warehouse.scheme().to_owned(),
            },
            tables: Tables::Below(folder.trim_end_matches('/').to_owned()),
            ods: format!(
                "postgres://{}:{}",
                ods.host_str().unwrap_or("localhost"),
                ods.port().unwrap_or(5432)
            ),
            database: ods.path().trim_start_matches('/').to_owned(),
        })
    }

    /// The same, but for the warehouse in a schema of an account of Snowflake.
    #[must_use]
    pub fn in_snowflake(self, account: &str, database: &str, schema: &str) -> Self {
        let (database, schema) = (database.to_ascii_uppercase(), schema.to_ascii_uppercase());
        let warehouse = format!("snowflake://{account}");
        Self { warehouse, tables: Tables::In { database, schema }, ..self }
    }

    /// The table of a stored model.
    fn table(&self, model: &str) -> Dataset {
        let name = match &self.tables {
            Tables::Below(folder) if folder.is_empty() => format!("tables/{model}"),
            Tables::Below(folder) => format!("{folder}/tables/{model}"),
            Tables::In { database, schema } => format!("{database}.{schema}.{}", model.to_ascii_uppercase()),
        };
        Dataset { namespace: self.warehouse.clone(), name }
    }

    /// The table that `relation` is, if it is one: a stored model, or what a dump shows of the ODS.
    fn dataset(&self, registry: &Registry, relation: &str) -> Option<Dataset> {
        if registry.get(relation).is_some() {
            return Some(self.table(relation));
        }
        let table = match table_staged_as(relation)? {
            "parked_order_lines" => "daybook.parked_row".to_owned(),
            versions if versions.ends_with("_version") => format!("daybook.{versions}"),
            table => format!("ods.{table}"),
        };
        Some(Dataset { namespace: self.ods.clone(), name: format!("{}.{table}", self.database) })
    }
}

/// How other tools know a table.
struct Dataset {
    namespace: String,
    name: String,
}

/// The tables that it was built from; views are looked through.
pub(super) fn inputs(table: &BuiltTable<'_>) -> Vec<Value> {
    let described = |relation: &String| {
        let Dataset { namespace, name } = table.places.dataset(table.registry, relation)?;
        let columns = table.registry.columns(relation).unwrap_or_default();
        Some(json!({ "namespace": namespace, "name": name, "facets": { "schema": schema(columns) } }))
    };
    table.registry.tables_read(&table.model.name).iter().filter_map(described).collect()
}

/// The table itself.
pub(super) fn output(table: &BuiltTable<'_>) -> Value {
    let BuiltTable { model, places, rows, .. } = *table;
    let Dataset { namespace, name } = places.table(&model.name);
    let counted = facet("1-0-2", "OutputStatisticsOutputDatasetFacet", json!({ "rowCount": rows }));
    let output_facets = if rows.is_some() { json!({ "outputStatistics": counted }) } else { json!({}) };
    json!({
        "namespace": namespace,
        "name": name,
        "facets": { "schema": schema(&model.columns), "columnLineage": column_lineage(table) },
        "outputFacets": output_facets,
    })
}

fn schema(columns: &[ColumnSpec]) -> Value {
    let field = |column: &ColumnSpec| json!({ "name": column.name, "type": column.data_type.name(), "description": column.description });
    let fields: Vec<Value> = columns.iter().map(field).collect();
    facet("1-2-0", "SchemaDatasetFacet", json!({ "fields": fields }))
}

fn column_lineage(table: &BuiltTable<'_>) -> Value {
    let BuiltTable { registry, model, places, .. } = *table;
    let mut views = Views { registry, known: BTreeMap::new() };
    let mut fields = Map::new();
    for (column, origins) in registry.lineage(model) {
        let mut stored = BTreeSet::new();
        origins.iter().for_each(|origin| views.look_through(origin, &mut stored));
        let inputs: Vec<Value> = stored
            .iter()
            .filter_map(|origin| {
                let Dataset { namespace, name } = places.dataset(registry, &origin.relation)?;
                Some(json!({ "namespace": namespace, "name": name, "field": origin.column }))
            })
            .collect();
        fields.insert(column, json!({ "inputFields": inputs }));
    }
    facet("1-2-0", "ColumnLineageDatasetFacet", json!({ "fields": fields }))
}

/// What the columns of views come from.
struct Views<'a> {
    registry: &'a Registry,
    known: BTreeMap<String, BTreeMap<String, BTreeSet<ColumnReference>>>,
}

impl Views<'_> {
    /// Adds the columns of tables from which `origin` comes.
    fn look_through(&mut self, origin: &ColumnReference, stored: &mut BTreeSet<ColumnReference>) {
        match self.registry.get(&origin.relation) {
            Some(view) if !view.is_stored() => {
                let known = self.known.entry(view.name.clone());
                let lineage = known.or_insert_with(|| self.registry.lineage(view));
                for origin in lineage.get(&origin.column).cloned().unwrap_or_default() {
                    self.look_through(&origin, stored);
                }
            }
            _ => {
                stored.insert(origin.clone());
            }
        }
    }
}
