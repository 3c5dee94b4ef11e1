//! Once the same rows have arrived and the same last date is closed, the books are the same, however it came about.

use daybook_pipeline::{ClosePeriod, CloseState};
use daybook_shop::{Arrival, Day, Feature, Shop, ShopOptions};
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};

use crate::support::Books;

const DAYS: u32 = 12;

fn shop(options: ShopOptions) -> Vec<Day> {
    Shop::generate(&ShopOptions { days: DAYS, orders_per_day: 25, ..options })
}

pub(crate) fn whole_period(shop: &[Day]) -> ClosePeriod {
    ClosePeriod::Days { from: shop.first().unwrap().date, to: shop.last().unwrap().date }
}

/// Each day is loaded, closed at night, and expires after three days.
async fn day_by_day(shop: &[Day]) -> Books {
    close_day_by_day(Books::new().await, shop).await
}

pub(crate) async fn close_day_by_day(books: Books, shop: &[Day]) -> Books {
    for day in shop {
        for arrival in &day.arrivals {
            books.deliver(arrival.at, arrival).await;
        }
        books.close(day.closes_at(), ClosePeriod::Days { from: day.date, to: day.date }).await;
    }
    books
}

/// Everything is loaded, each at its time, then all days are closed together.
async fn all_at_once(shop: &[Day]) -> Books {
    let books = Books::new().await;
    for arrival in shop.iter().flat_map(|day| &day.arrivals) {
        books.deliver(arrival.at, arrival).await;
    }
    books.close(shop.last().unwrap().closes_at(), whole_period(shop)).await;
    books
}

#[tokio::test]
async fn day_by_day_gives_the_same_books_as_all_at_once() {
    let shop = shop(ShopOptions { seed: 3, ..ShopOptions::default() });
    let shown: std::collections::BTreeSet<_> =
        shop.iter().flat_map(|day| &day.arrivals).flat_map(|arrival| &arrival.features).copied().collect();
    for feature in [
        Feature::CorrectedAfterRetention,
        Feature::DeletedProduct,
        Feature::LateLine,
        Feature::MovedOrder,
        Feature::PaymentPastRetention,
        Feature::PriceChangeBySql,
        Feature::ResentBatch,
        Feature::SoldBeforeCatalogue,
    ] {
        assert!(shown.contains(&feature), "the generated days show no {feature:?}");
    }
    let daily = day_by_day(&shop).await;
    let together = all_at_once(&shop).await;
    daily.assert_same_as(&together, "day by day").await;

    let left = daily.ods(shop.last().unwrap().closes_at()).await.status().await.unwrap();
    let all = together.ods(shop.last().unwrap().closes_at()).await.status().await.unwrap();
    assert_eq!(left.rows, all.rows, "after the last close, retention keeps the same rows");

    let again = daily.close(shop.last().unwrap().closes_at(), ClosePeriod::Due).await;
    assert_eq!(again.state, CloseState::Unchanged);
    daily.close(shop.last().unwrap().closes_at(), whole_period(&shop)).await;
    daily.assert_same_as(&together, "closed twice").await;
}

#[tokio::test]
async fn any_order_of_arrival_gives_the_same_books() {
    let shop = shop(ShopOptions::order_free(5));
    let reference = all_at_once(&shop).await;
    let end = shop.last().unwrap().closes_at();
    for seed in 0..2 {
        let mut arrivals: Vec<&Arrival> = shop.iter().flat_map(|day| &day.arrivals).collect();
        arrivals.shuffle(&mut StdRng::seed_from_u64(seed));
        let books = Books::new().await;
        let (first, second) = arrivals.split_at(arrivals.len() / 2);
        for arrival in first {
            books.deliver(end, arrival).await;
        }
        // a close in between makes the second half late
        books.close(end, whole_period(&shop)).await;
        for arrival in second {
            books.deliver(end, arrival).await;
        }
        books.close(end, whole_period(&shop)).await;
        books.assert_same_as(&reference, &format!("shuffled with seed {seed}")).await;
    }
}
