//! Parked rows whose parent has come.

use chrono::NaiveDateTime;
use daybook_model::BusinessTimezone;
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
        let lines = lines(&mut txn, "ods.orders", now, timezone).await?;
        sqlx::query(include_str!("../../queries/variant/create_arriving.sql"))
            .execute(&mut *txn)
            .await?;
        let variants = variants(&mut txn, "ods.product", now, timezone).await?;
        txn.commit().await?;
        Ok(HealMetrics {
            order_lines: lines.written.unsigned_abs(),
            variants: variants.written.unsigned_abs(),
        })
    }
}

/// Who heals: the load that brought the parents, or the sweep over all of them.
fn healer(parents: &str) -> &'static str {
    if parents.starts_with("stage_") { "load" } else { "sweep" }
}

/// Heals the lines of the orders in `parents`, a relation of this module's callers.
pub(crate) async fn lines(
    connection: &mut PgConnection,
    parents: &'static str,
    now: NaiveDateTime,
    timezone: BusinessTimezone,
) -> Result<Written, sqlx::Error> {
    let query = include_str!("../../queries/order_lines/heal.sql").replace("{parents}", parents);
    sqlx::query_as(AssertSqlSafe(query))
        .bind(timezone.name())
        .bind(now)
        .bind(healer(parents))
        .fetch_one(connection)
        .await
}

/// Heals the variants of the products in `parents`, a relation of this module's callers, through the empty temporary
/// table `arriving_variant`.
pub(crate) async fn variants(
    connection: &mut PgConnection,
    parents: &'static str,
    now: NaiveDateTime,
    timezone: BusinessTimezone,
) -> Result<Written, sqlx::Error> {
    let query =
        include_str!("../../queries/variant/arrive_healed.sql").replace("{parents}", parents);
    let healed = sqlx::query(AssertSqlSafe(query))
        .bind(now)
        .bind(healer(parents))
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
