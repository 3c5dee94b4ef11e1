//! Dumps as the operational data store writes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit};
use daybook_model::manifest::{DateContent, DumpFile, Manifest, TableDump};
use daybook_model::{ColumnSpec, DataType, Registry};
use daybook_warehouse::Storage;
use object_store::ObjectStoreExt;
use parquet::arrow::ArrowWriter;

/// The dumped tables, and rows of some of them: texts in the order of the columns in `models/sources.yml`.
pub(crate) type Rows<'a> = &'a [(&'a str, &'a [&'a [&'a str]])];

const TABLES: [&str; 6] =
    ["orders", "order_lines", "transaction", "product_version", "variant_version", "parked_order_lines"];

/// Writes a dump of `rows`, and of nothing in the other tables.
pub(crate) async fn dump(storage: &Storage, registry: &Registry, run_id: i64, rows: Rows<'_>) -> Manifest {
    let mut tables = BTreeMap::new();
    for table in TABLES {
        let rows = rows.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, rows)| rows);
        let columns = registry.columns(&format!("{table}_staging")).unwrap();
        let file = parquet(columns, rows);
        let path = storage.path(&format!("dumps/{run_id}/{table}-0.parquet"));
        let bytes = file.len() as u64;
        storage.store().put(&path, file.into()).await.unwrap();
        let mut dates = BTreeMap::new();
        for row in rows {
            let date = row.last().unwrap().parse().unwrap();
            let content = DateContent { rows: 0, content_hash: String::new() };
            dates.entry(date).or_insert(content).rows += 1;
        }
        let file = DumpFile { path: path.to_string(), rows: rows.len() as u64, bytes };
        tables.insert(table.to_owned(), TableDump { files: vec![file], dates });
    }
    Manifest { run_id, cutoff: None, tables, loads: Vec::new(), source: None }
}

fn parquet(columns: &[ColumnSpec], rows: &[&[&str]]) -> Vec<u8> {
    let exact = CastOptions { safe: false, ..CastOptions::default() };
    let arrays = columns.iter().enumerate().map(|(position, column)| -> ArrayRef {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[position])));
        cast_with_options(&texts, &arrow_type(column.data_type), &exact).unwrap()
    });
    let fields = columns.iter().map(|column| Field::new(&column.name, arrow_type(column.data_type), false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

fn arrow_type(data_type: DataType) -> ArrowType {
    match data_type {
        DataType::String => ArrowType::Utf8,
        DataType::Integer => ArrowType::Int32,
        DataType::Bigint => ArrowType::Int64,
        DataType::Double => ArrowType::Float64,
        DataType::Boolean => ArrowType::Boolean,
        DataType::Date => ArrowType::Date32,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, None),
    }
}
