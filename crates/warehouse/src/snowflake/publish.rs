//! Shows what a build has made to readers.

use daybook_model::Model;
use daybook_snowflake_api::statements::{
    Change, Extent, Grants, Name, create_table, drop_table, drop_view, list, literal, replace, transaction,
};
use uuid::Uuid;

use super::build::{Made, SnowflakeBuild};
use super::objects;
use super::publications::{Pin, Publications};
use super::schema::{self, PARTITION_COLUMN, calendar};
use super::session::Session;
use super::{CLOSED_DATES, PAID_STATUSES};
use crate::{Publication, PublicationDraft, WarehouseError};

const STEP: &str = "publish";

/// One transaction for the rows of all tables and the pin. Data definition would commit what was begun, so it comes
/// before.
pub(super) struct Publishing<'a> {
    pub(super) build: &'a SnowflakeBuild,
}

impl Publishing<'_> {
    pub(super) async fn publish(&self, draft: PublicationDraft) -> Result<Publication, WarehouseError> {
        let SnowflakeBuild { before, session, names, made, .. } = self.build;
        let number = before.number + 1;
        let mut tables = before.tables.clone();
        // all that are stored by dates are published from the first time on, with or without rows
        for model in self.build.registry.models().iter().filter(|model| model.is_partitioned()) {
            tables.entry(model.name.clone()).or_insert(number);
        }
        tables.extend(made.keys().map(|name| (name.clone(), number)));
        let publication = Publication { number, tables, draft };

        let publications = Publications::new(names)?;
        let pin = Pin { number, token: Uuid::new_v4().to_string() };
        publications.bring(session, &publication).await?;
        self.make_tables().await?;
        let mut statements = Vec::from(publications.publish(&self.build.pin, &pin));
        for model in self.build.registry.models() {
            if let Some(made) = made.get(&model.name) {
                statements.extend(replace(&self.change(model, made)?));
            }
        }
        statements.extend(self.relations(&publication.draft)?);
        let Err(error) = session.transact(STEP, transaction(statements)).await else {
            return Ok(publication);
        };
        // the answer may be lost, and not the publication
        let settling = session.without_budget().in_schema(&names.published);
        match publications.fence(&settling, &self.build.pin).await {
            Ok(Some(other)) if other == pin => Ok(publication),
            Ok(Some(other)) => Err(WarehouseError::Overtaken { number: other.number }),
            Ok(None) => {
                self.put_views_back(&settling).await?;
                Err(error)
            }
            Err(unsettled) => {
                tracing::error!("it is not known whether publication {number} is there: {unsettled}");
                Err(error)
            }
        }
    }

    /// A model that was computed until now becomes a table. For the moment until the transaction it has no rows.
    async fn make_tables(&self) -> Result<(), WarehouseError> {
        let mut statements = Vec::new();
        for model in self.new_tables() {
            let place = self.build.names.published(&model.name)?;
            statements.push(drop_view(&place));
            statements.push(create_table(&place, &schema::columns(&model.columns)?));
        }
        if statements.is_empty() { Ok(()) } else { self.build.session.run(STEP, statements).await }
    }

    /// Nothing was published: such models are computed again.
    async fn put_views_back(&self, session: &Session) -> Result<(), WarehouseError> {
        let mut statements = Vec::new();
        for model in self.new_tables() {
            let place = self.build.names.published(&model.name)?;
            statements.push(drop_table(&place));
            statements.push(objects::view(model, &place, Grants::None)?);
        }
        if statements.is_empty() { Ok(()) } else { session.run(STEP, statements).await }
    }

    /// Models that are computed when they are asked, and that this build has made as a whole.
    fn new_tables(&self) -> impl Iterator<Item = &Model> {
        let SnowflakeBuild { registry, made, before, .. } = self.build;
        registry.models().iter().filter(|model| {
            made.contains_key(&model.name)
                && !model.is_partitioned()
                && !before.tables.contains_key(&model.name)
        })
    }

    fn change(&self, model: &Model, made: &Made) -> Result<Change, WarehouseError> {
        let extent = match model.is_partitioned() {
            true => Extent::Dates(PARTITION_COLUMN.parse()?, calendar(&made.dates)),
            false => Extent::Whole,
        };
        Ok(Change {
            table: self.build.names.published(&model.name)?,
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
