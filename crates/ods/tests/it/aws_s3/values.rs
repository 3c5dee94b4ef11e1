//! The server takes exactly the values that the client takes, and makes the same of them.

use std::collections::BTreeSet;

use daybook_ods::LoadOutcome;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{LINES, Shops, detour};

/// Values on both sides of the grammar's edges.
const TIMESTAMPS: &[&str] = &[
    "0001-01-01 00:00:00",
    "0001-01-01 00:00:00+15:59",
    "0000-12-31 23:59:59",
    "0099-03-04 05:06:07",
    "0001-01-01 15:59:00+15:59",
    "9999-12-31 23:59:59.999999-15:59",
    "9999-12-31 08:00:59.999999-15:59",
    "2024-05-01 10:00:00+16",
    "2024-05-01 10:00:00-15:60",
    "2024-02-29 00:00:00",
    "2023-02-29 00:00:00",
    "1900-02-29 00:00:00",
    "1582-10-10 00:00:00",
    "2024-05-01T23:59:59.5Z",
    "2024-05-01 10:00:00.000001-0530",
    "2024-05-01 10:00:00.1234567",
    "2024-05-01 10:00:00.",
    "2024-05-01 24:00:00",
    "2024-05-01 10:00:60",
    "2024-05-01 10:60:00",
    "2024-05-01 10:00:00 Z",
    "2024-05-01 10:00:00z",
    "2024-05-01 10:00:00ZZ",
    "2024-05-01 10:00:00+01:0",
    "2024-05-01 10:00:00+1",
    "2024-05-01 10:00:00+01:00:00",
    "2024-05-01 10:00:00 UTC",
    "2024-05-01 10:00:00 BC",
    "2024-05-01  10:00:00",
    "2024-05-01 10:00",
    "2024-05-01",
    "20240501 100000",
    "01/05/2024 10:00:00",
    "now",
    "today",
    "infinity",
    "-infinity",
    "epoch",
    "12024-05-01 10:00:00",
    "2024-13-01 10:00:00",
    "2024-00-01 10:00:00",
    "2024-05-00 10:00:00",
    "2024-05-01 10:00:00\t",
    " 2024-05-01 10:00:00",
    "2024-05-01 10:00:00 ",
    "２024-05-01 10:00:00",
    "2024-05-01 1٠:00:00",
    "",
];
const INTEGERS: &[&str] = &[
    "0",
    "-0",
    "007",
    "2147483647",
    "-2147483648",
    "2147483648",
    "-2147483649",
    "00000000000000000000001",
    "99999999999999999999",
    "+1",
    "--1",
    "-",
    "1.0",
    "1e3",
    "0x10",
    "1_000",
    " 12 ",
    "12 ",
    "\t12",
    "1 2",
    "NaN",
    "١٢",
    "１２",
    "true",
    "NULL",
    "\\N",
    "",
];

const TEXTS: &[&str] =
    &["\\N", "NULL", "\\", "\\.", "'", "$$", "{a}", "%s", " ", "\t", "\u{7f}", "\u{feff}", "é\u{301}", ""];

/// Texts of just so many characters, and of one more; of ids the bytes count.
fn long_texts(characters: usize) -> impl Iterator<Item = String> {
    let around = [characters / 2, characters / 2 + 1, characters, characters + 1];
    around.into_iter().flat_map(|length| ["x", "é"].map(|character| character.repeat(length)))
}

/// Values that are mostly almost right.
fn generated(count: usize, regex: &str) -> impl Iterator<Item = String> {
    let strategy = proptest::string::string_regex(regex).unwrap();
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current()).take(count)
}

fn timestamps() -> impl Iterator<Item = String> {
    let near = "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?\
                (Z|[+-][01][0-9](:?[0-6][0-9])?)?";
    let far = "[0-9]{3,5}[-/][0-9]{1,2}-[0-9]{1,2}[ Tt]?[0-9]{2}:[0-9]{1,2}(:[0-9]{2}(\\.[0-9]{0,7})?)?( ?[Zz+-][0-9:]{0,6})?";
    let known = TIMESTAMPS.iter().map(|text| (*text).to_owned());
    known.chain(generated(40, near)).chain(generated(10, far))
}

fn integers() -> impl Iterator<Item = String> {
    let known = INTEGERS.iter().map(|text| (*text).to_owned());
    known.chain(generated(10, "-?[0-9]{1,10}")).chain(generated(10, "[ +-]?[0-9]{0,12}[ .eE_]?[0-9]{0,2}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_routes_accept_and_store_the_same_values() {
    let shops = Shops::open().await;
    // one value a batch, for a batch goes one way as a whole
    let mut batches = Vec::new();
    let mut put = async |kind: &str, number: usize, pair: [(&str, String); 2]| {
        let batch = format!("{kind}-{number:03}");
        for (file, content) in pair {
            shops.put(&format!("{batch}/{file}"), content).await;
        }
        batches.push(batch);
    };
    for (number, value) in timestamps().enumerate() {
        let orders = format!("id,processed_timestamp,customer_id\nt{number},{value},c\n");
        put("time", number, [("orders.csv", orders), ("order_lines.csv", LINES.to_owned())]).await;
    }
    for (number, value) in integers().enumerate() {
        let orders = format!("id,processed_timestamp,customer_id\ni{number},2024-05-01 10:00:00,c\n");
        let lines = format!("id,quantity,variant_id,revenue,order_id\nn{number},{value},v,1,i{number}\n");
        put("integer", number, [("orders.csv", orders), ("order_lines.csv", lines)]).await;
    }
    let time = "2024-05-01 10:00:00";
    let texts = || TEXTS.iter().map(|text| (*text).to_owned());
    for (number, value) in texts().chain(long_texts(512)).enumerate() {
        let orders = format!("id,processed_timestamp,customer_id\n{value},{time},{number}\n");
        put("id", number, [("orders.csv", orders), ("order_lines.csv", LINES.to_owned())]).await;
    }
    let titles = texts().chain(long_texts(255)).map(|title| (title, "shoe".to_owned()));
    let types = long_texts(45).map(|kind| ("shoe".to_owned(), kind));
    for (number, (title, kind)) in titles.chain(types).enumerate() {
        let product = format!("id,title,product_type,created_at\np{number},{title},{kind},{time}\n");
        let variant = format!(
            "id,product_id,price,title,created_at,updated_at,ingested_at\n\
             v{number},p{number},1,{title},{time},{time},{time}\n"
        );
        put("title", number, [("product.csv", product), ("variant.csv", variant)]).await;
    }

    let reports = shops.load("").await;
    assert_eq!(reports.len(), batches.len());
    let kept = shops.kept().await;
    let kept: BTreeSet<&str> = kept.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let (mut good, mut bad) = (0, 0);
    for report in &reports {
        let LoadOutcome::Loaded { .. } = report.outcome else { panic!("{report:?}") };
        let breaks_the_contract = report.files.iter().any(|file| file.rejected > 0);
        let batch = report.uri.rsplit('/').next().unwrap();
        // none of these values needs quotes, so the server declines none but the bad
        assert_eq!(kept.contains(batch), !breaks_the_contract, "{batch}");
        assert_eq!(detour(report).is_some(), breaks_the_contract, "{batch}");
        *if breaks_the_contract { &mut bad } else { &mut good } += 1;
    }
    assert!(good > 50 && bad > 50, "{good} good, {bad} bad");
}
