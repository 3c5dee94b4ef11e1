//! What every generated shop promises.
#![allow(clippy::unwrap_used, clippy::panic)]

mod content;
mod days;

use daybook_shop::{Arrival, Delivery, Shop, ShopOptions};

fn arrivals(options: &ShopOptions) -> Vec<Arrival> {
    Shop::generate(options).into_iter().flat_map(|day| day.arrivals).collect()
}

/// Every file with its name and text: of batches `batch/file`, of events the file itself.
fn files(options: &ShopOptions) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let mut found = Vec::new();
    for arrival in arrivals(options) {
        match arrival.delivery {
            Delivery::Batch { name, files } => {
                found.extend(files.into_iter().map(|(file, bytes)| (format!("{name}/{file}"), text(bytes))));
            }
            Delivery::Transactions { name, ndjson } | Delivery::VariantUpdates { name, ndjson } => {
                found.push((name, text(ndjson)));
            }
            Delivery::Sql { .. } => {}
        }
    }
    found
}

/// The records of a CSV text, with their fields; no field here holds a line end.
fn records(text: &str) -> Vec<Vec<String>> {
    text.lines().map(fields).collect()
}

fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    assert!(!quoted, "{line}");
    fields.push(field);
    fields
}
