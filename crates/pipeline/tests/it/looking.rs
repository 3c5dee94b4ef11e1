//! Looking at books without changing them: plans, reconciliation, and what queries read.

use daybook_pipeline::{Close, ClosePeriod, ClosePlan, PipelineError, Reconciliation};

use crate::closing::{event, first_day, lines, orders};
use crate::support::{Books, close_of, day, time};

impl Books {
    async fn plan(&self, now: &str, period: ClosePeriod) -> ClosePlan {
        self.looking(now, async |close| close.plan(period).await).await.unwrap()
    }

    pub(crate) async fn reconcile(&self, now: &str) -> Reconciliation {
        self.looking(now, async |close| close.reconcile(None).await).await.unwrap()
    }

    async fn looking<T>(
        &self,
        now: &str,
        look: impl AsyncFnOnce(Close<'_>) -> Result<T, PipelineError>,
    ) -> Result<T, PipelineError> {
        let ods = self.ods(time(now)).await;
        let close = Close {
            ods: &ods,
            warehouse: self.warehouse.as_ref(),
            registry: &self.registry,
            settings: &self.settings,
            progress: &|_| {},
        };
        look(close).await
    }

    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().join("warehouse")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path.display().to_string()) }
            }
        }
        files.sort_unstable();
        files
    }
}

#[tokio::test]
async fn a_plan_says_what_the_close_will_build_and_changes_nothing() {
    let books = first_day().await;
    let now = close_of(day("2024-03-01"));
    let plan = books.plan("2024-03-02 02:00", ClosePeriod::Due).await;
    assert!(books.warehouse.published().await.unwrap().is_none());
    let lines = plan.tables.iter().find(|table| table.table == "order_lines").unwrap();
    assert_eq!(lines.dates[&day("2024-03-01")].source, Some(2));
    let report = books.close(now, ClosePeriod::Due).await;
    assert_eq!(plan.dates, report.dates);

    books
        .load_payments(time("2024-03-02 13:00"), "a", &event("t1", "o1", "success", "2024-03-01T12:30:00"))
        .await;
    let before = books.files();
    let plan = books.plan("2024-03-03 02:00", ClosePeriod::Due).await;
    assert_eq!(books.files(), before, "a plan leaves no file behind");
    let reasons: Vec<_> = plan.dates[&day("2024-03-01")].iter().copied().collect();
    assert_eq!(reasons, ["payments"]);
    let fact = plan.tables.iter().find(|table| table.table == "dwd_orders_variant_status").unwrap();
    assert_eq!(fact.dates[&day("2024-03-01")].published, 2);
    let report = books.close(time("2024-03-03 02:00"), ClosePeriod::Due).await;
    assert_eq!(plan.dates, report.dates);
    let again = books.plan("2024-03-03 02:00", ClosePeriod::Due).await;
    assert!(again.dates.is_empty() && again.tables.is_empty(), "{again:?}");
}

#[tokio::test]
async fn reconciling_follows_every_row_and_finds_where_numbers_differ() {
    let books = first_day().await;
    books
        .load_payments(
            time("2024-03-01 12:30"),
            "early",
            &event("t0", "o2", "failure", "2024-03-01T12:00:00"),
        )
        .await;
    books.close_day(day("2024-03-01")).await;
    let sound = books.reconcile("2024-03-02 03:00").await;
    assert_eq!(sound.difference_count(), 0, "{sound:?}");
    let [date] = sound.dates.as_slice() else { panic!("one closed date: {sound:?}") };
    for place in ["ods", "replica", "fact", "app_daily_revenue", "app_daily_product_sales"] {
        assert_eq!(date.measures.amount("revenue", place), 1700, "{place}");
    }
    let transactions = ["ods", "replica"].map(|place| date.measures.amount("transactions", place));
    assert_eq!(transactions, [1, 1]);
    let lines = date.files.iter().find(|feed| feed.table_name == "order_lines").unwrap();
    assert_eq!((lines.rows_read, lines.loaded, lines.rejected, lines.parked), (2, 2, 0, 0));

    books
        .load_payments(time("2024-03-02 13:00"), "a", &event("t1", "o1", "success", "2024-03-01T12:30:00"))
        .await;
    let late = books.reconcile("2024-03-02 14:00").await;
    assert_eq!(late.dates[0].waiting.iter().copied().collect::<Vec<_>>(), ["payments", "transactions"]);
    assert_eq!(late.difference_count(), 0);

    // books in which one mart is older than the rest
    books.lose(&["app_daily_revenue"]).await;
    let found = books.reconcile("2024-03-02 14:00").await;
    let differences = found.dates[0].differences.join("\n");
    assert!(differences.contains("revenue: replica 1700, fact 1700, app_daily_revenue 0"), "{differences}");
    assert!(differences.contains("orders: replica 2, app_daily_revenue 0"), "{differences}");
}

