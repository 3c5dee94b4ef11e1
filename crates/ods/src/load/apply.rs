//! From the staging tables into the contract's: set-based, in the batch's transaction.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use daybook_model::BusinessTimezone;
use daybook_model::contract::Table;
use sqlx::{AssertSqlSafe, PgConnection};

use super::heal::{self, Scope};
use super::keys::Hints;

/// What is the same for all of a batch's statements.
pub(crate) struct Context<'a> {
    pub(crate) load_id: i64,
    pub(crate) now: NaiveDateTime,
    pub(crate) timezone: BusinessTimezone,
    pub(crate) paid_statuses: &'a [String],
    /// The names of the files, by table.
    pub(crate) files: Vec<(Table, String)>,
    /// The tables that hold some of the batch's ids already.
    pub(crate) known: Vec<Table>,
    pub(crate) hints: Hints,
    /// When the changes of products take effect, if the batch's own rows don't say.
    pub(crate) batch_time: Option<NaiveDateTime>,
}

impl Context<'_> {
    fn file(&self, table: Table) -> Option<&str> {
        self.files.iter().find(|(of, _)| *of == table).map(|(_, name)| name.as_str())
    }
}

/// How many rows a statement wrote, and which business dates they touched.
#[derive(Debug, Default, sqlx::FromRow)]
pub(crate) struct Written {
    pub(crate) written: i64,
    pub(crate) dates: Vec<NaiveDate>,
}

/// What a batch did.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// How many staged rows changed a table.
    pub(crate) loaded: Vec<(Table, u64)>,
    pub(crate) healed: u64,
    pub(crate) dates: BTreeSet<NaiveDate>,
    /// When the changes of products take effect, if there are products.
    pub(crate) batch_time: Option<NaiveDateTime>,
}

impl Applied {
    fn load(&mut self, table: Table, written: Written) {
        self.loaded.push((table, written.written.unsigned_abs()));
        self.dates.extend(written.dates);
    }

    fn heal(&mut self, written: Written) {
        self.healed += written.written.unsigned_abs();
        self.dates.extend(written.dates);
    }
}

/// Rejects lines that belong to another order than the stored ones of the same ids.
pub(crate) async fn mark_moved(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    run(connection, include_str!("../../queries/order_lines/mark_moved.sql")).await
}

/// Stores what is good in the staging tables, parents first.
pub(crate) async fn apply(
    connection: &mut PgConnection,
    context: &Context<'_>,
) -> Result<Applied, sqlx::Error> {
    let mut applied = Applied::default();
    let has = |table| context.file(table).is_some();
    if has(Table::Product) {
        apply_products(connection, context, &mut applied).await?;
        heal_variants(connection, context, &mut applied).await?;
    }
    if let Some(file) = context.file(Table::Variant) {
        apply_variants(connection, context, file, &mut applied).await?;
    }
    if has(Table::Orders) {
        applied.load(Table::Orders, store_orders(connection, context).await?);
    }
    let some_lines_wait = (has(Table::Orders) || has(Table::OrderLines)) && lines_wait(connection).await?;
    if let Some(file) = context.file(Table::OrderLines) {
        apply_lines(connection, context, file, some_lines_wait, &mut applied).await?;
    }
    if some_lines_wait && has(Table::Orders) {
        applied.heal(heal::lines(connection, Scope::Load, context.now, context.timezone).await?);
    }
    if has(Table::Transaction) {
        applied.load(Table::Transaction, store_payments(connection, context).await?);
    }
    Ok(applied)
}

async fn apply_products(
    connection: &mut PgConnection,
    context: &Context<'_>,
    applied: &mut Applied,
) -> Result<(), sqlx::Error> {
    versioned_writes(connection).await?;
    run(connection, include_str!("../../queries/product/lock.sql")).await?;
    let batch_time = match context.batch_time {
        Some(time) => time,
        None => batch_time(connection, context).await?,
    };
    applied.batch_time = Some(batch_time);
    let versions = sqlx::query_as(include_str!("../../queries/product_version/insert.sql"))
        .bind(batch_time)
        .bind(context.timezone.name())
        .fetch_one(&mut *connection)
        .await?;
    run(connection, include_str!("../../queries/product/follow_versions.sql")).await?;
    applied.load(Table::Product, versions);
    Ok(())
}

/// Before the batch's own variants, which are newer.
async fn heal_variants(
    connection: &mut PgConnection,
    context: &Context<'_>,
    applied: &mut Applied,
) -> Result<(), sqlx::Error> {
    run(connection, include_str!("../../queries/variant/create_arriving.sql")).await?;
    applied.heal(heal::variants(connection, Scope::Load, context.now, context.timezone).await?);
    run(connection, "drop table arriving_variant").await
}

async fn apply_variants(
    connection: &mut PgConnection,
    context: &Context<'_>,
    file: &str,
    applied: &mut Applied,
) -> Result<(), sqlx::Error> {
    versioned_writes(connection).await?;
    run(connection, include_str!("../../queries/variant/create_arriving.sql")).await?;
    run(connection, include_str!("../../queries/variant/mark_parked.sql")).await?;
    park(connection, context, file, include_str!("../../queries/variant/park.sql")).await?;
    run(connection, include_str!("../../queries/variant/arrive_staged.sql")).await?;
    applied.load(Table::Variant, store_arriving_variants(connection, context.timezone).await?);
    Ok(())
}

