//! The laws with generated files, as `cargo test` checks them; and with the fuzzer's seeds.

use std::fmt;

use proptest::prelude::*;

use super::{Cut, csv, events, timestamp};
use crate::load::window::MAX_ROW;

/// A file, shown as text.
struct File(Vec<u8>);

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// What files are made of, with what means something to a reader more often than not.
fn any_file(words: &'static [&'static [u8]]) -> impl Strategy<Value = File> {
    let word = prop_oneof![
        8 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| File(words.concat()))
}

fn any_cut() -> impl Strategy<Value = Cut> {
    let longest = prop_oneof![3 => 0..60_usize, 1 => Just(MAX_ROW)];
    (1..40_usize, longest).prop_map(|(piece, longest)| Cut { piece, longest })
}

const CSV: &[&[u8]] = &[
    b",",
    b",",
    b"\"",
    b"\"",
    b"\"\"",
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\0",
    b"a",
    b"id",
    b"-12",
    b"2024-02-29 10:00:00",
    "é".as_bytes(),
    b"id,processed_timestamp,customer_id",
];

const EVENTS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\r",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"\"",
    b",",
    b":",
    b"\xff",
    b"\0",
    b"\\u0000",
    b"\"id\":\"a\",",
    b"\"order_id\":\"o\",",
    b"\"status\":\"success\",",
    b"\"created_at\":\"2024-05-01T10:00:00Z\"",
    b"\"price\":1,",
    b"{\"id\":\"t\",\"order_id\":\"o\",\"status\":\"x\",\"created_at\":\"2024-05-01T10:00:00\"}\n",
];

const TIMES: &[&[u8]] = &[
    b"0",
    b"1",
    b"9",
    b"59",
    b"60",
    b"-",
    b":",
    b" ",
    b"T",
    b".",
    b"Z",
    b"+",
    b"2024-02-29",
    b"1900-02-29",
    b"23:59:59",
    b"0001-01-01 00:00:00",
    b"9999-12-31T23:59:59",
    b"+05:30",
    b"-15:59",
    b"+16",
    b".000001",
    "２".as_bytes(),
];

#[test]
fn the_seeds_of_the_fuzzer_are_read_lawfully() {
    let seeds = |target: &str| {
        let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect::<Vec<_>>()
    };
    let cut = |seed: &[u8]| Cut { piece: usize::from(seed[0]), longest: usize::from(seed[1]) };
    seeds("csv").iter().for_each(|seed| csv::check(&seed[2..], cut(seed)));
    seeds("events").iter().for_each(|seed| events::check(&seed[2..], cut(seed)));
    seeds("timestamp").iter().for_each(|seed| timestamp::check(std::str::from_utf8(seed).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_csv_file_is_read_lawfully(file in any_file(CSV), cut in any_cut()) {
        csv::check(&file.0, cut);
    }

    #[test]
    fn any_file_of_events_is_read_lawfully(file in any_file(EVENTS), cut in any_cut()) {
        events::check(&file.0, cut);
    }

    #[test]
    fn any_text_is_a_lawful_time_or_none(text in any_file(TIMES)) {
        timestamp::check(&String::from_utf8_lossy(&text.0));
    }

    #[test]
    fn any_time_is_read_however_it_is_written(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
        let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        timestamp::check(&time.format("%Y-%m-%d %H:%M:%S%.6f").to_string());
    }

    #[test]
    fn what_the_csv_crate_writes_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r é]{0,6}", 3), 1..8),
        cut in any_cut(),
        quote_all in any::<bool>(),
        windows in any::<bool>(),
    ) {
        let style = if quote_all { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
        let line_end = if windows { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
        let mut writer = ::csv::WriterBuilder::new().quote_style(style).terminator(line_end).from_writer(Vec::new());
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let file = writer.into_inner().unwrap();
        let read = csv::rows(&file, Cut { longest: MAX_ROW, ..cut });
        let fields: Vec<Vec<Vec<u8>>> = read.into_iter().map(|row| row.fields.unwrap()).collect();
        let expected: Vec<Vec<Vec<u8>>> =
            rows.into_iter().map(|row| row.into_iter().map(String::into_bytes).collect()).collect();
        prop_assert_eq!(fields, expected);
    }
}
