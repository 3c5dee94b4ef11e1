//! The rows of an exported file that came back corrected.

use daybook_model::contract::Table;

use super::export::ROW_ID;
use crate::load::csv::{CsvRecords, Record};
use crate::load::header::{names, position};

/// A row as it shall be loaded.
pub(super) struct CorrectedRow {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    pub(super) rejected_row_id: i64,
    /// The contract's columns in their order, as a CSV record with its line's end.
    pub(super) record: Vec<u8>,
}

/// Finds the corrected rows in a file's bytes. What is wrong with a single value is for the load to judge, but a row
/// that cannot be told from others is an error, in one line.
pub(super) struct CorrectedRows {
    table: Table,
    records: CsvRecords,
    columns: Option<Columns>,
    is_first_piece: bool,
}

struct Columns {
    contract: Vec<usize>,
    row_id: usize,
    count: usize,
}

impl CorrectedRows {
    pub(super) fn of(table: Table) -> Self {
        Self { table, records: CsvRecords::new(), columns: None, is_first_piece: true }
    }

    /// Adds the rows that end within the file's next bytes; an empty piece is the file's end.
    pub(super) fn read(&mut self, piece: &[u8], rows: &mut Vec<CorrectedRow>) -> Result<(), String> {
        self.records.push(piece);
        if std::mem::take(&mut self.is_first_piece) {
            self.records.skip_byte_order_mark();
        }
        while let Some(record) = self.records.peek() {
            match &self.columns {
                None => self.columns = Some(Columns::find(self.table, &record)?),
                Some(_) if record.damage.is_none() && record.is_blank() => {}
                Some(columns) => rows.push(columns.row(&record)?),
            }
            let end = record.end();
            self.records.advance(&end);
        }
        if piece.is_empty() && self.columns.is_none() {
            return Err("it is empty".to_owned());
        }
        Ok(())
    }
}

impl Columns {
    fn find(table: Table, header: &Record<'_>) -> Result<Self, String> {
        let names = names(header)?;
        let contract = table.columns().iter().map(|column| position(&names, column.name));
        Ok(Self {
            contract: contract.collect::<Result<_, _>>()?,
            row_id: position(&names, ROW_ID)?,
            count: names.len(),
        })
    }

    fn row(&self, record: &Record<'_>) -> Result<CorrectedRow, String> {
        let line = record.line;
        if let Some(damage) = &record.damage {
            return Err(format!("line {line}: {}", damage.message));
        }
        if record.len() != self.count {
            return Err(format!("line {line} has {} fields, not {}", record.len(), self.count));
        }
        let id = record.field(self.row_id);
        let rejected_row_id = std::str::from_utf8(&id).ok().and_then(|id| id.parse().ok());
        let rejected_row_id = rejected_row_id.ok_or_else(|| {
            format!("line {line}: {ROW_ID} is not a number: keep the one that was exported")
        })?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        let values = self.contract.iter().map(|field| record.field(*field));
        let written = values.into_iter().try_for_each(|value| writer.write_field(value));
        written.and_then(|()| writer.write_record(None::<&[u8]>)).map_err(|error| error.to_string())?;
        let record = writer.into_inner().map_err(|error| error.to_string())?;
        Ok(CorrectedRow { line, rejected_row_id, record })
    }
}
