//! A year of a real shop, against answers that were computed independently.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use daybook_model::PartitionDate;
use daybook_ods::LoadReport;
use daybook_pipeline::ClosePeriod;

use crate::support::{Books, close_of, day, time};

const FIRST: &str = "2010-12-01";
const LAST: &str = "2011-12-09";

fn uci() -> PathBuf {
    daybook_testkit::uci_retail().unwrap()
}

/// The rows of an expected file: the named columns, joined by `|`, in an order of their own.
fn expected(file: &Path, columns: &[&str]) -> Vec<String> {
    let mut content = Vec::new();
    let opened = std::fs::File::open(file).unwrap();
    if file.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(opened).read_to_end(&mut content).unwrap();
    } else {
        std::io::BufReader::new(opened).read_to_end(&mut content).unwrap();
    }
    let mut reader = csv::Reader::from_reader(content.as_slice());
    let headers = reader.headers().unwrap().clone();
    let positions: Vec<_> =
        columns.iter().map(|name| headers.iter().position(|header| header == *name).unwrap()).collect();
    let mut rows: Vec<String> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            positions.iter().map(|position| record[*position].to_owned()).collect::<Vec<_>>().join("|")
        })
        .collect();
    rows.sort_unstable();
    rows
}

async fn sorted(books: &Books, sql: &str) -> Vec<String> {
    let mut rows = books.query(sql).await;
    rows.sort_unstable();
    rows
}

fn count(reports: &[LoadReport], table: &str, pick: fn(&daybook_ods::FileReport) -> u64) -> u64 {
    reports.iter().flat_map(|report| &report.files).filter(|file| file.table.name() == table).map(pick).sum()
}

