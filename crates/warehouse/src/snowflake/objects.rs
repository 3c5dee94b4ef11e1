//! The tables and views that readers ask, made and brought up to date.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::{CLOSED_DATES, Dialect, Model, PAID_STATUSES, PARTITION_COLUMN, Registry};
use daybook_snowflake_api::statements::{
    Column, ColumnType, Grants, Name, Place, create_stage, create_table, create_view, drop_table, drop_view,
    literal, rename_table,
};

use super::answer::texts;
use super::names::Names;
use super::publications::Publications;
use super::schema;
use super::session::Session;
use super::{STAGE, Settings};
use crate::{Publication, WarehouseError};

const STEP: &str = "create";

/// What there is in the readers' schema, by name.
type Relations = BTreeMap<String, Relation>;

#[derive(Debug, Default)]
struct Relation {
    is_view: bool,
    /// Whether Snowflake keeps its rows together by itself.
    is_clustered: bool,
    /// Each column's type.
    columns: BTreeMap<String, String>,
}

/// Makes what is missing, and gives tables and views the columns that the models have now.
pub(super) struct Objects<'a> {
    pub(super) names: &'a Names,
    pub(super) registry: &'a Registry,
    pub(super) settings: &'a Settings,
    /// Where dumps lie.
    pub(super) dumps: &'a str,
    pub(super) published: &'a Publication,
    /// Whether what is there may go: only a run may, of which there is one at a time.
    pub(super) may_replace: bool,
}

/// Models of which readers have something else than they are published as, by name.
#[derive(Debug, Default)]
pub(super) struct Displaced {
    /// Those that are stored, and have never been published so: readers have views.
    pub(super) views: BTreeSet<String>,
    /// Those that were published in their [`first_table`], and whose place it has not taken yet.
    pub(super) unplaced: BTreeSet<String>,
    /// Those that are views, of which readers have tables.
    pub(super) tables: BTreeSet<String>,
    /// Views that read such models: what they ask for may not be there before those have their places.
    pub(super) waiting: BTreeMap<String, Grants>,
}

impl Displaced {
    /// Whether readers' relations are not the ones that `model` is written for.
    fn is_read_by(&self, model: &Model, registry: &Registry) -> bool {
        model.reads.keys().any(|read| {
            let is_partitioned = registry.get(read).is_some_and(Model::is_partitioned);
            (is_partitioned && self.views.contains(read))
                || self.unplaced.contains(read)
                || self.tables.contains(read)
                || self.waiting.contains_key(read)
        })
    }
}

