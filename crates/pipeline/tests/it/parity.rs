//! The same shop gives the same books wherever they are kept: in a folder, in a bucket, and in Snowflake.

use daybook_pipeline::{ClosePeriod, CloseState, test_published};
use daybook_shop::{Shop, ShopOptions};

use crate::law::{close_day_by_day, whole_period};
use crate::support::Books;

/// With late orders, moved ones, price changes, rejected and parked rows, day by day, with expiry.
#[tokio::test]
async fn a_shop_closes_alike_day_by_day() {
    let shop =
        Shop::generate(&ShopOptions { days: 5, orders_per_day: 12, seed: 3, ..ShopOptions::default() });
    let delta = close_day_by_day(Books::new().await, &shop).await;
    let snowflake = close_day_by_day(Books::in_snowflake().await, &shop).await;
    snowflake.assert_same_as(&delta, "in Snowflake").await;

    let end = shop.last().unwrap().closes_at();
    for books in [&delta, &snowflake] {
        assert_eq!(books.close(end, ClosePeriod::Due).await.state, CloseState::Unchanged);
        books.close(end, whole_period(&shop)).await;
    }
    snowflake.assert_same_as(&delta, "closed again").await;
    let (left, right) = (snowflake.ods(end).await.status().await, delta.ods(end).await.status().await);
    assert_eq!(left.unwrap().rows, right.unwrap().rows, "the same rows have expired");

    let all = snowflake.registry.models().iter().map(|model| model.name.clone()).collect();
    let (registry, settings) = (&snowflake.registry, &snowflake.settings);
    let failures = test_published(snowflake.warehouse.as_ref(), registry, settings, &all).await.unwrap();
    let others = test_published(delta.warehouse.as_ref(), registry, settings, &all).await.unwrap();
    assert_eq!(format!("{failures:?}"), format!("{others:?}"));
}

/// Publications come and go meanwhile.
#[tokio::test]
async fn a_shop_closes_in_a_bucket_as_in_a_folder() {
    let shop =
        Shop::generate(&ShopOptions { days: 3, orders_per_day: 12, seed: 7, ..ShopOptions::default() });
    let folder = close_day_by_day(Books::new().await, &shop).await;
    let mut bucket = Books::in_bucket().await;
    bucket.settings.keep_publications = 1;
    let bucket = close_day_by_day(bucket, &shop).await;
    bucket.assert_same_as(&folder, "in a bucket").await;

    // the last publication stays alone
    let again = bucket.close(shop.last().unwrap().closes_at(), whole_period(&shop)).await;
    let vacuum = again.steps.iter().find(|step| step.name == "vacuum").unwrap();
    assert_eq!(vacuum.metrics["publications"], 1);
    assert_ne!(vacuum.metrics["files"], 0);
    bucket.assert_same_as(&folder, "after a vacuum").await;
}