#[tokio::test]
async fn a_year_closed_in_one_range_gives_the_expected_books() {
    let data = uci();
    let strict = data.join("expected_strict");
    let books = Books::new().await;
    let now = time("2011-12-10 02:00");
    let mut loaded = books.load(now, &data.join("batches")).await;
    loaded.extend(books.load(now, &data.join("transactions.ndjson")).await);
    assert_eq!(count(&loaded, "orders", |file| file.rejected), 3_710);
    assert_eq!(count(&loaded, "order_lines", |file| file.parked), 135_080);
    assert_eq!(count(&loaded, "order_lines", |file| file.rejected), 0);
    assert_eq!(count(&loaded, "product", |file| file.rejected), 138);
    assert_eq!(count(&loaded, "variant", |file| file.rejected), 174);
    assert_eq!(count(&loaded, "transaction", |file| file.rejected), 0);

    books.close(now, ClosePeriod::Days { from: day(FIRST), to: day(LAST) }).await;

    let totals = "select sum(orders), sum(paid_orders), sum(units), sum(paid_units), sum(revenue), \
                  sum(paid_revenue) from app_daily_revenue";
    assert_eq!(books.query(totals).await, ["22190|18532|4906888|5168563|830006581|891140790"]);
    assert_eq!(books.query("select count(*) from dwd_orders_variant_status").await, ["406829"]);
    assert_eq!(
        books.query("select count(*) from dwd_orders_variant_status where product_id = '(unknown)'").await,
        ["0"]
    );

    let daily = sorted(
        &books,
        "select partition_date, orders, paid_orders, customers, products, units, paid_units, revenue, paid_revenue \
         from app_daily_revenue",
    )
    .await;
    let columns = [
        "day",
        "orders_all",
        "orders_paid",
        "customers_all",
        "products_all",
        "units_all",
        "units_paid",
        "revenue_all",
        "revenue_paid",
    ];
    assert_eq!(daily, expected(&strict.join("daily_revenue.csv"), &columns));

    let paid = sorted(
        &books,
        "select partition_date, paid_orders, paid_revenue from app_daily_revenue_by_payment_date",
    )
    .await;
    let columns = ["payment_day", "orders_paid", "revenue_paid"];
    assert_eq!(paid, expected(&strict.join("daily_revenue_by_payment_day.csv"), &columns));

    let lifetime = sorted(
        &books,
        "select customer_id, orders, paid_orders, revenue, paid_revenue from app_customer_lifetime",
    )
    .await;
    let columns = ["customer_id", "orders_all", "orders_paid", "revenue_all", "revenue_paid"];
    assert_eq!(lifetime, expected(&strict.join("customer_revenue.csv"), &columns));

    let products = sorted(
        &books,
        "select product_id, sum(cast(quantity as bigint)), sum(cast(revenue as bigint)), \
         sum(cast(paid_quantity as bigint)), sum(cast(paid_revenue as bigint)), min(partition_date), \
         max(partition_date), count(distinct partition_date) from app_sales group by product_id",
    )
    .await;
    let columns = [
        "product_id",
        "units_all",
        "revenue_all",
        "units_paid",
        "revenue_paid",
        "first_day",
        "last_day",
        "days_sold",
    ];
    assert_eq!(products, expected(&strict.join("product_totals.csv"), &columns));

    let unmatched = "select problem, count(*) from app_unmatched group by problem order by problem";
    assert_eq!(
        books.query(unmatched).await,
        ["order without payment|4", &format!("payment without order|{}", unmatched_payments(&data, &strict))]
    );

    let stalled =
        sorted(&books, "select partition_date, product_id, days_with_sales from app_stalled_products").await;
    assert_eq!(
        stalled,
        stalled_products(
            &sorted(
                &books,
                "select partition_date, product_id from app_daily_product_sales where sold_units > 0"
            )
            .await
        )
    );
    assert_stalled_in_full(&data, &stalled);

    let customers = sorted(
        &books,
        "select customer_id, sum(orders), sum(paid_orders), sum(revenue), sum(paid_revenue) \
         from app_daily_customer_sales group by customer_id",
    )
    .await;
    let columns = ["customer_id", "orders_all", "orders_paid", "revenue_all", "revenue_paid"];
    assert_eq!(customers, expected(&strict.join("customer_revenue.csv"), &columns));

    let payments = sorted(
        &books,
        "select order_id, customer_id, case when order_status = 'pending' then '' else order_status end, attempts, \
         is_paid, coalesce(replace(cast(paid_at as varchar), 'T', ' '), ''), \
         coalesce(cast(seconds_to_payment as varchar), '') from app_order_payments",
    )
    .await;
    let columns =
        ["order_id", "customer_id", "status", "transactions", "paid", "first_success_at", "delay_seconds"];
    assert_eq!(payments, expected(&strict.join("order_payment.csv"), &columns));

    let items = sorted(
        &books,
        "select partition_date, product_id, sum(units), sum(revenue), sum(paid_units), sum(paid_revenue) \
         from app_daily_product_sales group by partition_date, product_id",
    )
    .await;
    let columns = ["day", "product_id", "units_all", "revenue_all", "units_paid", "revenue_paid"];
    assert_eq!(items, expected(&strict.join("item_sales_by_product_day.csv.gz"), &columns));

    let prices =
        "select variant_id, product_id, partition_date, old_price, new_price from app_variant_daily_price";
    let prices: BTreeSet<String> = books.query(prices).await.into_iter().collect();
    let columns = ["variant_id", "product_id", "day", "old_price", "new_price"];
    let in_full: BTreeSet<String> =
        expected(&data.join("expected/price_changes_daily.csv"), &columns).into_iter().collect();
    assert_eq!((prices.len(), in_full.len()), (106_851, 106_912));
    let untitled = variants_without_title(&data);
    let differing = prices.symmetric_difference(&in_full);
    let others: Vec<_> = differing.filter(|row| !untitled.contains(row.split('|').next().unwrap())).collect();
    assert!(others.is_empty(), "only variants of which a row was refused may differ: {others:?}");

    let closed = books.query("select count(*) from closed_dates").await;
    assert_eq!(closed, ["374"], "days without trade are closed too");
}

