//! Payments and variant updates: the order in which events arrive does not matter.

use std::cell::{Cell, OnceCell};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Shop, summary};
use crate::versions::assert_invariant;

pub(crate) fn payment(id: &str, order: &str, status: &str, created: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"order_id\":\"{order}\",\"status\":\"{status}\",\"created_at\":\"{created}\"}}\n"
    )
}

#[tokio::test]
async fn the_decisive_event_of_a_transaction_wins() {
    let shop = Shop::open().await;
    shop.write(
        "transactions.ndjson",
        payment("t1", "o1", "pending", "2024-05-01T10:00:00")
            + &payment("t1", "o1", "success", "2024-05-01T10:00:00Z")
            + &payment("t1", "o1", "voided", "2024-05-01T12:00:00+02:00")
            + "\n"
            + &payment("t2", "o2", "success", "2024-05-01T10:00:00")
            + &payment("t2", "o2", "refunded", "2024-05-02T10:00:00"),
    );
    assert_eq!(
        summary(&shop.load("transactions.ndjson").await),
        "loaded, healed 0\ntransactions.ndjson: read 5, loaded 2, unchanged 3, rejected 0, parked 0"
    );
    assert_eq!(
        shop.query("select id, status from ods.transaction order by id").await,
        "t1 success\nt2 refunded"
    );
    shop.write("transactions_2.ndjson", payment("t2", "o2", "success", "2024-05-01T11:00:00"));
    shop.load("transactions_2.ndjson").await;
    assert_eq!(shop.query("select status from ods.transaction where id = 't2'").await, "refunded");
}

#[tokio::test]
async fn what_a_transaction_was_before_is_kept_whoever_changes_it() {
    let shop = Shop::open().await;
    let event = |status: &str, day: u8| payment("t", "o", status, &format!("2024-05-0{day}T10:00:00"));
    shop.write("transactions.ndjson", event("pending", 2) + &event("authorized", 1) + &event("pending", 2));
    shop.load("transactions.ndjson").await;
    shop.execute("update ods.transaction set status = 'success', created_at = '2024-05-03 10:00:00'").await;
    shop.execute("update ods.transaction set status = 'voided'").await;
    shop.execute("update ods.transaction set created_at = '2024-05-02 12:00:00'").await;
    assert_eq!(
        shop.query("select status, created_at from daybook.superseded_transaction order by created_at").await,
        "authorized 2024-05-01T10:00:00\npending 2024-05-02T10:00:00",
        "a change at the same time, or to an earlier one, corrects a mistake"
    );
    assert_eq!(
        shop.query("select status, created_at from ods.transaction").await,
        "voided 2024-05-02T12:00:00"
    );
    shop.execute("delete from ods.transaction").await;
    assert_eq!(shop.query("select count(*) from daybook.superseded_transaction").await, "0");
}

#[tokio::test]
async fn a_damaged_event_is_kept_and_the_others_stored() {
    let shop = Shop::open().await;
    let lines = [
        "{\"id\":\"t1\",\"order_id\":\"o\",\"status\":\"success\",\"created_at\":\"2024-05-01T10:00:00\"}",
        "{\"id\":\"t2\",\"order_id\":\"o\",\"status\":\"success\"",
        "[]",
        "{\"id\":\"t3\",\"order_id\":\"o\",\"status\":null,\"created_at\":\"2024-05-01T10:00:00\"}",
        "{\"id\":\"t4\",\"order_id\":\"\",\"status\":\"x\",\"created_at\":\"2024-05-01T10:00:00\"}",
        "{\"id\":5,\"order_id\":\"o\",\"status\":\"x\",\"created_at\":\"2024-05-01T10:00:00\"}",
        "{\"id\":\"t6\",\"order_id\":\"o\",\"status\":\"x\",\"created_at\":1714557600}",
        "{\"id\":\"t7\",\"order_id\":\"o\",\"status\":\"a\\u0000\",\"created_at\":\"2024-05-01T10:00:00\"}",
        "{\"id\":\"t8\",\"order_id\":\"o\",\"status\":\"success\",\"created_at\":\"2024-05-01T10:00:00\",\"more\":{}}",
    ];
    shop.write("transactions.ndjson", lines.join("\r\n"));
    let options = daybook_ods::LoadOptions { max_reject_ratio: 1.0, ..Default::default() };
    let reports = shop.load_with("transactions.ndjson", &options).await;
    assert_eq!(
        summary(&reports[0]),
        "loaded, healed 0\ntransactions.ndjson: read 9, loaded 2, unchanged 0, rejected 7, parked 0"
    );
    assert_eq!(
        shop.query("select line, column_name, reason from daybook.rejected_row order by line").await,
        "2 - not_json\n3 - not_json\n4 status missing_value\n5 order_id missing_value\n6 id not_text\n\
         7 created_at not_text\n8 status nul_character"
    );
    assert_eq!(shop.query("select raw from daybook.rejected_row where line = 4").await, lines[3]);
}