impl Objects<'_> {
    pub(super) async fn create(&self, session: &Session) -> Result<Displaced, WarehouseError> {
        let Names { database, published: schema, .. } = self.names;
        session.run(STEP, vec![format!("create schema if not exists {database}.{schema}")]).await?;
        let there = self.there(session).await?;
        self.check_foreign(&there)?;
        let mut statements = self.own()?;
        let mut displaced = Displaced::default();
        for model in self.registry.models() {
            statements.extend(self.relation(model, &there, &mut displaced)?);
        }
        session.in_schema(schema).run(STEP, statements).await?;
        Ok(displaced)
    }

    fn relation(
        &self,
        model: &Model,
        there: &Relations,
        displaced: &mut Displaced,
    ) -> Result<Vec<String>, WarehouseError> {
        let name = &model.name;
        let mut statements = Vec::new();
        let mut relation = there.get(&upper(name));
        let is_published = self.published.tables.contains_key(name);
        let is_view = |relation: Option<&Relation>| relation.is_none_or(|relation| relation.is_view);
        if model.is_stored()
            && is_published
            && is_view(relation)
            && let Some(first) = there.get(&upper(&first_table(name)))
        {
            if !self.may_replace {
                displaced.unplaced.insert(name.clone());
                return Ok(statements);
            }
            statements.extend(table_for_view(model, self.names)?);
            relation = Some(first);
        }
        match relation {
            Some(table) if !table.is_view && model.is_stored() => {
                statements.extend(self.table(model, Some(table))?);
            }
            Some(table) if !table.is_view => {
                if !is_published && self.may_replace {
                    statements.extend(view_for_table(model, self.names)?);
                } else {
                    displaced.tables.insert(name.clone());
                }
            }
            _ if model.is_partitioned() && is_published => {
                let problem = "it is published, and its table is not there: `undrop table` brings one back that was \
                               dropped; or give the model another name, under which it is built anew";
                return Err(WarehouseError::Model { model: name.clone(), problem: problem.to_owned() });
            }
            None if model.is_partitioned() && (self.may_replace || self.published.number == 0) => {
                statements.extend(self.table(model, None)?);
            }
            held => {
                if model.is_stored() {
                    displaced.views.insert(name.clone());
                }
                // with nothing to copy from, a copy would keep out what the schema grants
                let grants = if held.is_some() { Grants::Copy } else { Grants::None };
                if displaced.is_read_by(model, self.registry) {
                    displaced.waiting.insert(name.clone(), grants);
                } else if !model.is_partitioned() {
                    // one by dates has no query of its own for all of them: its view stays as it was
                    statements.push(readers_view(model, self.names, grants)?);
                }
            }
        }
        Ok(statements)
    }

    async fn there(&self, session: &Session) -> Result<Relations, WarehouseError> {
        let Names { database, published: schema, .. } = self.names;
        let sql = format!(
            "select t.table_name, t.table_type, t.clustering_key, c.column_name, c.data_type, c.numeric_precision \
             from {database}.information_schema.tables as t \
             inner join {database}.information_schema.columns as c \
             on c.table_schema = t.table_schema and c.table_name = t.table_name \
             where t.table_schema = {}",
            literal(schema.as_str())
        );
        let mut relations = Relations::new();
        for row in texts(session.ask(STEP, &sql, &[]).await?).await? {
            let Ok([name, kind, clustering, column, data_type, precision]) = <[String; 6]>::try_from(row)
            else {
                continue;
            };
            let relation = relations.entry(name).or_default();
            relation.is_view = kind == "VIEW";
            relation.is_clustered = !clustering.is_empty();
            let precision = if data_type == "NUMBER" { format!("({precision})") } else { String::new() };
            relation.columns.insert(column, format!("{data_type}{precision}"));
        }
        Ok(relations)
    }

    /// A schema that somebody else uses is left alone; one with a pin is Daybook's.
    fn check_foreign(&self, there: &Relations) -> Result<(), WarehouseError> {
        if there.keys().any(|name| Publications::is_one(name)) {
            return Ok(());
        }
        let is_there = |model: &&Model| there.contains_key(&upper(&model.name));
        match self.registry.models().iter().find(is_there) {
            Some(model) => {
                Err(WarehouseError::Foreign { relation: self.names.published(&model.name)?.to_string() })
            }
            None => Ok(()),
        }
    }

    /// What is no model's: publications, the relations that models read, the stage.
    fn own(&self) -> Result<Vec<String>, WarehouseError> {
        let mut statements = Vec::from(Publications::new(self.names)?.create());
        for (name, column, column_type) in
            [(CLOSED_DATES, PARTITION_COLUMN, ColumnType::Date), (PAID_STATUSES, "status", ColumnType::Text)]
        {
            let column = Column { name: column.parse()?, column_type, is_nullable: false };
            statements.push(create_table(&self.names.published(name)?, &[column]));
        }
        let integration: Name = self.settings.storage_integration.parse()?;
        statements.push(create_stage(&self.names.published(STAGE)?, self.dumps, &integration));
        Ok(statements)
    }

    fn table(&self, model: &Model, there: Option<&Relation>) -> Result<Vec<String>, WarehouseError> {
        let place = self.names.published(&model.name)?;
        let columns = schema::columns(&model.columns)?;
        let clusters = self.settings.clustering && model.is_partitioned();
        let is_clustered = there.is_some_and(|table| table.is_clustered);
        let mut statements = Vec::new();
        if is_clustered && !clusters {
            // before its column may go
            statements.push(format!("alter table {place} drop clustering key"));
        }
        match there {
            None => statements.push(create_table(&place, &columns)),
            Some(table) => statements.extend(self.changed_columns(model, &place, &columns, table)?),
        }
        if clusters && !is_clustered {
            let key: Name = PARTITION_COLUMN.parse()?;
            statements.push(format!("alter table {place} cluster by ({key})"));
        }
        Ok(statements)
    }

    /// A column that is new is added at once: until the table is built again, it is null. One that is gone stays for as
    /// long as readers see the table as it was built with it.
    fn changed_columns(
        &self,
        model: &Model,
        place: &Place,
        columns: &[Column],
        there: &Relation,
    ) -> Result<Vec<String>, WarehouseError> {
        let mut statements = Vec::new();
        for column in columns {
            match there.columns.get(column.name.as_str()) {
                Some(held) if *held == shown(column.column_type) => {}
                Some(held) => {
                    let problem = format!(
                        "its table has the column {} as {held}, which cannot become another type while it is read: give \
                         the column or the model another name",
                        column.name
                    );
                    return Err(WarehouseError::Model { model: model.name.clone(), problem });
                }
                None => statements.push(format!(
                    "alter table {place} add column {} {}",
                    column.name,
                    column.column_type.sql()
                )),
            }
        }
        let fingerprint = self.registry.fingerprints().get(&model.name);
        if self.may_replace && self.published.draft.models.get(&model.name) == fingerprint {
            let is_gone = |held: &&String| columns.iter().all(|column| column.name.as_str() != *held);
            for held in there.columns.keys().filter(is_gone) {
                statements.push(format!("alter table {place} drop column \"{held}\""));
            }
        }
        Ok(statements)
    }
}

