//! The tables of a dump: their queries and shapes.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The types that a dump's columns have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DumpType {
    Text,
    Integer,
    Bigint,
    Timestamp,
    Date,
}

use DumpType::{Bigint, Date, Integer, Text, Timestamp};

/// A table of the dump; its last column is `partition_date`, by which its rows are sorted.
#[derive(Debug)]
pub(crate) struct DumpTable {
    pub(crate) name: &'static str,
    pub(crate) query: &'static str,
    pub(crate) columns: &'static [(&'static str, DumpType)],
}

impl DumpTable {
    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|(name, dump_type)| Field::new(*name, dump_type.arrow(), false))
            .collect();
        Arc::new(Schema::new(fields))
    }
}

impl DumpType {
    fn arrow(self) -> DataType {
        match self {
            Text => DataType::Utf8,
            Integer => DataType::Int32,
            Bigint => DataType::Int64,
            Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Date => DataType::Date32,
        }
    }
}

/// Every table of a dump, the largest first.
pub(crate) const TABLES: [DumpTable; 6] = [
    DumpTable {
        name: "order_lines",
        query: include_str!("../../queries/order_lines/dump.sql"),
        columns: &[
            ("id", Text),
            ("quantity", Integer),
            ("variant_id", Text),
            ("revenue", Integer),
            ("order_id", Text),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "variant_version",
        query: include_str!("../../queries/variant_version/dump.sql"),
        columns: &[
            ("variant_id", Text),
            ("product_id", Text),
            ("price", Integer),
            ("title", Text),
            ("created_at", Timestamp),
            ("updated_at", Timestamp),
            ("ingested_at", Timestamp),
            ("valid_from", Timestamp),
            ("ordinal", Integer),
            ("operation", Text),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "orders",
        query: include_str!("../../queries/orders/dump.sql"),
        columns: &[
            ("id", Text),
            ("processed_timestamp", Timestamp),
            ("customer_id", Text),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "transaction",
        query: include_str!("../../queries/transaction/dump.sql"),
        columns: &[
            ("id", Text),
            ("order_id", Text),
            ("status", Text),
            ("created_at", Timestamp),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "product_version",
        query: include_str!("../../queries/product_version/dump.sql"),
        columns: &[
            ("product_id", Text),
            ("title", Text),
            ("product_type", Text),
            ("created_at", Timestamp),
            ("valid_from", Timestamp),
            ("ordinal", Integer),
            ("operation", Text),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "parked_order_lines",
        query: include_str!("../../queries/parked_row/dump_order_lines.sql"),
        columns: &[
            ("parked_id", Bigint),
            ("id", Text),
            ("quantity", Integer),
            ("variant_id", Text),
            ("revenue", Integer),
            ("order_id", Text),
            ("partition_date", Date),
        ],
    },
];
