//! Removes what nobody reads any more.

use super::SnowflakeWarehouse;
use super::answer::{number, texts};
use super::names::Names;
use super::publications::Publications;
use super::session::Session;
use crate::{LOOK, VacuumMetrics, WarehouseError};

impl SnowflakeWarehouse {
    /// Drops the schemas of builds, and, once there are twice as many, all documents but those of the last `keep`
    /// publications. What tables held before is Snowflake's to keep and to forget: its time travel.
    pub(super) async fn vacuum_to(&self, keep: u64) -> Result<VacuumMetrics, WarehouseError> {
        let session = self.session("vacuum", None);
        let publications = Publications::new(&self.names)?;
        let Some((pin, _)) = publications.current(&session).await? else {
            return Ok(VacuumMetrics::default());
        };
        self.drop_builds(&session).await?;
        let documents = number(session.ask("vacuum", &publications.count(), &[]).await?).await?;
        if documents < keep.saturating_mul(2) {
            return Ok(VacuumMetrics::default());
        }
        session.ask("vacuum", &publications.forget(pin.number, keep), &[]).await?;
        Ok(VacuumMetrics { publications: documents - keep, ..VacuumMetrics::default() })
    }

    /// Drops what runs have left; whoever calls it is the only one. A request that a killed run has left behind then fails
    /// instead of publishing. Whoever only looks may do so beside a run, and keeps its schema until the next look.
    pub(super) async fn drop_builds(&self, session: &Session) -> Result<(), WarehouseError> {
        let Names { database, .. } = &self.names;
        let sql = format!("select schema_name from {database}.information_schema.schemata");
        let schemas = texts(session.ask("vacuum", &sql, &[]).await?).await?;
        let of_runs = schemas.into_iter().flatten().filter_map(|schema| self.names.run_of(&schema));
        let mut statements = Vec::new();
        for run_id in of_runs.filter(|run_id| *run_id != LOOK) {
            let next = self.names.of_build(run_id)?.next;
            statements.push(format!("drop schema if exists {database}.{next} cascade"));
        }
        if statements.is_empty() { Ok(()) } else { session.run("vacuum", statements).await }
    }
}
