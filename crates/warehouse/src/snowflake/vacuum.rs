//! Removes what nobody reads any more.

use super::SnowflakeWarehouse;
use super::answer::number;
use super::names::Names;
use super::publications::Publications;
use crate::{VacuumMetrics, WarehouseError};

impl SnowflakeWarehouse {
    /// Drops the schema of builds, and, once there are twice as many, all documents but those of the last `keep`
    /// publications. What tables held before is Snowflake's to keep and to forget: its time travel.
    pub(super) async fn vacuum_to(&self, keep: u64) -> Result<VacuumMetrics, WarehouseError> {
        let session = self.session("vacuum", None);
        let publications = Publications::new(&self.names)?;
        let Some((pin, _)) = publications.current(&session).await? else {
            return Ok(VacuumMetrics::default());
        };
        let Names { database, next, .. } = &self.names;
        session.run("vacuum", vec![format!("drop schema if exists {database}.{next} cascade")]).await?;
        let documents = number(session.ask("vacuum", &publications.count(), &[]).await?).await?;
        if documents < keep.saturating_mul(2) {
            return Ok(VacuumMetrics::default());
        }
        session.ask("vacuum", &publications.forget(pin.number, keep), &[]).await?;
        Ok(VacuumMetrics { publications: documents - keep, ..VacuumMetrics::default() })
    }
}
