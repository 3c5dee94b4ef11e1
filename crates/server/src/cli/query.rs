//! `daybook query`

use clap::Args;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output;

/// Asks the published warehouse. It shows one state of all tables, whatever a close is building meanwhile.
///
/// Tables: app_daily_revenue, app_daily_revenue_by_payment_date, app_daily_product_sales, app_daily_customer_sales,
/// app_customer_lifetime, app_sales, app_order_payments, app_unmatched, app_variant_price_changes,
/// app_variant_daily_price, app_variant_lowest_price_30d, app_stalled_products, dwd_orders_variant_status, dim_product, dim_customer_orders, and the replicas orders,
/// order_lines, "transaction", product, variant, product_version, variant_version. Amounts are in minor units.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// One SQL query, such as "select * from app_daily_revenue order by partition_date"
    sql: String,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &QueryArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let warehouse = daybook.warehouse()?;
    output::print_query(reporting.format, warehouse.query(&args.sql, &[]).await?).await?;
    Ok(Outcome::Done)
}
