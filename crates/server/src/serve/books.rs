//! What the HTTP server asks of the warehouse and of the close.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use async_trait::async_trait;
use chrono::NaiveDate;
use daybook_http::{Books, BooksError, ClosedOrder, RunCounts};
use daybook_model::{PartitionDate, compile};
use daybook_pipeline::{ClosePeriod, runs};
use daybook_warehouse::{Warehouse, WarehouseError};
use serde_json::Value;

use super::closer::{CloseError, Closer};
use super::shared_ods::SharedOds;
use crate::daybook::Daybook;
use crate::status::Status;

/// A customer's closed orders, newest first.
const ORDERS: &str = "select orders.id, orders.partition_date, payments.order_status, \
     coalesce(sum(facts.quantity), 0) as units, coalesce(sum(facts.revenue), 0) as revenue \
     from orders \
     inner join app_order_payments payments \
         on payments.order_id = orders.id and payments.partition_date = orders.partition_date \
     left join dwd_orders_variant_status facts \
         on facts.order_id = orders.id and facts.partition_date = orders.partition_date \
     where orders.customer_id = $1 \
     group by orders.id, orders.partition_date, payments.order_status \
     order by orders.partition_date desc, orders.id desc \
     limit 1000";

/// The books of this process's configuration.
pub(super) struct ProcessBooks {
    daybook: Arc<Daybook>,
    ods: Arc<SharedOds>,
    closer: Arc<Closer>,
}

impl ProcessBooks {
    pub(super) fn new(daybook: Arc<Daybook>, ods: Arc<SharedOds>, closer: Arc<Closer>) -> Self {
        Self { daybook, ods, closer }
    }

    fn warehouse(&self) -> Result<Box<dyn Warehouse>, BooksError> {
        self.daybook.open_warehouse().map_err(failed)
    }
}

#[async_trait]
impl Books for ProcessBooks {
    async fn check(&self) -> Result<(), BooksError> {
        self.warehouse()?.ping().await.map_err(failed)
    }

    async fn status(&self) -> Result<Value, BooksError> {
        let ods = self.ods.get().await.map_err(failed)?;
        Ok(Status::read(&self.daybook, &ods).await.map_err(failed)?.to_json())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<Value>, BooksError> {
        let ods = self.ods.get().await.map_err(failed)?;
        let runs = runs::list(ods.pool(), limit).await.map_err(failed)?;
        runs.iter().map(|run| serde_json::to_value(run).map_err(failed)).collect()
    }

    async fn run_counts(&self) -> Result<RunCounts, BooksError> {
        let ods = self.ods.get().await.map_err(failed)?;
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
        match self.closer.start(period).await {
            Ok(_) => Ok(()),
            Err(CloseError::Busy) => {
                let busy = "this process is closing already: GET /v1/runs shows how far it is";
                Err(BooksError::Busy(busy.to_owned()))
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn expired_orders(&self, customer_id: &str) -> Result<Vec<ClosedOrder>, BooksError> {
        let warehouse = self.warehouse()?;
        let orders = compile::question(ORDERS, warehouse.dialect()).map_err(failed)?;
        let result = match warehouse.query(&orders, &[customer_id]).await {
            Ok(result) => result,
            Err(WarehouseError::NothingPublished) => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut orders = Vec::new();
        for batch in result.collect().await.map_err(failed)? {
            let cast = |column: usize, to| arrow::compute::cast(batch.column(column), &to).map_err(failed);
            let (ids, statuses) = (cast(0, DataType::Utf8)?, cast(2, DataType::Utf8)?);
            let (ids, statuses) = (ids.as_string::<i32>(), statuses.as_string::<i32>());
            let dates = batch.column(1).as_primitive::<Date32Type>();
            let (units, revenue) = (cast(3, DataType::Int64)?, cast(4, DataType::Int64)?);
            let (units, revenue) = (units.as_primitive::<Int64Type>(), revenue.as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                let Some(partition_date) = dates.value_as_date(row) else { continue };
                orders.push(ClosedOrder {
                    order_id: ids.value(row).to_owned(),
                    partition_date,
                    order_status: if statuses.is_null(row) {
                        String::new()
                    } else {
                        statuses.value(row).to_owned()
                    },
                    units: units.value(row),
                    revenue: revenue.value(row),
                });
            }
        }
        let ods = self.ods.get().await.map_err(failed)?;
        let ids: Vec<&str> = orders.iter().map(|order| order.order_id.as_str()).collect();
        let kept: HashSet<String> = ods.kept_orders(&ids).await.map_err(failed)?.into_iter().collect();
        orders.retain(|order| !kept.contains(&order.order_id));
        Ok(orders)
    }
}

fn failed(error: impl std::fmt::Display) -> BooksError {
    BooksError::Failed(error.to_string())
}
