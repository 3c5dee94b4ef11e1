//! Days, their arrivals, and what is special in them.

use std::collections::BTreeSet;

use daybook_shop::{Delivery, Feature, Shop, ShopOptions};

use crate::{arrivals, files};

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let options = ShopOptions::default();
    assert_eq!(Shop::generate(&options), Shop::generate(&options));
    let other = ShopOptions { seed: 2, ..options.clone() };
    assert_ne!(Shop::generate(&options), Shop::generate(&other));
    // Also on other platforms and with later versions: a change here is a change of every generated shop.
    let hash = files(&options)
        .iter()
        .flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()].concat())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    assert_eq!(format!("{hash:016x}"), "187791d190077c8e");
}

#[test]
fn two_weeks_show_every_feature() {
    for seed in 0..6 {
        let options = ShopOptions { seed, ..ShopOptions::default() };
        let shown: BTreeSet<Feature> = arrivals(&options).into_iter().flat_map(|one| one.features).collect();
        let missing: Vec<Feature> = Feature::ALL.into_iter().filter(|one| !shown.contains(one)).collect();
        assert!(missing.is_empty(), "seed {seed} lacks {missing:?}");
    }
}

#[test]
fn an_order_free_shop_has_nothing_whose_order_matters() {
    let shown = arrivals(&ShopOptions::order_free(3));
    assert!(shown.iter().flat_map(|one| &one.features).all(|feature| !feature.order_matters()));
    assert!(!shown.iter().any(|one| matches!(one.delivery, Delivery::Sql { .. })));
}

#[test]
fn arrivals_come_in_time_order_between_two_closes() {
    let days = Shop::generate(&ShopOptions::default());
    assert_eq!(days.len(), 14);
    let mut last = None;
    for pair in days.windows(2) {
        assert_eq!(pair[0].date.next(), pair[1].date);
        assert!(
            pair[1].arrivals.iter().all(|one| pair[0].closes_at() <= one.at && one.at < pair[1].closes_at())
        );
    }
    for arrival in days.iter().flat_map(|day| &day.arrivals) {
        assert!(last <= Some(arrival.at));
        last = Some(arrival.at);
    }
}

#[test]
fn a_quiet_day_has_no_orders_of_its_own() {
    let options = ShopOptions { quiet_day: Some(5), ..ShopOptions::order_free(1) };
    let quiet = files(&options).into_iter().filter(|(name, _)| name.ends_with("/orders.csv"));
    assert!(!quiet.into_iter().any(|(_, text)| text.contains(",2024-03-06 ")));
}

#[test]
fn the_smallest_shops_trade_too() {
    for days in 0..4 {
        let options =
            ShopOptions { days, orders_per_day: 1, products: 1, customers: 1, ..ShopOptions::default() };
        assert_eq!(Shop::generate(&options).len(), days as usize);
    }
}
