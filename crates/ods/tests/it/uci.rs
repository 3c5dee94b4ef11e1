//! A year of a real shop.

use daybook_ods::{LoadOptions, LoadOutcome, LoadReport};

use crate::support::{Shop, file_url};

#[tokio::test(flavor = "multi_thread")]
async fn a_real_year_loads_whole_and_strict() {
    let shop = Shop::open().await;
    let uri = file_url(&daybook_testkit::uci_retail().unwrap());
    let began = std::time::Instant::now();
    let reports = shop.ods.load(&uri, &LoadOptions::default(), &|r| if !r.uri.ends_with("csv") && r.files.len() == 1 || r.uri.ends_with("01") { println!("{} {:?}", r.uri, began.elapsed()) }).await.unwrap();
    println!("loaded in {:?}", began.elapsed());
    assert!(reports.iter().all(|report| matches!(report.outcome, LoadOutcome::Loaded { .. })));
    let sum = |count: fn(&daybook_ods::FileReport) -> u64| -> u64 {
        reports.iter().flat_map(|report: &LoadReport| &report.files).map(count).sum()
    };
    println!("{} {} {} {} {}", sum(|f| f.rows_read), sum(|f| f.loaded), sum(|f| f.unchanged), sum(|f| f.rejected), sum(|f| f.parked));
    println!("{}", shop.query("select table_name, reason, column_name, count(*) from daybook.rejected_row group by 1, 2, 3 order by 1, 2").await);
    println!("{}", shop.query("select table_name, healed_by, count(*) from daybook.parked_row group by 1, 2 order by 1, 2").await);
    println!("{}", shop.query("select count(*) from ods.orders").await);
    println!("{}", shop.query("select count(*), sum(revenue) from ods.order_lines").await);
    println!("{}", shop.query("select count(*) from ods.transaction").await);
    println!("{}", shop.query("select count(*) from ods.variant").await);
    println!("{}", shop.query("select count(*) from daybook.variant_version").await);
    println!("{}", shop.query("select count(*) from ods.product").await);
    println!("{}", shop.query("select count(*) from daybook.product_version").await);
    let again = std::time::Instant::now();
    let reports = shop.ods.load(&uri, &LoadOptions::default(), &|_| ()).await.unwrap();
    println!("again in {:?}", again.elapsed());
    assert!(reports.iter().all(|report| report.outcome == LoadOutcome::AlreadyLoaded));
}
