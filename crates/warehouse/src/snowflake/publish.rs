//! Shows what a build has made to readers.

use std::collections::BTreeMap;

use daybook_model::{CLOSED_DATES, Model, PAID_STATUSES, PARTITION_COLUMN};
use daybook_snowflake_api::statements::{
    Change, Extent, Name, create_table, drop_table, list, literal, replace, transaction,
};
use uuid::Uuid;

use super::build::{Made, SnowflakeBuild};
use super::objects::{first_table, readers_view, table_for_view, view_for_table};
use super::publications::{Fence, Pin, Publications};
use super::schema::{self, calendar};
use super::session::Session;
use crate::{Publication, PublicationDraft, WarehouseError};

const STEP: &str = "publish";

/// One transaction for the rows of all tables and the pin. Data definition would commit what was begun, so it comes
/// before.
pub(super) struct Publishing<'a> {
    pub(super) build: &'a SnowflakeBuild,
    /// What the build has made.
    pub(super) made: BTreeMap<String, Made>,
}

impl Publishing<'_> {
    pub(super) async fn publish(&self, draft: PublicationDraft) -> Result<Publication, WarehouseError> {
        let number = self.build.before.publication.number + 1;
        let publication = Publication { number, tables: self.tables(number), draft };
        Publications::new(&self.build.names)?.bring(&self.build.session, &publication).await?;
        let before = self.make_first_tables().await?;
        self.commit(&publication, &before).await?;
        self.give_places().await;
        Ok(publication)
    }

    async fn commit(&self, publication: &Publication, before: &Pin) -> Result<(), WarehouseError> {
        let SnowflakeBuild { session, names, registry, .. } = self.build;
        let pin = Pin { number: publication.number, token: Uuid::new_v4().to_string() };
        let publications = Publications::new(names)?;
        let mut statements = Vec::from(publications.publish(before, &pin));
        for model in registry.models() {
            if let Some(made) = self.made.get(&model.name) {
                statements.extend(replace(&self.change(model, made)?));
            }
        }
        statements.extend(self.relations(&publication.draft)?);
        let Err(error) = session.transact(STEP, transaction(statements)).await else {
            return Ok(());
        };
        // the answer may be lost, and not the publication
        match publications.fence(&self.settling(), before).await {
            Ok(Fence::Passed(Some(other))) if other == pin => Ok(()),
            Ok(Fence::Passed(Some(other))) => Err(WarehouseError::Overtaken { number: other.number }),
            Ok(Fence::Held(_) | Fence::Passed(None)) => Err(error),
            Err(unsettled) => {
                tracing::error!("it is not known whether publication {} is there: {unsettled}", pin.number);
                Err(error)
            }
        }
    }

    /// For what has to be done even if the budget is spent.
    fn settling(&self) -> Session {
        self.build.session.without_budget().in_schema(&self.build.names.published)
    }

    /// Tables that are published for the first time take the places of views, and views those of tables that are no more.
    /// What cannot be done now is done by the next run.
    async fn give_places(&self) {
        let SnowflakeBuild { before, registry, names, .. } = self.build;
        for model in registry.models() {
            let statements = if before.displaced.tables.contains(&model.name) {
                view_for_table(model, names).map(Vec::from)
            } else if self.is_first(model) {
                table_for_view(model, names).map(Vec::from)
            } else if let Some(grants) = before.displaced.waiting.get(&model.name) {
                readers_view(model, names, *grants).map(|view| vec![view])
            } else {
                continue;
            };
            let placed = async { self.settling().run(STEP, statements?).await };
            if let Err(error) = placed.await {
                let name = &model.name;
                tracing::warn!(
                    "{name} is published, but readers have what it was until the next run: {error}"
                );
            }
        }
    }

    /// What is published of each table.
    fn tables(&self, number: u64) -> BTreeMap<String, u64> {
        let SnowflakeBuild { before, registry, .. } = self.build;
        let mut tables = before.publication.tables.clone();
        tables.retain(|name, _| registry.get(name).is_some_and(Model::is_stored));
        // all that are stored by dates are published from the first time on, with or without rows
        let is_there =
            |model: &&Model| model.is_partitioned() && !before.displaced.views.contains(&model.name);
        for model in registry.models().iter().filter(is_there) {
            tables.entry(model.name.clone()).or_insert(number);
        }
        tables.extend(self.made.keys().map(|name| (name.clone(), number)));
        tables
    }

    /// Whether this build has made rows of `model`, and readers have a view of it.
    fn is_first(&self, model: &Model) -> bool {
        let before = &self.build.before;
        before.displaced.views.contains(&model.name) && self.made.contains_key(&model.name)
    }

    /// Tables beside the views whose place they take once they are published. Gives the pin to publish upon: whoever else
    /// began with this one might have put rows into such tables, and still publish them.
    async fn make_first_tables(&self) -> Result<Pin, WarehouseError> {
        let SnowflakeBuild { before, session, names, registry, .. } = self.build;
        let mut statements = Vec::new();
        for model in registry.models().iter().filter(|model| self.is_first(model)) {
            let table = names.published(&first_table(&model.name))?;
            statements.push(drop_table(&table));
            statements.push(create_table(&table, &schema::columns(&model.columns)?));
        }
        if statements.is_empty() {
            return Ok(before.pin.clone());
        }
        match Publications::new(names)?.fence(session, &before.pin).await? {
            Fence::Held(pin) => {
                session.run(STEP, statements).await?;
                Ok(pin)
            }
            Fence::Passed(other) => {
                let number = other.map_or(before.publication.number, |pin| pin.number);
                Err(WarehouseError::Overtaken { number })
            }
        }
    }

    fn change(&self, model: &Model, made: &Made) -> Result<Change, WarehouseError> {
        let extent = match model.is_partitioned() {
            true => Extent::Dates(PARTITION_COLUMN.parse()?, calendar(&made.dates)),
            false => Extent::Whole,
        };
        let table = if self.is_first(model) { first_table(&model.name) } else { model.name.clone() };
        Ok(Change {
            table: self.build.names.published(&table)?,
            next: made.table.clone(),
            columns: schema::column_names(model)?,
            sort: schema::sort(model)?,
            extent,
        })
    }

    /// The relations that models read and no model makes.
    fn relations(&self, draft: &PublicationDraft) -> Result<Vec<String>, WarehouseError> {
        let mut statements = Vec::new();
        let dates = draft.closed_dates.iter().map(|date| format!("({}::date)", literal(&date.to_string())));
        let statuses = draft.paid_statuses.iter().map(|status| format!("({})", literal(status)));
        for (relation, column, rows) in
            [(CLOSED_DATES, PARTITION_COLUMN, list(dates)), (PAID_STATUSES, "status", list(statuses))]
        {
            let (place, column): (_, Name) = (self.build.names.published(relation)?, column.parse()?);
            statements.push(format!("delete from {place}"));
            if !rows.is_empty() {
                statements.push(format!("insert into {place} ({column}) values {rows}"));
            }
        }
        Ok(statements)
    }
}
