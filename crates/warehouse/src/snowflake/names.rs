//! Where the objects of a warehouse are.

use daybook_model::compile;
use daybook_snowflake_api::SnowflakeError;
use daybook_snowflake_api::statements::{Name, Place};

use crate::{LOOK, WarehouseError};

/// The schema by which models and questions mean the state before a build.
const PUBLISHED: &str = "PUBLISHED";

/// The schema that readers ask, and beside it the one in which a build works: `<schema>_NEXT_<run>`. Each run has its own,
/// so that none reads or drops what another makes.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) database: Name,
    pub(super) published: Name,
    pub(super) next: Name,
}

impl Names {
    /// With the schema of those who look, and build nothing.
    pub(super) fn new(database: &str, schema: &str) -> Result<Self, SnowflakeError> {
        let next = format!("{schema}_NEXT_{LOOK}").parse()?;
        Ok(Self { database: database.parse()?, published: schema.parse()?, next })
    }

    /// The same for the build of a run.
    pub(super) fn of_build(&self, run_id: i64) -> Result<Self, SnowflakeError> {
        Ok(Self { next: format!("{}{run_id}", self.build_prefix()).parse()?, ..self.clone() })
    }

    /// Which run builds in `schema`, if it is one of these.
    pub(super) fn run_of(&self, schema: &str) -> Option<i64> {
        schema.strip_prefix(&self.build_prefix())?.parse().ok()
    }

    fn build_prefix(&self) -> String {
        format!("{}_NEXT_", self.published.as_str())
    }

    /// What readers see under `name`.
    pub(super) fn published(&self, name: &str) -> Result<Place, SnowflakeError> {
        self.place(&self.published, name)
    }

    /// What a build has under `name`.
    pub(super) fn next(&self, name: &str) -> Result<Place, SnowflakeError> {
        self.place(&self.next, name)
    }

    fn place(&self, schema: &Name, name: &str) -> Result<Place, SnowflakeError> {
        Ok(Place { database: self.database.clone(), schema: schema.clone(), name: name.parse()? })
    }

    /// A build's SQL, in which `published.<name>` is what readers see.
    pub(super) fn located(&self, sql: &str) -> Result<String, WarehouseError> {
        self.located_but(sql, None)
    }

    /// The same, in which also a model's own name stands for another relation of the build.
    pub(super) fn located_but(
        &self,
        sql: &str,
        own: Option<(&str, &Place)>,
    ) -> Result<String, WarehouseError> {
        let published = [&self.database, &self.published].map(|name| name.as_str().to_owned());
        let located = compile::relocate(sql, |path| match (path, own) {
            ([PUBLISHED, name], _) => Some(published.iter().cloned().chain([(*name).to_owned()]).collect()),
            ([name], Some((model, before))) if name.eq_ignore_ascii_case(model) => {
                let path = [&before.database, &before.schema, &before.name];
                Some(path.map(|name| name.as_str().to_owned()).into())
            }
            _ => None,
        });
        located.map_err(|error| SnowflakeError::Request(error.to_string()).into())
    }
}
