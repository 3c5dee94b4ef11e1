//! Rows: well formed, within the contract, and free of contradictions where they promise it.

use std::collections::BTreeMap;

use daybook_model::contract::{ColumnType, Table};
use daybook_shop::ShopOptions;

use crate::{files, records};

fn clean() -> ShopOptions {
    ShopOptions { dirt: false, ..ShopOptions::default() }
}

/// The records of every file of that table, without headers.
fn rows_of(options: &ShopOptions, table: Table) -> Vec<(String, Vec<Vec<String>>)> {
    let ending = format!("/{}.csv", table.name());
    let of_table = files(options).into_iter().filter(|(name, _)| name.ends_with(&ending));
    of_table.map(|(name, text)| (name, records(&text).split_off(1))).collect()
}

#[test]
fn clean_rows_keep_the_contract() {
    for table in [Table::Product, Table::Variant, Table::Orders, Table::OrderLines] {
        for (name, rows) in rows_of(&clean(), table) {
            let mut ids: Vec<&String> = rows.iter().map(|row| &row[0]).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), rows.len(), "{name} repeats an id");
            for row in &rows {
                assert_eq!(row.len(), table.columns().len(), "{name}: {row:?}");
                for (field, column) in row.iter().zip(table.columns()) {
                    assert!(fits(field, column.column_type), "{name}: {field} in {}", column.name);
                }
            }
        }
    }
}

fn fits(field: &str, column_type: ColumnType) -> bool {
    match column_type {
        ColumnType::Id => !field.is_empty(),
        ColumnType::Text(most) => !field.is_empty() && field.chars().count() <= most,
        ColumnType::Integer => field.parse::<i32>().is_ok(),
        ColumnType::Timestamp => field.len() == "2024-03-01 10:00:00".len(),
    }
}

#[test]
fn clean_events_are_json_with_the_contracts_columns() {
    let events = files(&clean()).into_iter().filter(|(name, _)| name.ends_with(".ndjson"));
    for (name, text) in events {
        let table = if name.starts_with("transactions-") { Table::Transaction } else { Table::Variant };
        for line in text.lines() {
            let event: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            assert_eq!(event.len(), table.columns().len(), "{line}");
            assert!(table.columns().iter().all(|column| event.contains_key(column.name)), "{line}");
        }
    }
}

/// The condition of the law that the order of arrival does not matter.
#[test]
fn rows_of_an_order_free_shop_never_contradict_each_other() {
    let options = ShopOptions { dirt: false, ..ShopOptions::order_free(5) };
    let mut seen: BTreeMap<(Table, String), Vec<String>> = BTreeMap::new();
    for table in [Table::Product, Table::Variant, Table::Orders, Table::OrderLines] {
        for row in rows_of(&options, table).into_iter().flat_map(|(_, rows)| rows) {
            // A variant's row is a version, told from its others by `updated_at`.
            let version = if table == Table::Variant { row[5].replace(' ', "T") } else { String::new() };
            let key = (table, format!("{} {version}", row[0]));
            assert_eq!(seen.entry(key).or_insert_with(|| row.clone()), &row);
        }
    }
    for (name, text) in files(&options).into_iter().filter(|(name, _)| name.ends_with(".ndjson")) {
        let table = if name.starts_with("transactions-") { Table::Transaction } else { Table::Variant };
        for line in text.lines() {
            let event: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            let time = if table == Table::Variant { "updated_at" } else { "created_at" };
            let key = (table, format!("{} {}", event["id"].as_str().unwrap(), event[time].as_str().unwrap()));
            let row = vec![line.to_owned()];
            assert_eq!(seen.entry(key).or_insert_with(|| row.clone()), &row);
        }
    }
}

#[test]
fn revenue_is_quantity_times_a_price() {
    let lines = rows_of(&clean(), Table::OrderLines).into_iter().flat_map(|(_, rows)| rows);
    for line in lines {
        let (quantity, revenue): (i64, i64) = (line[1].parse().unwrap(), line[3].parse().unwrap());
        assert_eq!(revenue % quantity, 0, "{line:?}");
        assert!(revenue / quantity > 0, "{line:?}");
    }
}
