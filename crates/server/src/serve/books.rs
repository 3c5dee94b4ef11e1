//! What the HTTP server asks of the warehouse and of the close.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use async_trait::async_trait;
use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use daybook_http::{Books, BooksError, ClosedOrder, RunCounts, Stretch, run_on};
use daybook_model::{PartitionDate, compile};
use daybook_ods::{Cursor, Ods};
use daybook_pipeline::{ClosePeriod, runs};
use daybook_warehouse::WarehouseError;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::closer::{CloseError, Closer};
use crate::daybook::Daybook;
use crate::output;
use crate::status::Status;

/// What is wanted of the orders that `chosen` names.
const ORDERS: &str = "select chosen.id, chosen.customer_id, chosen.partition_date, chosen.processed_timestamp, \
     payments.order_status, coalesce(sum(facts.quantity), 0) as units, coalesce(sum(facts.revenue), 0) as revenue \
     from chosen \
     inner join app_order_payments payments \
         on payments.order_id = chosen.id and payments.partition_date = chosen.partition_date \
     left join dwd_orders_variant_status facts \
         on facts.order_id = chosen.id and facts.partition_date = chosen.partition_date \
     group by chosen.id, chosen.customer_id, chosen.partition_date, chosen.processed_timestamp, \
         payments.order_status \
     order by chosen.processed_timestamp desc, chosen.id desc";

/// So many questions are worked on at a time: a close shares its memory with them.
const QUESTIONS_AT_A_TIME: usize = 4;

const CHOSEN: &str = "select id, customer_id, partition_date, processed_timestamp from orders";

/// The books of this process's configuration.
pub(super) struct ProcessBooks {
    daybook: Arc<Daybook>,
    closer: Arc<Closer>,
    /// Where queries are worked on.
    work: Handle,
    questions: Semaphore,
}

impl ProcessBooks {
    /// Queries will be worked on by the runtime that this is called in, so that they do not hold up the one that asks.
    pub(super) fn new(daybook: Arc<Daybook>, closer: Arc<Closer>) -> Self {
        Self { daybook, closer, work: Handle::current(), questions: Semaphore::new(QUESTIONS_AT_A_TIME) }
    }
}

#[async_trait]
impl Books for ProcessBooks {
    async fn check(&self) -> Result<(), BooksError> {
        let daybook = Arc::clone(&self.daybook);
        let check = async move { daybook.warehouse().map_err(failed)?.ping().await.map_err(failed) };
        run_on(&self.work, check).await
    }

    async fn status(&self, ods: &Ods) -> Result<Value, BooksError> {
        Ok(Status::read(&self.daybook, ods).await.map_err(failed)?.to_json())
    }

    async fn runs(&self, ods: &Ods, limit: u32) -> Result<Vec<Value>, BooksError> {
        let runs = runs::list(ods.pool(), limit).await.map_err(failed)?;
        runs.iter().map(|run| serde_json::to_value(run).map_err(failed)).collect()
    }

    async fn run_counts(&self, ods: &Ods) -> Result<RunCounts, BooksError> {
        let (by_state, last_published_at) = runs::count(ods.pool()).await.map_err(failed)?;
        Ok(RunCounts { by_state, last_published_at })
    }

    async fn start_run(&self, days: Option<(NaiveDate, NaiveDate)>) -> Result<(), BooksError> {
        let period = match days {
            None => ClosePeriod::Due,
            Some((from, to)) => {
                ClosePeriod::Days { from: PartitionDate::new(from), to: PartitionDate::new(to) }
            }
        };
        let settings = self.daybook.close_settings().map_err(failed)?;
        period
            .check(self.daybook.clock.now(), settings.timezone)
            .map_err(|error| BooksError::Invalid(error.to_string()))?;
        let closer = Arc::clone(&self.closer);
        let started = run_on(&self.work, async move { closer.start(period).await.map(drop) });
        started.await.map_err(|error| match error {
            CloseError::Busy => {
                BooksError::Busy("a close is under way: GET /v1/runs shows how far it is".to_owned())
            }
            error => failed(error),
        })
    }

    async fn closed_orders(
        &self,
        customer_id: &str,
        stretch: Stretch<'_>,
        limit: usize,
    ) -> Result<Vec<ClosedOrder>, BooksError> {
        let conditions = conditions(stretch);
        let chosen = format!(
            "{CHOSEN} where customer_id = $1{conditions} order by processed_timestamp desc, id desc limit {limit}"
        );
        let after = stretch.after.map(|cursor| cursor.id.as_str());
        let parameters: Vec<&str> = [customer_id].into_iter().chain(after).collect();
        self.closed(&chosen, &parameters).await
    }

