//! Parked rows whose parent has come.

use chrono::NaiveDateTime;
use daybook_model::BusinessTimezone;
use daybook_model::contract::Table;
use sqlx::{AssertSqlSafe, PgConnection};

use super::apply::{Written, store_arriving_variants, versioned_writes};
use super::serialize_loads;
use crate::{Ods, OdsError};

/// How many parked rows a sweep healed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealMetrics {
    /// Order lines whose order is there now.
    pub order_lines: u64,
    /// Versions of variants whose product is there now.
    pub variants: u64,
}

impl Ods {
    /// Heals every parked row whose parent came by another way than a load: over HTTP, or by somebody's own SQL.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails; nothing is healed then.
    pub async fn heal_parked(&self, timezone: BusinessTimezone) -> Result<HealMetrics, OdsError> {
        let now = self.clock().now();
        let mut txn = self.pool().begin().await?;
        serialize_loads(&mut txn).await?;
        let lines = lines(&mut txn, Scope::Sweep, now, timezone).await?;
        sqlx::query(include_str!("../../queries/variant/create_arriving.sql")).execute(&mut *txn).await?;
        let variants = variants(&mut txn, Scope::Sweep, now, timezone).await?;
        txn.commit().await?;
        Ok(HealMetrics {
            order_lines: lines.written.unsigned_abs(),
            variants: variants.written.unsigned_abs(),
        })
    }
}

/// Which parked rows may heal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those whose parent is in the staging tables of this load.
    Load,
    /// All.
    Sweep,
}

impl Scope {
    /// Names itself in `daybook.parked_row`.
    const fn healer(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Sweep => "sweep",
        }
    }

    /// The ids of the rows of `table` that wait for a row of `parent`, for a query that changes them.
    fn waiting(self, table: Table, parent: Table) -> String {
        let query = match self {
            Self::Load => include_str!("../../queries/parked_row/select_of_load.sql"),
            Self::Sweep => include_str!("../../queries/parked_row/select_of_sweep.sql"),
        };
        query.replace("{table}", table.name()).replace("{parent}", parent.name())
    }
}

/// Heals lines whose order is there.
pub(crate) async fn lines(
    connection: &mut PgConnection,
    scope: Scope,
    now: NaiveDateTime,
    timezone: BusinessTimezone,
) -> Result<Written, sqlx::Error> {
    let waiting = scope.waiting(Table::OrderLines, Table::Orders);
    let query = include_str!("../../queries/order_lines/heal.sql").replace("{waiting}", &waiting);
    sqlx::query_as(AssertSqlSafe(query))
        .bind(timezone.name())
        .bind(now)
        .bind(scope.healer())
        .fetch_one(connection)
        .await
}

/// Heals variants whose product is there, through the empty temporary table `arriving_variant`.
pub(crate) async fn variants(
    connection: &mut PgConnection,
    scope: Scope,
    now: NaiveDateTime,
    timezone: BusinessTimezone,
) -> Result<Written, sqlx::Error> {
    let waiting = scope.waiting(Table::Variant, Table::Product);
    let query = include_str!("../../queries/variant/arrive_healed.sql").replace("{waiting}", &waiting);
    let healed = sqlx::query(AssertSqlSafe(query))
        .bind(now)
        .bind(scope.healer())
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if healed == 0 {
        return Ok(Written::default());
    }
    versioned_writes(connection).await?;
    let versions = store_arriving_variants(connection, timezone).await?;
    Ok(Written { written: i64::try_from(healed).unwrap_or(i64::MAX), ..versions })
}