#[tokio::test]
async fn a_query_reads_only_the_files_that_may_hold_its_rows() {
    let books = first_day().await;
    for date in ["2024-03-01", "2024-03-02", "2024-03-03"] {
        books.close_day(day(date)).await;
    }
    let now = time("2024-03-04 12:00");
    let later = "id,processed_timestamp,customer_id\no3,2024-03-03 10:00:00,c3\n";
    let lines = "id,quantity,variant_id,revenue,order_id\nl3,1,v1,500,o3\n";
    books.load_batch(now, "later", &[("orders.csv", later), ("order_lines.csv", lines)]).await;
    books.close_day(day("2024-03-04")).await;
    let read = async |sql: &str| {
        let explained = books.warehouse.explain(sql).await.unwrap();
        let [table] = explained.tables.as_slice() else { panic!("{explained:?}") };
        (explained.rows, table.files_read, table.files)
    };
    let day = "partition_date = date '2024-03-01'";
    assert_eq!(read(&format!("select * from dwd_orders_variant_status where {day}")).await, (2, 1, 2));
    // of the closed day, no order of a later date can be
    assert_eq!(read(&format!("select * from dim_customer_orders where {day}")).await, (2, 1, 2));
    assert_eq!(read("select * from dim_customer_orders where customer_id = 'c3'").await, (2, 1, 2));
    // between the least and the greatest customer, and no customer
    assert_eq!(read("select * from dim_customer_orders where customer_id = 'c10'").await.0, 0);
    let explained = books.warehouse.explain("select * from orders where customer_id = 'c11'").await.unwrap();
    assert_eq!(explained.tables[0].row_groups_read, 0, "{explained:?}");
}

#[tokio::test]
async fn a_bound_of_one_date_is_not_taken_for_another_of_the_same_name() {
    let books = first_day().await;
    let (orders, lines) = (orders(&["o3,2024-03-02 10:00:00,c3"]), lines(&["l3,1,v1,500,o3"]));
    let now = time("2024-03-02 12:00");
    books.load_batch(now, "next", &[("orders.csv", &orders), ("order_lines.csv", &lines)]).await;
    for date in ["2024-03-01", "2024-03-02"] {
        books.close_day(day(date)).await;
    }
    // the date that is bounded is another than the one that is compared, by the same name further in
    let rows = async |compared: &str| {
        let sql = format!(
            "with w as (select f.partition_date, a.partition_date as apd, row_number() over \
             (partition by f.order_line_id order by a.id) as rn from orders a \
             inner join dwd_orders_variant_status f on a.id <> f.order_id) \
             select c.partition_date, s.partition_date, s.rn from closed_dates c inner join \
             (select partition_date, rn from w where apd = date '2024-03-02') s on {compared}"
        );
        let mut rows = books.query(&sql).await;
        rows.sort_unstable();
        rows
    };
    let bounded = rows("c.partition_date >= s.partition_date").await;
    assert_eq!(bounded, rows("c.partition_date + interval '0 days' >= s.partition_date").await);
    assert_eq!(bounded.len(), 4, "both lines of the first day on both dates: {bounded:?}");
}
