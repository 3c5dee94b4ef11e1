//! The next state of a warehouse in Snowflake.
//!
//! In the build's schema, every model has a view of its own name that shows the build's state: what is published, but
//! for the dates that this build has made. Those lie in `<model>_next_<n>`, staged dumps in `<table>_staging`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use daybook_model::manifest::{Manifest, TableDump, staged};
use daybook_model::{CLOSED_DATES, Dialect, Model, PAID_STATUSES, PARTITION_COLUMN, PartitionDate, Registry};
use daybook_snowflake_api::SnowflakeError;
use daybook_snowflake_api::statements::{
    Column, ColumnType, Grants, Name, Place, copy_into, create_staging, create_view, drop_table,
    insert_sorted, list, literal, within,
};

use super::STAGE;
use super::answer::{answer, number, texts};
use super::names::Names;
use super::objects::{self, Displaced};
use super::publications::Pin;
use super::publish::Publishing;
use super::schema::{self, calendar};
use super::session::Session;
use crate::{
    Build, DUMPS, MaterializeMetrics, Publication, PublicationDraft, QueryResult, Storage, WarehouseError,
};

type Dates = BTreeSet<PartitionDate>;

pub(super) struct SnowflakeBuild {
    pub(super) names: Names,
    pub(super) storage: Storage,
    pub(super) registry: Arc<Registry>,
    /// The build's schema.
    pub(super) session: Session,
    pub(super) before: State,
    /// What this build has made.
    made: Mutex<BTreeMap<String, Made>>,
    /// Who holds it makes a model: a budget counts each statement's time, also that in which it waits for others.
    making: tokio::sync::Mutex<()>,
    /// What shows the models that are only previewed.
    previews: BTreeMap<String, String>,
}

/// What there is when a build begins.
pub(super) struct State {
    pub(super) pin: Pin,
    pub(super) publication: Publication,
    pub(super) displaced: Displaced,
}

/// What a build has made of a model.
#[derive(Clone)]
pub(super) struct Made {
    /// Where its rows are.
    pub(super) table: Place,
    /// How many tables came before it.
    number: u32,
    /// Its dates; none of a model without partitions, which is made as a whole.
    pub(super) dates: Dates,
}

impl SnowflakeBuild {
    /// A copy of what is published.
    pub(super) async fn begin(
        names: Names,
        storage: Storage,
        registry: Arc<Registry>,
        session: &Session,
        before: State,
        paid_statuses: &[String],
    ) -> Result<Self, WarehouseError> {
        let build = Self {
            session: session.in_schema(&names.next),
            names,
            storage,
            registry,
            before,
            made: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            previews: BTreeMap::new(),
        };
        let Names { database, next, .. } = &build.names;
        // all that an earlier build has left goes with the schema
        let mut statements = vec![
            format!("drop schema if exists {database}.{next} cascade"),
            format!("create transient schema {database}.{next} data_retention_time_in_days = 0"),
        ];
        statements.extend(build.closed_dates(&build.before.publication.draft.closed_dates)?);
        let statuses = paid_statuses.iter().map(|status| literal(status));
        let column = Column { name: "status".parse()?, column_type: ColumnType::Text, is_nullable: false };
        statements.extend(build.relation(PAID_STATUSES, column, statuses)?);
        for model in build.registry.models() {
            statements.push(build.view(model)?);
        }
        session.run("begin", statements).await?;
        Ok(build)
    }

    fn closed_dates(&self, dates: &Dates) -> Result<Vec<String>, WarehouseError> {
        let dates = dates.iter().map(|date| format!("{}::date", literal(&date.to_string())));
        let name = PARTITION_COLUMN.parse()?;
        let column = Column { name, column_type: ColumnType::Date, is_nullable: false };
        self.relation(CLOSED_DATES, column, dates)
    }

    /// What makes a table of one column.
    fn relation(
        &self,
        name: &str,
        column: Column,
        values: impl Iterator<Item = String>,
    ) -> Result<Vec<String>, WarehouseError> {
        let table = self.names.next(name)?;
        let mut statements = vec![create_staging(&table, &[column])];
        let rows = list(values.map(|value| format!("({value})")));
        if !rows.is_empty() {
            statements.push(format!("insert into {table} values {rows}"));
        }
        Ok(statements)
    }

