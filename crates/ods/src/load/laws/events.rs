//! The laws of the reader of events.

use daybook_model::contract::Table;

use super::file::{Row, assert_covered};
use super::{Cut, value};
use crate::load::json::EventLines;
use crate::load::reject::Reason;

/// Reads a file in pieces and checks all that must hold.
pub(crate) fn check(file: &[u8], cut: Cut) {
    let lines = lines(file, cut);
    assert_eq!(lines, self::lines(file, cut.whole()), "what is read depends on how the file is cut");
    assert_covered(file, &lines, cut.longest);
    for line in lines.iter().filter(|line| line.fields.is_ok()) {
        value::check_event(Table::Transaction, &line.raw);
        value::check_event(Table::Variant, &line.raw);
    }
}

fn lines(file: &[u8], cut: Cut) -> Vec<Row> {
    let mut events = EventLines::of_lines_up_to(cut.longest);
    let mut lines = Vec::new();
    for (index, piece) in cut.pieces(file).enumerate() {
        events.push(piece);
        if index == 0 {
            events.skip_byte_order_mark();
        }
        while let Some(event) = events.peek() {
            let fields = event.consumed.map(|_| Vec::new()).ok_or(Reason::RowTooLong);
            lines.push(Row { line: event.line, raw: event.raw.to_vec(), fields });
            let consumed = event.consumed;
            events.advance(consumed);
        }
        assert!(events.window.bytes().len() <= cut.longest, "more is kept than one line may have");
    }
    assert!(events.window.bytes().is_empty());
    lines
}
