//! How far back models look: late rows at the edges of their windows, against the same books built anew.

use daybook_pipeline::ClosePeriod;

use crate::closing::{PRODUCTS, VARIANTS, lines, orders};
use crate::support::{Books, close_of, day, time};

const LAST: &str = "2024-03-01";
/// What looks back further than a day.
const WINDOWS: [&str; 2] = ["app_stalled_products", "app_variant_lowest_price_30d"];

/// A shop that sold a mug each day from `first` to 2024-02-01, and closed every day until [`LAST`].
async fn mugs_sold_from(first: &str) -> Books {
    let mut books = Books::new().await;
    books.settings.retention_days = 1000;
    let product = format!("{PRODUCTS}p1,Mug,kitchen,2023-12-01 08:00:00\n");
    let catalogue = [("product.csv", product.as_str()), ("variant.csv", &mug("500", "2023-12-01 08:00:00"))];
    books.load_batch(time("2023-12-01 09:00"), "catalogue", &catalogue).await;
    for date in daybook_model::PartitionDate::range(day(first), day("2024-02-01")) {
        books.sell(&date.to_string()).await;
    }
    let period = ClosePeriod::Days { from: day("2023-12-01"), to: day(LAST) };
    books.close(close_of(day(LAST)), period).await;
    books
}

fn mug(price: &str, updated_at: &str) -> String {
    format!("{VARIANTS}v1,p1,{price},Blue,2023-12-01 08:00:00,{updated_at},{updated_at}\n")
}

impl Books {
    async fn sell(&self, date: &str) {
        let order = orders(&[&format!("o{date},{date} 10:00:00,c1")]);
        let line = lines(&[&format!("l{date},1,v1,500,o{date}")]);
        let files = [("orders.csv", order.as_str()), ("order_lines.csv", line.as_str())];
        self.load_batch(close_of(day(LAST)), date, &files).await;
    }

    /// Takes in what came late, and compares with the windows built anew; gives the rows of the last date.
    async fn close_late(&self) -> [Vec<String>; 2] {
        let now = close_of(day(LAST));
        self.close(now, ClosePeriod::Due).await;
        let closed = [self.table(WINDOWS[0]).await, self.table(WINDOWS[1]).await];
        self.rebuild(now, &WINDOWS).await;
        assert_eq!(closed, [self.table(WINDOWS[0]).await, self.table(WINDOWS[1]).await]);
        closed.map(|rows| rows.into_iter().filter(|row| row.starts_with(LAST)).collect())
    }
}

#[tokio::test]
async fn a_late_sale_counts_for_59_days_and_no_longer() {
    // 30 days with sales are one too few to stall
    let books = mugs_sold_from("2024-01-03").await;
    assert_eq!(books.table(WINDOWS[0]).await.len(), 0);
    books.sell("2024-01-01").await;
    let [stalled, _] = books.close_late().await;
    assert_eq!(stalled.len(), 0, "60 days before: {stalled:?}");
    let before: Vec<_> = books.table(WINDOWS[0]).await;
    assert_eq!(before.last().unwrap(), "2024-02-29|p1|31|31|2024-02-01", "59 days before: {before:?}");
    books.sell("2024-01-02").await;
    let [stalled, _] = books.close_late().await;
    assert_eq!(stalled, ["2024-03-01|p1|31|31|2024-02-01"]);
}

#[tokio::test]
async fn a_late_price_counts_for_30_days_and_no_longer() {
    let books = mugs_sold_from("2024-02-01").await;
    let lowest = |rows: &[String]| rows.first().unwrap().split('|').nth(4).unwrap().to_owned();
    let now = close_of(day(LAST));
    // for some hours, a day too early and then just in time
    for (begin, end, expected) in [
        ("2024-01-30 10:00:00", "2024-01-30 12:00:00", "500"),
        ("2024-01-31 10:00:00", "2024-01-31 12:00:00", "300"),
    ] {
        for (price, at) in [("300", begin), ("500", end)] {
            books.load_batch(now, at, &[("product.csv", PRODUCTS), ("variant.csv", &mug(price, at))]).await;
        }
        let [_, prices] = books.close_late().await;
        assert_eq!(lowest(&prices), expected, "{begin}: {prices:?}");
    }
}