#[tokio::test]
async fn a_price_is_a_json_integer() {
    let shop = Shop::open().await;
    shop.execute("insert into ods.product values ('p', 'Mugs', 'stock', '2024-01-01')").await;
    let event = |price: &str| {
        format!(
            "{{\"id\":\"v\",\"product_id\":\"p\",\"price\":{price},\"title\":\"Mug\",\"created_at\":\"2024-01-01 00:00:00\",\
             \"updated_at\":\"2024-02-01 00:00:00\",\"ingested_at\":\"2024-01-01 00:00:00\"}}\n"
        )
    };
    let prices = ["100", "100.5", "\"100\"", "2147483648", "120"];
    shop.write("variant_updates.ndjson", prices.map(event).concat());
    let options = daybook_ods::LoadOptions { max_reject_ratio: 1.0, ..Default::default() };
    let reports = shop.load_with("variant_updates.ndjson", &options).await;
    assert!(summary(&reports[0]).ends_with("read 5, loaded 2, unchanged 0, rejected 3, parked 0"));
    assert_eq!(
        shop.query("select distinct column_name, reason from daybook.rejected_row").await,
        "price not_an_integer"
    );
    // Of two events at one time the one that arrived last holds.
    assert_eq!(shop.query("select price from ods.variant").await, "120");
    assert_invariant(&shop).await;
}

/// What each transaction was at the end of each date, which closes read.
pub(crate) const STATES_AT_DAY_ENDS: &str = "select distinct on (id, created_at::date) * \
     from (select * from ods.transaction union all select * from daybook.superseded_transaction) state \
     order by id, created_at::date, created_at desc, (status = 'success') desc, status desc, order_id desc";

/// As if no payment had ever come.
pub(crate) const FORGET_PAYMENTS: &str =
    "delete from ods.transaction; delete from daybook.superseded_transaction; delete from daybook.load";

/// Payments of few transactions, at few times, so that every kind of tie occurs.
pub(crate) fn any_payments() -> impl Strategy<Value = Vec<String>> {
    let event = (0..3_u8, 0..2_u8, prop::sample::select(vec!["success", "failure", "pending"]), 1..4_u8);
    prop::collection::vec(event, 1..12).prop_map(|events| {
        let line = |(id, order, status, day): (u8, u8, &str, u8)| {
            payment(&format!("t{id}"), &format!("o{order}"), status, &format!("2024-05-0{day} 10:00:00"))
        };
        events.into_iter().map(line).collect()
    })
}

#[test]
fn payments_in_any_order_give_the_same_states() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shop = runtime.block_on(Shop::open());
    let arrivals = any_payments()
        .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle(), 1..4_usize));
    let attempt = Cell::new(0);
    TestRunner::new(Config::with_cases(24))
        .run(&arrivals, |(events, shuffled, files)| {
            let once = [events.concat()];
            let pieces: Vec<String> =
                shuffled.chunks(shuffled.len().div_ceil(files)).map(|part| part.concat()).collect();
            let mut tables = Vec::new();
            for files in [&once[..], &pieces[..]] {
                runtime.block_on(shop.execute(FORGET_PAYMENTS));
                for file in files {
                    attempt.set(attempt.get() + 1);
                    let name = format!("transactions{}.ndjson", attempt.get());
                    shop.write(&name, file);
                    runtime.block_on(shop.load(&name));
                }
                let current = runtime.block_on(shop.query("select * from ods.transaction order by id"));
                tables.push((current, runtime.block_on(shop.query(STATES_AT_DAY_ENDS))));
            }
            prop_assert_eq!(&tables[0], &tables[1]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn variant_updates_in_any_order_give_the_same_versions() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shop = runtime.block_on(Shop::open());
    runtime.block_on(shop.execute("insert into ods.product values ('p', 'Mugs', 'stock', '2024-01-01')"));
    let event = |day: usize| {
        format!(
            "{{\"id\":\"v{}\",\"product_id\":\"p\",\"price\":{},\"title\":\"Mug\",\"created_at\":\"2024-01-01 00:00:00\",\
             \"updated_at\":\"2024-02-{day:02} 00:00:00\",\"ingested_at\":\"2024-01-01 00:00:00\"}}\n",
            day % 3,
            day % 4,
        )
    };
    let in_order: Vec<String> = (1..=12).map(event).collect();
    let expected = OnceCell::new();
    let attempt = Cell::new(0);
    let arrivals = (Just(in_order).prop_shuffle(), 1..5_usize);
    TestRunner::new(Config::with_cases(12))
        .run(&arrivals, |(events, files)| {
            let reset =
                "delete from ods.variant; delete from daybook.variant_version; delete from daybook.load";
            runtime.block_on(shop.execute(reset));
            for part in events.chunks(events.len().div_ceil(files)) {
                attempt.set(attempt.get() + 1);
                let name = format!("variant_updates{}.ndjson", attempt.get());
                shop.write(&name, part.concat());
                runtime.block_on(shop.load(&name));
            }
            let stored = "select * from ods.variant order by id";
            let versions =
                "select id, price, valid_from from daybook.variant_version order by id, valid_from, sequence";
            let found = runtime.block_on(async { shop.query(stored).await + &shop.query(versions).await });
            runtime.block_on(assert_invariant(&shop));
            prop_assert_eq!(&found, expected.get_or_init(|| found.clone()));
            Ok(())
        })
        .unwrap();
}
