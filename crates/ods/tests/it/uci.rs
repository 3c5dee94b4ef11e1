//! A year of a real shop.

use std::time::{Duration, Instant};

use daybook_ods::{FileReport, LoadOptions, LoadOutcome};

use crate::support::{Shop, file_url, summary};

#[tokio::test(flavor = "multi_thread")]
async fn a_real_year_loads_strictly_and_only_once() {
    let shop = Shop::open().await;
    let uri = file_url(&daybook_testkit::uci_retail().unwrap());
    let began = Instant::now();
    let reports = shop.ods.load(&uri, &LoadOptions::default(), &|_| ()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(600), "it takes about a minute");

    assert_eq!(reports.len(), 307);
    let loaded = reports.iter().all(|report| {
        summary(report);
        matches!(report.outcome, LoadOutcome::Loaded { .. })
    });
    assert!(loaded);
    let sum = |count: fn(&FileReport) -> u64| -> u64 {
        reports.iter().flat_map(|report| &report.files).map(count).sum()
    };
    assert_eq!(sum(|file| file.parked), 135_080);
    assert_eq!(
        shop.query("select table_name, reason, column_name, count(*) from daybook.rejected_row group by 1, 2, 3 order by 1").await,
        "orders missing_value customer_id 3710\n\
         product missing_value title 138\n\
         variant missing_value title 350"
    );
    assert_eq!(shop.query("select count(*) from ods.orders").await, "22190");
    assert_eq!(shop.query("select count(*), sum(revenue) from ods.order_lines").await, "406829 830006581");
    crate::versions::assert_invariant(&shop).await;

    let began = Instant::now();
    let again = shop.ods.load(&uri, &LoadOptions::default(), &|_| ()).await.unwrap();
    assert!(again.iter().all(|report| report.outcome == LoadOutcome::AlreadyLoaded));
    assert!(began.elapsed() < Duration::from_secs(60), "known files are not read again");
}
