//! Closes that end before they are done.

use std::sync::atomic::{AtomicUsize, Ordering};

use daybook_pipeline::{Close, CloseReport};
use daybook_shop::{Shop, ShopOptions};
use tokio::sync::Notify;

use crate::law::whole_period;
use crate::support::Books;

impl Books {
    /// Closes everything, unless `steps` steps end before that: then what goes on is dropped where it stands.
    async fn close_until(&self, shop: &[daybook_shop::Day], steps: usize) -> Option<CloseReport> {
        let (ended, enough) = (AtomicUsize::new(0), Notify::new());
        let ods = self.ods(shop.last().unwrap().closes_at()).await;
        let close = Close {
            ods: &ods,
            warehouse: self.warehouse.as_ref(),
            registry: &self.registry,
            settings: &self.settings,
            progress: &|_| {
                if ended.fetch_add(1, Ordering::Relaxed) + 1 == steps {
                    enough.notify_one();
                }
            },
        };
        tokio::select! {
            biased;
            () = enough.notified() => None,
            report = close.run(whole_period(shop)) => Some(report.unwrap()),
        }
    }
}

#[tokio::test]
async fn closes_that_are_dropped_after_each_of_their_steps_leave_the_next_one_the_same_books_to_make() {
    drop_closes_of(Books::new().await).await;
}

#[tokio::test]
async fn closes_that_are_dropped_leave_the_same_books_to_make_in_snowflake() {
    drop_closes_of(Books::in_snowflake().await).await;
}

async fn drop_closes_of(dropped: Books) {
    let shop =
        Shop::generate(&ShopOptions { seed: 8, days: 4, orders_per_day: 20, ..ShopOptions::default() });
    let undisturbed = Books::new().await;
    for arrival in shop.iter().flat_map(|day| &day.arrivals) {
        undisturbed.deliver(arrival.at, arrival).await;
        dropped.deliver(arrival.at, arrival).await;
    }
    undisturbed.close(shop.last().unwrap().closes_at(), whole_period(&shop)).await;

    // `make kill-close` does this after every step, and to a process of its own
    let mut steps = 1;
    while dropped.close_until(&shop, steps).await.is_none() {
        steps += 6;
    }
    assert!(steps > 12, "a close has more steps than {steps}");
    dropped.assert_same_as(&undisturbed, "dropped on its way").await;
    let now = shop.last().unwrap().closes_at();
    let (left, kept) = (undisturbed.ods(now).await, dropped.ods(now).await);
    assert_eq!(kept.status().await.unwrap().rows, left.status().await.unwrap().rows);
}