    /// What shows the build's state of a model under its name.
    fn view(&self, model: &Model) -> Result<String, WarehouseError> {
        let place = self.names.next(&model.name)?;
        if !model.is_stored() {
            return objects::view(model, &place, Grants::None);
        }
        let shown = match self.previews.get(&model.name) {
            Some(preview) => preview.clone(),
            None => self.state(model)?,
        };
        Ok(create_view(&place, &schema::columns(&model.columns)?, &shown, Grants::None))
    }

    /// A query for the rows that a stored model has in this build. What readers have under its name may be another model.
    fn state(&self, model: &Model) -> Result<String, WarehouseError> {
        let columns = list(schema::column_names(model)?);
        let displaced = &self.before.displaced;
        let is_unplaced = displaced.unplaced.contains(&model.name);
        let published = if is_unplaced { objects::first_table(&model.name) } else { model.name.clone() };
        let published = self.names.published(&published)?;
        let all_made = self.all_made();
        let made = all_made.get(&model.name);
        let is_new = displaced.views.contains(&model.name)
            && (model.is_partitioned() || displaced.waiting.contains_key(&model.name));
        Ok(match made {
            None if is_new => {
                let nothing = schema::columns(&model.columns)?
                    .into_iter()
                    .map(|column| format!("cast(null as {}) as {}", column.column_type.sql(), column.name));
                format!("select {} where false", list(nothing))
            }
            None => format!("select {columns} from {published}"),
            Some(Made { table, .. }) if is_new || !model.is_partitioned() => {
                format!("select {columns} from {table}")
            }
            Some(Made { table, dates, .. }) => format!(
                "select {columns} from {published} where not {} union all select {columns} from {table}",
                among(dates)?
            ),
        })
    }

    fn all_made(&self) -> MutexGuard<'_, BTreeMap<String, Made>> {
        // nobody leaves it half-changed
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a model its next table; returns the statements that create it, fill it (the second) and show it.
    fn next_table(&self, model: &Model, dates: &Dates) -> Result<Vec<String>, WarehouseError> {
        let sql = self.names.located(&self.compiled(model, dates)?)?;
        let columns = schema::column_names(model)?;
        let earlier = self.all_made().get(&model.name).cloned();
        let number = earlier.as_ref().map_or(1, |made| made.number + 1);
        let table = self.names.next(&format!("{}_next_{number}", model.name))?;
        let mut statements = vec![
            create_staging(&table, &schema::columns(&model.columns)?),
            insert_sorted(&table, format!("(\n{sql}\n)"), &columns, &schema::sort(model)?),
        ];
        let mut made = Made { table, number, dates: dates.clone() };
        let mut outlived = None;
        if let Some(Made { table: earlier, dates: held, .. }) = earlier {
            if model.is_partitioned() {
                let (table, columns) = (&made.table, list(&columns));
                statements.push(format!(
                    "insert into {table} ({columns}) select {columns} from {earlier} where not {}",
                    among(dates)?
                ));
                made.dates.extend(held);
            }
            outlived = Some(drop_table(&earlier));
        }
        self.all_made().insert(model.name.clone(), made);
        statements.push(self.view(model)?);
        statements.extend(outlived);
        Ok(statements)
    }

    /// The model's SQL for `dates`, as this build's session understands it.
    fn compiled(&self, model: &Model, dates: &Dates) -> Result<String, WarehouseError> {
        model.compile(dates, Dialect::Snowflake).map_err(WarehouseError::uncompiled(model))
    }

