//! One moment of the database, which several connections see.

use daybook_model::{BusinessTimezone, PartitionDate};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};

use super::table::Heap;
use crate::{Ods, OdsError};

/// A snapshot lasts as long as the transaction that took it.
pub(crate) struct Snapshot {
    ods: Ods,
    leader: Transaction<'static, Postgres>,
    name: String,
    cutoff: PartitionDate,
    timezone: BusinessTimezone,
}

impl Snapshot {
    pub(crate) async fn take(
        ods: &Ods,
        cutoff: PartitionDate,
        timezone: BusinessTimezone,
    ) -> Result<Self, OdsError> {
        let mut leader = ods.pool().begin().await?;
        read_only(&mut leader).await?;
        let name = sqlx::query_scalar("select pg_export_snapshot()").fetch_one(&mut *leader).await?;
        Ok(Self { ods: ods.clone(), leader, name, cutoff, timezone })
    }

    /// A transaction that sees the snapshot and knows the cut-off.
    pub(crate) async fn share(&self) -> Result<Transaction<'static, Postgres>, OdsError> {
        let mut txn = self.ods.pool().begin().await?;
        read_only(&mut txn).await?;
        // The server made the name itself; SET takes no parameter.
        let set = format!("set transaction snapshot '{}'", self.name);
        sqlx::query(AssertSqlSafe(set)).execute(&mut *txn).await?;
        sqlx::query(
            "select set_config('daybook.dump_before', $1, true), set_config('daybook.dump_timezone', $2, true)",
        )
        .bind(self.timezone.end_of(self.cutoff).to_string())
        .bind(self.timezone.name())
        .execute(&mut *txn)
        .await?;
        Ok(txn)
    }

    pub(crate) fn timezone(&self) -> BusinessTimezone {
        self.timezone
    }

    /// The ids of the loads that nothing published holds yet.
    pub(crate) async fn unpublished_loads(&mut self) -> Result<Vec<i64>, OdsError> {
        let loads = sqlx::query_scalar(include_str!("../../queries/load/select_unpublished.sql"))
            .bind(self.cutoff.date())
            .fetch_all(&mut *self.leader)
            .await?;
        Ok(loads)
    }

    /// How many blocks a table has; rows that the snapshot sees are in no later ones.
    pub(crate) async fn blocks(&mut self, heap: &Heap) -> Result<u32, OdsError> {
        let blocks: i64 = sqlx::query_scalar(
            "select pg_relation_size(format('%I.%I', $1::text, $2::text)::regclass)
                / current_setting('block_size')::bigint",
        )
        .bind(heap.schema)
        .bind(heap.name)
        .fetch_one(&mut *self.leader)
        .await?;
        // Blocks have numbers of 32 bits.
        Ok(u32::try_from(blocks).unwrap_or(u32::MAX))
    }

    pub(crate) async fn release(self) -> Result<(), OdsError> {
        Ok(self.leader.commit().await?)
    }
}

async fn read_only(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set transaction isolation level repeatable read read only").execute(connection).await?;
    Ok(())
}