/// Writes the updates of the first days one by one, each batch with at most one of a variant; gives the number of batches,
/// and the variants of which an update comes without a title.
fn price_updates(data: &Path, until: &str, folder: &Path) -> (usize, BTreeSet<String>) {
    let opened = std::fs::File::open(data.join("variant_updates.ndjson.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(opened).read_to_string(&mut text).unwrap();
    let mut rounds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut products, mut untitled) = (BTreeSet::new(), BTreeSet::new());
    let mut files: Vec<csv::Writer<std::fs::File>> = Vec::new();
    for line in text.lines() {
        let update: serde_json::Value = serde_json::from_str(line).unwrap();
        let field =
            |name: &str| update[name].as_str().map_or_else(|| update[name].to_string(), str::to_owned);
        if field("updated_at").as_str() >= until {
            continue;
        }
        products.insert(field("product_id"));
        if field("title").is_empty() {
            untitled.insert(field("id"));
        }
        let round = rounds.entry(field("id")).or_default();
        if *round == files.len() {
            let batch = folder.join(format!("{round:03}"));
            std::fs::create_dir(&batch).unwrap();
            std::fs::write(batch.join("product.csv"), "id,title,product_type,created_at\n").unwrap();
            files.push(csv::Writer::from_path(batch.join("variant.csv")).unwrap());
            files[*round].write_record(VARIANT_COLUMNS).unwrap();
        }
        files[*round].write_record(VARIANT_COLUMNS.map(field)).unwrap();
        *round += 1;
    }
    let mut first = csv::Writer::from_path(folder.join("000/product.csv")).unwrap();
    first.write_record(["id", "title", "product_type", "created_at"]).unwrap();
    for product in &products {
        first.write_record([product, "any", product, "2010-12-01 00:00:00"]).unwrap();
    }
    first.flush().unwrap();
    files.iter_mut().for_each(|file| file.flush().unwrap());
    (files.len(), untitled)
}

const VARIANT_COLUMNS: [&str; 7] =
    ["id", "product_id", "price", "title", "created_at", "updated_at", "ingested_at"];

#[tokio::test]
async fn every_price_change_of_the_first_days_is_an_event() {
    let prices = PriceEvents::until("2010-12-12").await;
    assert_eq!((prices.batches, prices.updates, prices.untitled.len()), (63, 11_961, 38));
    assert_eq!((prices.books.len(), prices.in_full.len()), (9_377, 9_387));
    assert_eq!(prices.differing_but_untitled(), [""; 0]);
}

#[tokio::test]
#[ignore = "some minutes for 863 batches"]
async fn every_price_change_of_the_year_is_an_event() {
    let prices = PriceEvents::until("2011-12-10").await;
    assert_eq!((prices.batches, prices.updates, prices.untitled.len()), (863, 189_969, 176));
    assert_eq!((prices.books.len(), prices.in_full.len()), (183_834, 183_896));
    // three updates in one minute, of which the first and the last are the same: the books have that state once
    assert_eq!(prices.differing_but_untitled(), ["20749|20749|2011-01-24 14:24:00|795|635"]);
}

/// The price changes in the books, and those that were computed independently.
struct PriceEvents {
    batches: usize,
    updates: u64,
    /// The variants of which an update is refused, for it has no title.
    untitled: BTreeSet<String>,
    books: BTreeSet<String>,
    in_full: BTreeSet<String>,
}

impl PriceEvents {
    async fn until(end: &str) -> Self {
        let data = uci();
        let books = Books::new().await;
        let now = time(&format!("{end} 02:00"));
        let landing = tempfile::tempdir().unwrap();
        let (batches, untitled) = price_updates(&data, end, landing.path());
        let loaded = books.load(now, landing.path()).await;
        assert_eq!(count(&loaded, "variant", |file| file.rejected), untitled.len() as u64, "without a title");
        let to = day(end).minus_days(1);
        books.close(now, ClosePeriod::Days { from: day(FIRST), to }).await;

        let events = "select variant_id, product_id, replace(cast(changed_at as varchar), 'T', ' '), old_price, \
                      new_price from app_variant_price_changes";
        let columns = ["variant_id", "product_id", "changed_at", "old_price", "new_price"];
        let mut in_full = expected(&data.join("expected/price_changes_events.csv.gz"), &columns);
        in_full.retain(|row| row.split('|').nth(2).unwrap() < end);
        Self {
            batches,
            updates: count(&loaded, "variant", |file| file.rows_read),
            untitled,
            books: books.query(events).await.into_iter().collect(),
            in_full: in_full.into_iter().collect(),
        }
    }

    /// What only the books or only the others have, of variants of which no update was refused.
    fn differing_but_untitled(&self) -> Vec<&str> {
        let differing = self.books.symmetric_difference(&self.in_full).map(String::as_str);
        differing.filter(|row| !self.untitled.contains(row.split('|').next().unwrap())).collect()
    }
}

/// The variants of which a row comes without a title, which the contract refuses.
fn variants_without_title(data: &Path) -> BTreeSet<String> {
    let days = std::fs::read_dir(data.join("batches")).unwrap();
    let files = days.map(|day| day.unwrap().path().join("variant.csv")).filter(|file| file.exists());
    let untitled = files.flat_map(|file| expected(&file, &["id", "title"]));
    untitled.filter_map(|row| row.strip_suffix('|').map(str::to_owned)).collect()
}

/// Payments in the events whose order is not among those that were kept.
fn unmatched_payments(data: &Path, strict: &Path) -> usize {
    let kept: BTreeSet<String> =
        expected(&strict.join("order_payment.csv"), &["order_id"]).into_iter().collect();
    let events = std::fs::read_to_string(data.join("transactions.ndjson")).unwrap();
    let order =
        |line: &str| line.split_once("\"order_id\": \"").unwrap().1.split('"').next().unwrap().to_owned();
    events.lines().filter(|line| !kept.contains(&order(line))).count()
}

/// What the file says of the whole shop is the same definition over all orders; the books lack those without a customer,
/// so they have other days with sales.
fn assert_stalled_in_full(data: &Path, strict: &[String]) {
    let columns = ["as_of", "product_id", "days_with_sales_in_60"];
    let mut in_full = expected(&data.join("expected/stalled_products.csv"), &columns);
    in_full.retain(|row| row.split('|').next().unwrap() <= LAST);
    assert_eq!(stalled_products(&sold_in_full(data)), in_full);
    let days = |rows: &[String]| -> BTreeMap<String, String> {
        rows.iter()
            .map(|row| row.rsplit_once('|').unwrap())
            .map(|(key, days)| (key.into(), days.into()))
            .collect()
    };
    let (strict, in_full) = (days(strict), days(&in_full));
    let both: Vec<_> = strict.keys().filter(|key| in_full.contains_key(*key)).collect();
    let same = both.iter().filter(|key| strict[**key] == in_full[**key]).count();
    assert_eq!((strict.len(), in_full.len(), both.len(), same), (598, 676, 339, 94));
}

/// The dates and products of all lines that were sold, also of orders without a customer.
fn sold_in_full(data: &Path) -> Vec<String> {
    let of_all = |name: &str, columns: &[&str]| -> Vec<String> {
        let days = std::fs::read_dir(data.join("batches")).unwrap();
        let files = days.map(|day| day.unwrap().path().join(name)).filter(|file| file.exists());
        files.flat_map(|file| expected(&file, columns)).collect()
    };
    let pairs = |rows: &[String]| -> BTreeMap<String, String> {
        rows.iter()
            .map(|row| row.split_once('|').unwrap())
            .map(|(id, value)| (id.into(), value.into()))
            .collect()
    };
    let times = pairs(&of_all("orders.csv", &["id", "processed_timestamp"]));
    let products = pairs(&of_all("variant.csv", &["id", "product_id"]));
    let mut sold = BTreeSet::new();
    for line in of_all("order_lines.csv", &["order_id", "variant_id", "quantity"]) {
        let [order, variant, quantity] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        if !quantity.starts_with('-') && quantity != "0" {
            sold.insert(format!("{}|{}", &times[order][..10], products[variant]));
        }
    }
    sold.into_iter().collect()
}

/// Products that sold on more than 30 of the 60 days up to a date and on none of the last 7, counted day by day.
fn stalled_products(sold: &[String]) -> Vec<String> {
    let mut days: BTreeMap<&str, BTreeSet<PartitionDate>> = BTreeMap::new();
    for row in sold {
        let (date, product) = row.split_once('|').unwrap();
        days.entry(product).or_default().insert(day(date));
    }
    let mut stalled = Vec::new();
    for date in PartitionDate::range(day(FIRST), day(LAST)) {
        for (product, days) in &days {
            let sales = days.range(date.minus_days(59)..=date).count();
            if sales > 30 && days.range(date.minus_days(6)..=date).next().is_none() {
                stalled.push(format!("{date}|{product}|{sales}"));
            }
        }
    }
    stalled.sort_unstable();
    assert!(!stalled.is_empty());
    stalled
}

/// Payments by the date on which they were made.
fn payments_by_day(data: &Path) -> BTreeMap<String, String> {
    let mut days = BTreeMap::<String, String>::new();
    for line in std::fs::read_to_string(data.join("transactions.ndjson")).unwrap().lines() {
        let (_, rest) = line.split_once("\"created_at\": \"").unwrap();
        let events = days.entry(rest[..10].to_owned()).or_default();
        events.push_str(line);
        events.push('\n');
    }
    days
}

async fn load_day(shop: &[&Books], data: &Path, payments: &BTreeMap<String, String>, date: PartitionDate) {
    let name = date.to_string();
    let batch = data.join("batches").join(&name);
    for books in shop {
        if batch.exists() {
            books.load(close_of(date), &batch).await;
        }
        if let Some(events) = payments.get(&name) {
            books.load_payments(close_of(date), &name, events).await;
        }
    }
}

#[tokio::test]
async fn two_months_day_by_day_with_retention_equal_the_same_in_one_range() {
    let data = uci();
    let (first, last) = (day(FIRST), day("2011-01-31"));
    let payments = payments_by_day(&data);
    let (daily, together) = (Books::new().await, Books::new().await);
    for date in PartitionDate::range(first, last) {
        load_day(&[&daily, &together], &data, &payments, date).await;
        daily.close_day(date).await;
    }
    together.close(close_of(last), ClosePeriod::Days { from: first, to: last }).await;
    daily.assert_same_as(&together, "day by day").await;

    let status = daily.ods(close_of(last)).await.status().await.unwrap();
    let kept = status.rows.iter().find(|(table, _)| table.name() == "orders").unwrap().1;
    let last_days = "select count(*) from orders where partition_date > date '2011-01-28'";
    assert_eq!(daily.query(last_days).await, [kept.to_string()], "three business days stay in the ODS");
}

#[tokio::test]
async fn two_months_close_alike_in_snowflake() {
    let data = uci();
    let (first, last) = (day(FIRST), day("2011-01-31"));
    let payments = payments_by_day(&data);
    let (delta, snowflake) = (Books::new().await, Books::in_snowflake().await);
    for date in PartitionDate::range(first, last) {
        load_day(&[&delta, &snowflake], &data, &payments, date).await;
    }
    for books in [&delta, &snowflake] {
        books.close(close_of(last), ClosePeriod::Days { from: first, to: last }).await;
    }
    snowflake.assert_same_as(&delta, "in Snowflake").await;
    assert_eq!(snowflake.query("select count(*) from dwd_orders_variant_status").await, ["48762"]);
}
