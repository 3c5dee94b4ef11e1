use daybook_model::contract::{Column, MAX_ID_BYTES, Table};

use super::parse_bytes;

fn verdict(table: Table, column: &str, value: &[u8]) -> String {
    let column: &Column = table
        .columns()
        .iter()
        .find(|candidate| candidate.name == column)
        .unwrap_or_else(|| unreachable!("a column of the contract"));
    match parse_bytes(column, value) {
        Ok(_) => "good".to_owned(),
        Err(reject) => reject.reason.code().to_owned(),
    }
}

#[test]
fn integers_are_digits_with_an_optional_minus_in_32_bits() {
    for good in ["0", "-0", "007", "-2147483648", "2147483647"] {
        assert_eq!(verdict(Table::Variant, "price", good.as_bytes()), "good", "{good}");
    }
    for bad in ["+5", "1.0", "1e3", " 1", "1 ", "-", "2147483648", "１", "1,000", "£1"] {
        assert_eq!(verdict(Table::Variant, "price", bad.as_bytes()), "not_an_integer", "{bad}");
    }
}

#[test]
fn text_is_measured_in_characters_and_ids_in_bytes() {
    let text = |length: usize| "é".repeat(length).into_bytes();
    assert_eq!(verdict(Table::Product, "title", &text(255)), "good");
    assert_eq!(verdict(Table::Product, "title", &text(256)), "too_long");
    assert_eq!(verdict(Table::Transaction, "status", &text(46)), "too_long");
    assert_eq!(verdict(Table::Product, "id", &text(MAX_ID_BYTES / 2)), "good");
    assert_eq!(verdict(Table::Product, "id", &text(MAX_ID_BYTES / 2 + 1)), "too_long");
}

#[test]
fn what_postgresql_cannot_hold_is_named() {
    assert_eq!(verdict(Table::Product, "title", b"a\0b"), "nul_character");
    assert_eq!(verdict(Table::Product, "title", b"caf\xe9"), "not_utf8");
    assert_eq!(verdict(Table::Product, "title", b""), "missing_value");
    assert_eq!(verdict(Table::Product, "created_at", b"yesterday"), "not_a_timestamp");
    assert_eq!(verdict(Table::Variant, "price", b""), "missing_value");
}