    async fn stage_table(&self, name: &str, dump: &TableDump) -> Result<(), WarehouseError> {
        let staged = staged(name);
        let table = self.names.next(&staged)?;
        let Some(columns) = self.registry.columns(&staged) else {
            let problem = "a dump brings it, and models/sources.yml does not name it".to_owned();
            return Err(WarehouseError::Model { model: staged, problem });
        };
        let folder = format!("{}/", self.storage.path(DUMPS));
        let filled = dump.files.iter().filter(|file| file.rows > 0);
        let files: Vec<_> =
            filled.map(|file| file.path.strip_prefix(&folder).unwrap_or(&file.path)).collect();
        let mut statements = vec![create_staging(&table, &schema::columns(columns)?)];
        statements.extend(copy_into(&table, &self.names.published(STAGE)?, &files));
        self.session.run("stage", statements).await?;
        let dumped: u64 = dump.files.iter().map(|file| file.rows).sum();
        let loaded =
            number(self.session.ask("stage", &format!("select count(*) from {table}"), &[]).await?).await?;
        if loaded == dumped {
            Ok(())
        } else {
            Err(WarehouseError::Unloaded { table: staged, dumped, loaded })
        }
    }
}

/// The condition that a row is of one of `dates`.
pub(super) fn among(dates: &Dates) -> Result<String, SnowflakeError> {
    Ok(within(&PARTITION_COLUMN.parse()?, &calendar(dates)))
}

#[async_trait]
impl Build for SnowflakeBuild {
    fn dialect(&self) -> Dialect {
        Dialect::Snowflake
    }

    fn follows(&self) -> u64 {
        self.before.publication.number
    }

    async fn stage(&mut self, manifest: &Manifest) -> Result<(), WarehouseError> {
        for (name, dump) in &manifest.tables {
            self.stage_table(name, dump).await?;
        }
        Ok(())
    }

    async fn set_closed_dates(&mut self, dates: &Dates) -> Result<(), WarehouseError> {
        self.session.run("closed dates", self.closed_dates(dates)?).await
    }

    async fn materialize(&self, model: &Model, dates: &Dates) -> Result<MaterializeMetrics, WarehouseError> {
        if dates.is_empty() && model.is_partitioned() {
            return Ok(MaterializeMetrics::default());
        }
        let _making = self.making.lock().await;
        let statements = self.next_table(model, dates)?;
        let inserted = self.session.execute(&model.name, statements).await?.into_iter().nth(1);
        let rows = match inserted {
            Some(result) => number(result).await?,
            None => 0,
        };
        Ok(MaterializeMetrics { rows, dates: dates.len() as u64 })
    }

    async fn preview(&mut self, model: &Model, dates: &Dates) -> Result<(), WarehouseError> {
        let before = self.names.next(&format!("{}_before_{}", model.name, self.previews.len() + 1))?;
        let columns = schema::columns(&model.columns)?;
        let names = list(schema::column_names(model)?);
        let state = match self.previews.remove(&model.name) {
            Some(preview) => preview,
            None => self.state(model)?,
        };
        let sql =
            self.names.located_but(&self.compiled(model, dates)?, Some((model.name.as_str(), &before)))?;
        let preview = format!(
            "select {names} from {before} where not {} union all select {names} from (\n{sql}\n)",
            among(dates)?
        );
        self.previews.insert(model.name.clone(), preview);
        let statements = vec![create_view(&before, &columns, &state, Grants::None), self.view(model)?];
        self.session.run(&model.name, statements).await
    }

    async fn rows(&self, model: &str) -> Result<BTreeMap<PartitionDate, u64>, WarehouseError> {
        let Some(model) = self.registry.get(model).filter(|model| model.is_partitioned()) else {
            return Ok(BTreeMap::new());
        };
        let date: Name = PARTITION_COLUMN.parse()?;
        let sql = format!("select {date}, count(*) from (\n{}\n) group by {date}", self.state(model)?);
        let counts = texts(self.session.ask("count", &sql, &[]).await?).await?;
        let count = |row: Vec<String>| {
            let [date, count] = <[String; 2]>::try_from(row).ok()?;
            Some((date.parse().ok()?, count.parse().ok()?))
        };
        Ok(counts.into_iter().filter_map(count).collect())
    }

    async fn query(&self, sql: &str) -> Result<QueryResult, WarehouseError> {
        Ok(answer(self.session.ask("look", &self.names.located(sql)?, &[]).await?))
    }

    async fn publish(self: Box<Self>, draft: PublicationDraft) -> Result<Publication, WarehouseError> {
        let made = std::mem::take(&mut *self.all_made());
        Publishing { build: &self, made }.publish(draft).await
    }
}