    async fn closed_order(&self, id: &str) -> Result<Option<ClosedOrder>, BooksError> {
        Ok(self.closed(&format!("{CHOSEN} where id = $1"), &[id]).await?.pop())
    }
}

impl ProcessBooks {
    async fn closed(&self, chosen: &str, parameters: &[&str]) -> Result<Vec<ClosedOrder>, BooksError> {
        let daybook = Arc::clone(&self.daybook);
        let sql = format!("with chosen as ({chosen}) {ORDERS}");
        let parameters: Vec<String> = parameters.iter().map(|&parameter| parameter.to_owned()).collect();
        // nobody ever closes it
        let _question = self.questions.acquire().await.ok();
        run_on(&self.work, async move { closed(&daybook, &sql, &parameters).await }).await
    }
}

async fn closed(daybook: &Daybook, sql: &str, parameters: &[String]) -> Result<Vec<ClosedOrder>, BooksError> {
    let warehouse = daybook.warehouse().map_err(failed)?;
    let sql = compile::question(sql, warehouse.dialect()).map_err(failed)?;
    let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let result = match warehouse.query(&sql, &parameters).await {
        Ok(result) => result,
        Err(WarehouseError::NothingPublished) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut orders = Vec::new();
    for batch in result.collect().await.map_err(failed)? {
        orders.extend(read(&batch).map_err(failed)?);
    }
    Ok(orders)
}

/// What bounds the orders in time; `$2` is the id of the place after which they are. The dates let whole partitions be
/// left out: a business date is a day at most from that in UTC.
fn conditions(stretch: Stretch<'_>) -> String {
    let mut conditions = String::new();
    if let Some(Cursor { processed_timestamp: time, .. }) = stretch.after {
        let at = timestamp(*time);
        let _ =
            write!(conditions, " and (processed_timestamp < {at} or processed_timestamp = {at} and id < $2)");
        if let Some(latest) = time.date().succ_opt().filter(|date| (1..=9999).contains(&date.year())) {
            let _ = write!(conditions, " and partition_date <= date '{latest}'");
        }
    }
    if let Some(time) = stretch.not_before {
        let _ = write!(conditions, " and processed_timestamp >= {}", timestamp(time));
        if let Some(earliest) = time.date().pred_opt().filter(|date| (1..=9999).contains(&date.year())) {
            let _ = write!(conditions, " and partition_date >= date '{earliest}'");
        }
    }
    conditions
}

/// A literal of the precision that times are stored in: nanoseconds would end in 2262. A cursor may lie beyond the years
/// that have four digits, where no order is.
fn timestamp(time: NaiveDateTime) -> String {
    let year = |year| NaiveDateTime::from(NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default());
    let time = time.clamp(year(1), year(10_000) - TimeDelta::microseconds(1));
    format!("cast('{}' as timestamp(6))", time.format("%Y-%m-%d %H:%M:%S%.6f"))
}

fn read(batch: &RecordBatch) -> Result<Vec<ClosedOrder>, ArrowError> {
    let column = |index: usize, data_type: DataType| cast(batch.column(index), &data_type);
    let texts = |index: usize| column(index, DataType::Utf8);
    let (ids, customers, statuses) = (texts(0)?, texts(1)?, texts(4)?);
    let [ids, customers, statuses] = [&ids, &customers, &statuses].map(|texts| texts.as_string::<i32>());
    let dates = column(2, DataType::Date32)?;
    let dates = dates.as_primitive::<Date32Type>();
    let times = column(3, DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let times = times.as_primitive::<TimestampMicrosecondType>();
    let (units, revenue) = (column(5, DataType::Int64)?, column(6, DataType::Int64)?);
    let [units, revenue] = [&units, &revenue].map(|numbers| numbers.as_primitive::<Int64Type>());
    let order = |row: usize| {
        Some(ClosedOrder {
            id: ids.value(row).to_owned(),
            customer_id: customers.value(row).to_owned(),
            processed_timestamp: times.value_as_datetime(row)?,
            partition_date: dates.value_as_date(row)?,
            order_status: if statuses.is_null(row) { String::new() } else { statuses.value(row).to_owned() },
            units: units.value(row),
            revenue: revenue.value(row),
        })
    };
    Ok((0..batch.num_rows()).filter_map(order).collect())
}

fn failed(error: impl Into<anyhow::Error>) -> BooksError {
    BooksError::Failed(output::in_a_line(&error.into()))
}