/// The table of a model that is a view until it is published for the first time.
pub(super) fn first_table(model: &str) -> String {
    format!("daybook_first_{model}")
}

/// What makes the view that readers have of a model.
pub(super) fn readers_view(model: &Model, names: &Names, grants: Grants) -> Result<String, WarehouseError> {
    view(model, &names.published(&model.name)?, grants)
}

/// What gives a first table its place.
pub(super) fn table_for_view(model: &Model, names: &Names) -> Result<[String; 2], WarehouseError> {
    let place = names.published(&model.name)?;
    Ok([drop_view(&place), rename_table(&names.published(&first_table(&model.name))?, &place)])
}

/// What makes the view of a model that was a table.
pub(super) fn view_for_table(model: &Model, names: &Names) -> Result<[String; 2], WarehouseError> {
    Ok([drop_table(&names.published(&model.name)?), readers_view(model, names, Grants::None)?])
}

fn upper(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// The view of a model that is computed when it is asked; what it reads lies in the view's schema.
pub(super) fn view(model: &Model, place: &Place, grants: Grants) -> Result<String, WarehouseError> {
    let sql =
        model.compile(&BTreeSet::new(), Dialect::Snowflake).map_err(WarehouseError::uncompiled(model))?;
    Ok(create_view(place, &schema::columns(&model.columns)?, &sql, grants))
}

/// A type as the information schema shows it.
fn shown(column_type: ColumnType) -> String {
    let shown = match column_type {
        ColumnType::Text => "TEXT",
        ColumnType::Integer => "NUMBER(10)",
        ColumnType::Bigint => "NUMBER(19)",
        ColumnType::Double => "FLOAT",
        ColumnType::Boolean => "BOOLEAN",
        ColumnType::Date => "DATE",
        ColumnType::Timestamp => "TIMESTAMP_NTZ",
    };
    shown.to_owned()
}
