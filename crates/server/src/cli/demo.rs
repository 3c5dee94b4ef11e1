//! `daybook demo`

use std::path::Path;

use anyhow::Context;
use clap::Args;
use daybook_local_postgres::LocalPostgres;
use daybook_model::{Clock, PartitionDate};
use daybook_ods::{LoadReport, Ods};
use daybook_pipeline::{Close, ClosePeriod};
use daybook_shop::{Arrival, Day, Delivery, Shop, ShopOptions};
use url::Url;

use super::{Outcome, Reporting};
use crate::config::Config;
use crate::daybook::Daybook;
use crate::output::{self, Format, Progress};

/// Generates a shop and lives through its days: batches, payments, price changes, late and corrected rows, some
/// dirt; every night its day is closed. Starts anew each time, in the folder `demo` of the data folder.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many days the shop trades
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,

    /// Another seed makes another shop
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What the report asks, and under which title.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "Revenue by day (amounts in cents)",
        "select partition_date, orders, paid_orders, customers, units, revenue, paid_revenue \
         from app_daily_revenue order by partition_date",
    ),
    (
        "Item sales: the ten best sellers",
        "select product.title, sales.product_id, sum(sales.units) as units, sum(sales.orders) as orders, \
         sum(sales.revenue) as revenue from app_daily_product_sales as sales \
         left join (select distinct product_id, title from dim_product where partition_date = \
         (select max(partition_date) from dim_product)) as product on sales.product_id = product.product_id \
         group by product.title, sales.product_id order by revenue desc, product_id limit 10",
    ),
    (
        "Price changes: the latest ten",
        "select changed_at, variant_id, old_price, new_price, change_percent \
         from app_variant_price_changes order by changed_at desc, variant_id limit 10",
    ),
    (
        "Payments by day",
        "select partition_date, count(*) as orders, sum(case when is_paid then 1 else 0 end) as paid, \
         sum(attempts) as attempts, max(seconds_to_payment) as longest_seconds_to_payment \
         from app_order_payments group by partition_date order by partition_date",
    ),
];

pub(super) async fn execute(
    config: Config,
    args: &DemoArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let mut config = config;
    config.data_dir = config.data_dir.join("demo");
    config.ods.url = None;
    config.warehouse.url = None;
    config.landing.url = None;
    config.business_timezone = "UTC".to_owned();
    start_anew(&config).await?;
    let shop = Shop::generate(&ShopOptions { seed: args.seed, days: args.days, ..ShopOptions::default() });

    let last = Daybook::new(config.clone(), Clock::default());
    // held for the whole demo, so that the server does not stop between days
    let server = last.open_ods().await?;
    let url = server.local.as_ref().map(LocalPostgres::url).context("the demo uses the embedded server")?;
    let progress = Progress::start("days", reporting.quiet);
    let mut counts = Counts::default();
    for day in &shop {
        progress.step(&day.date.to_string());
        live_through(&config, &url, day, &mut counts).await?;
    }
    progress.end();
    server.close().await?;
    report(&last, &shop, &counts, reporting).await?;
    Ok(Outcome::Done)
}

/// What came of the demo's deliveries.
#[derive(Default)]
struct Counts {
    loaded: u64,
    unchanged: u64,
    rejected: u64,
    parked: u64,
    statements: u64,
}

/// Stops a demo's server that a killed demo left behind, and removes all that it made.
async fn start_anew(config: &Config) -> anyhow::Result<()> {
    if config.data_dir.exists() {
        Daybook::new(config.clone(), Clock::default()).open_ods().await?.close().await?;
        std::fs::remove_dir_all(&config.data_dir)
            .with_context(|| format!("cannot remove the old demo in {}", config.data_dir.display()))?;
    }
    Ok(())
}

async fn live_through(config: &Config, url: &str, day: &Day, counts: &mut Counts) -> anyhow::Result<()> {
    for arrival in &day.arrivals {
        let daybook = Daybook::new(config.clone(), Clock::fixed(arrival.at));
        let ods = Ods::connect(url, daybook.clock).await?;
        deliver(&daybook, &ods, arrival, counts).await?;
    }
    let daybook = Daybook::new(config.clone(), Clock::fixed(day.closes_at()));
    let registry = daybook.registry()?;
    let warehouse = daybook.warehouse()?;
    let close = Close {
        ods: &Ods::connect(url, daybook.clock).await?,
        warehouse: warehouse.as_ref(),
        registry: &registry,
        settings: &daybook.close_settings()?,
        progress: &|_| {},
    };
    close.run(ClosePeriod::Due).await?;
    Ok(())
}

async fn deliver(daybook: &Daybook, ods: &Ods, arrival: &Arrival, counts: &mut Counts) -> anyhow::Result<()> {
    if let Delivery::Sql { statement } = &arrival.delivery {
        ods.execute(statement).await?;
        counts.statements += 1;
        return Ok(());
    }
    let landing = daybook.config.data_dir.join("landing");
    if let Some(path) = arrival.delivery.write_to(&landing)? {
        let reports = ods.load(&file_url(&path)?, &daybook.load_options()?, &|_| {}).await?;
        counts.add(&reports);
    }
    Ok(())
}

fn file_url(path: &Path) -> anyhow::Result<Url> {
    crate::config::location(&path.to_string_lossy())
}

impl Counts {
    fn add(&mut self, reports: &[LoadReport]) {
        for file in reports.iter().flat_map(|report| &report.files) {
            self.loaded += file.loaded;
            self.unchanged += file.unchanged;
            self.rejected += file.rejected;
            self.parked += file.parked;
        }
    }
}

async fn report(
    daybook: &Daybook,
    shop: &[Day],
    counts: &Counts,
    reporting: Reporting,
) -> anyhow::Result<()> {
    let warehouse = daybook.warehouse()?;
    for (title, sql) in QUESTIONS {
        if reporting.format == Format::Table {
            output::line(&format!("\n{title}"))?;
        }
        output::print_query(reporting.format, warehouse.query(sql, &[]).await?).await?;
    }
    if reporting.quiet {
        return Ok(());
    }
    let days: Vec<PartitionDate> = shop.iter().map(|day| day.date).collect();
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        output::remark(&format!(
            "\nA shop's days from {first} to {last}, loaded as they came and closed each night: {} rows loaded, \
             {} resent or outdated, {} rejected, {} parked until their parent came, {} changes by SQL.",
            counts.loaded, counts.unchanged, counts.rejected, counts.parked, counts.statements
        ));
    }
    let folder = daybook.config.data_dir.display();
    output::remark(&format!(
        "\nGo on:\n  export DAYBOOK_DATA_DIR={folder}\n  daybook status\n  daybook query \
         \"select * from app_daily_customer_sales order by revenue desc limit 5\"\n  daybook query --format csv \
         \"select * from dwd_orders_variant_status\" > fact.csv"
    ));
    Ok(())
}
