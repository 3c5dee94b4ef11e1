use super::{CsvRecords, MAX_ROW};

/// Each record as `line: field|field`, or `line: ! reason (raw)`.
fn records_in_pieces(text: &[u8], piece: usize) -> Vec<String> {
    let mut records = CsvRecords::new();
    let mut shown = Vec::new();
    let pieces = text.chunks(piece).chain(std::iter::once(&b""[..]));
    for (index, piece) in pieces.enumerate() {
        records.push(piece);
        if index == 0 {
            records.skip_byte_order_mark();
        }
        while let Some(record) = records.peek() {
            if let Some(damage) = &record.damage {
                let raw = String::from_utf8_lossy(record.raw);
                let raw = &raw[..raw.len().min(20)];
                shown.push(format!("{}: ! {} ({raw})", record.line, damage.reason.code()));
            } else if !record.is_blank() {
                let fields: Vec<String> = (0..record.len())
                    .map(|index| String::from_utf8_lossy(&record.field(index)).into_owned())
                    .collect();
                shown.push(format!("{}: {}", record.line, fields.join("|")));
            }
            let end = record.end();
            records.advance(&end);
        }
    }
    shown
}

fn records(text: &str) -> Vec<String> {
    let whole = records_in_pieces(text.as_bytes(), usize::MAX);
    for piece in 3..9 {
        assert_eq!(records_in_pieces(text.as_bytes(), piece), whole, "in pieces of {piece}");
    }
    whole
}

#[test]
fn fields_are_split_and_unquoted() {
    let text = "a,b\r\n\"x, \"\"y\"\"\",2\n\n,\"\"\nit's 5\" wide,z";
    assert_eq!(records(text), ["1: a|b", "2: x, \"y\"|2", "4: |", "5: it's 5\" wide|z"]);
}

#[test]
fn lines_are_exact_after_a_quoted_line_end() {
    assert_eq!(records("a\n\"1\n2\r\n3\",x\nb\n"), ["1: a", "2: 1\n2\r\n3|x", "5: b"]);
}

#[test]
fn a_byte_order_mark_is_dropped_before_a_quote() {
    assert_eq!(records("\u{feff}\"id\",b\n1,2"), ["1: id|b", "2: 1|2"]);
}

#[test]
fn text_after_a_closing_quote_costs_one_line() {
    assert_eq!(records("a,\"b\"c,d\ne,f\n"), ["1: ! damaged_quotes (a,\"b\"c,d)", "2: e|f"]);
}

#[test]
fn a_quote_that_never_closes_costs_one_line() {
    assert_eq!(records("a,\"b\nc,d\n\ne,f"), ["1: ! damaged_quotes (a,\"b)", "2: c|d", "4: e|f"]);
}

#[test]
fn a_stray_quote_is_not_searched_for_beyond_the_longest_row() {
    let mut text = b"a,\"b\n".to_vec();
    text.extend(b"c,d\n".repeat(MAX_ROW / 2));
    let shown = records_in_pieces(&text, 64 * 1024);
    assert_eq!(shown.len(), 1 + MAX_ROW / 2);
    assert_eq!(shown[0], "1: ! damaged_quotes (a,\"b)");
    assert_eq!(shown[1], "2: c|d");
}

#[test]
fn a_line_without_end_costs_itself() {
    let mut text = b"a,b\n".to_vec();
    text.extend(b"x".repeat(3 * MAX_ROW));
    text.extend(b"\nc,d\n");
    for piece in [64 * 1024, usize::MAX] {
        let shown = records_in_pieces(&text, piece);
        assert_eq!(shown, ["1: a|b", "2: ! row_too_long (xxxxxxxxxxxxxxxxxxxx)", "3: c|d"]);
    }
}