/// Makes versions of the arriving variants, and of the latest ones the table's rows.
pub(crate) async fn store_arriving_variants(
    connection: &mut PgConnection,
    timezone: BusinessTimezone,
) -> Result<Written, sqlx::Error> {
    run(connection, include_str!("../../queries/variant/lock.sql")).await?;
    let versions = sqlx::query_as(include_str!("../../queries/variant_version/insert.sql"))
        .bind(timezone.name())
        .fetch_one(&mut *connection)
        .await?;
    run(connection, include_str!("../../queries/variant/follow_versions.sql")).await?;
    Ok(versions)
}

async fn store_payments(
    connection: &mut PgConnection,
    context: &Context<'_>,
) -> Result<Written, sqlx::Error> {
    let written = sqlx::query_as(include_str!("../../queries/transaction/upsert.sql"))
        .bind(context.paid_statuses)
        .bind(context.timezone.name())
        .fetch_one(&mut *connection)
        .await?;
    run(connection, include_str!("../../queries/superseded_transaction/insert_staged.sql")).await?;
    Ok(written)
}

async fn store_orders(connection: &mut PgConnection, context: &Context<'_>) -> Result<Written, sqlx::Error> {
    if context.known.contains(&Table::Orders) {
        return written(connection, include_str!("../../queries/orders/upsert.sql"), context).await;
    }
    let inserted = insert(connection, include_str!("../../queries/orders/insert.sql")).await?;
    let dates = include_str!("../../queries/orders/staged_dates.sql");
    Ok(Written { written: inserted, dates: staged_dates(connection, dates, context).await? })
}

async fn apply_lines(
    connection: &mut PgConnection,
    context: &Context<'_>,
    file: &str,
    some_wait: bool,
    applied: &mut Applied,
) -> Result<(), sqlx::Error> {
    if !context.hints.parents_are_included {
        run(connection, include_str!("../../queries/order_lines/mark_parked.sql")).await?;
    }
    if some_wait {
        sqlx::query(include_str!("../../queries/order_lines/supersede_parked.sql"))
            .bind(context.now)
            .execute(&mut *connection)
            .await?;
    }
    if !context.hints.parents_are_included {
        park(connection, context, file, include_str!("../../queries/order_lines/park.sql")).await?;
    }
    applied.load(Table::OrderLines, store_lines(connection, context).await?);
    Ok(())
}

async fn lines_wait(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from daybook.parked_row where table_name = 'order_lines' and healed_at is null)";
    sqlx::query_scalar(query).fetch_one(connection).await
}

async fn store_lines(connection: &mut PgConnection, context: &Context<'_>) -> Result<Written, sqlx::Error> {
    if context.known.contains(&Table::OrderLines) {
        return written(connection, include_str!("../../queries/order_lines/upsert.sql"), context).await;
    }
    let inserted = insert(connection, include_str!("../../queries/order_lines/insert.sql")).await?;
    let came_with_orders = context.hints.parents_are_included && !context.known.contains(&Table::Orders);
    if came_with_orders {
        return Ok(Written { written: inserted, dates: Vec::new() });
    }
    let dates = include_str!("../../queries/order_lines/staged_dates.sql");
    Ok(Written { written: inserted, dates: staged_dates(connection, dates, context).await? })
}

/// Tells the version triggers that this transaction writes the versions itself.
pub(crate) async fn versioned_writes(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    run(connection, "select set_config('daybook.versioned_write', 'on', true)").await
}

/// When the changes of a batch's products take effect: the latest time in any of its rows, but not in the future.
async fn batch_time(
    connection: &mut PgConnection,
    context: &Context<'_>,
) -> Result<NaiveDateTime, sqlx::Error> {
    let mut latest = None;
    for (table, _) in &context.files {
        let query = match table {
            Table::Product => "select max(created_at) from stage_product where outcome is null",
            Table::Variant => {
                "select max(greatest(created_at, updated_at, ingested_at)) from stage_variant \
                 where outcome is null"
            }
            Table::Orders => "select max(processed_timestamp) from stage_orders where outcome is null",
            Table::OrderLines | Table::Transaction => continue,
        };
        let time: Option<NaiveDateTime> = sqlx::query_scalar(query).fetch_one(&mut *connection).await?;
        latest = latest.max(time);
    }
    Ok(latest.map_or(context.now, |latest| latest.min(context.now)))
}

async fn park(
    connection: &mut PgConnection,
    context: &Context<'_>,
    file: &str,
    query: &'static str,
) -> Result<(), sqlx::Error> {
    let parked = sqlx::query(query)
        .bind(context.load_id)
        .bind(file)
        .bind(context.now)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    // The server looks at the table by itself, but only once a minute: until then it would take it for empty.
    let is_news: bool = sqlx::query_scalar(
        "select $1 > greatest(100, reltuples / 10) from pg_class where oid = 'daybook.parked_row'::regclass",
    )
    .bind(i64::try_from(parked).unwrap_or(i64::MAX))
    .fetch_one(&mut *connection)
    .await?;
    if is_news {
        run(connection, "analyze daybook.parked_row").await?;
    }
    Ok(())
}

async fn written(
    connection: &mut PgConnection,
    query: &'static str,
    context: &Context<'_>,
) -> Result<Written, sqlx::Error> {
    sqlx::query_as(query).bind(context.timezone.name()).fetch_one(connection).await
}

async fn insert(connection: &mut PgConnection, query: &'static str) -> Result<i64, sqlx::Error> {
    let rows = sqlx::query(query).execute(connection).await?.rows_affected();
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

async fn staged_dates(
    connection: &mut PgConnection,
    query: &'static str,
    context: &Context<'_>,
) -> Result<Vec<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar(query).bind(context.timezone.name()).fetch_one(connection).await
}

async fn run(connection: &mut PgConnection, query: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(query)).execute(connection).await?;
    Ok(())
}
