//! The tables of a dump: their queries and shapes.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::dating::Dating;

/// The types that a dump's columns have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DumpType {
    /// Text that hardly repeats.
    Id,
    Text,
    Integer,
    Bigint,
    Timestamp,
    Date,
}

use DumpType::{Bigint, Date, Id, Integer, Text, Timestamp};

/// A table of the dump; its last column is `partition_date`.
#[derive(Debug)]
pub(crate) struct DumpTable {
    pub(crate) name: &'static str,
    pub(crate) sources: &'static [Source],
    pub(crate) dating: Dating,
    pub(crate) columns: &'static [(&'static str, DumpType)],
}

/// Where rows of a table come from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) query: &'static str,
    /// What the query reads, if it can be read in parts: then `{rows}` in it stands for a part.
    pub(crate) heap: Option<Heap>,
}

/// A stored table, which is known in a query by its name without the schema.
#[derive(Debug)]
pub(crate) struct Heap {
    pub(crate) schema: &'static str,
    pub(crate) name: &'static str,
    /// The column that holds an order's id, of tables that are read order by order.
    pub(crate) order_id: Option<&'static str>,
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
            Id | Text => DataType::Utf8,
            Integer => DataType::Int32,
            Bigint => DataType::Int64,
            Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Date => DataType::Date32,
        }
    }
}

/// Every table of a dump.
pub(crate) const TABLES: [DumpTable; 6] = [
    DumpTable {
        name: "order_lines",
        sources: &[Source {
            query: include_str!("../../queries/order_lines/dump.sql"),
            heap: Some(Heap { schema: "ods", name: "order_lines", order_id: Some("order_id") }),
        }],
        dating: Dating::ByOrder(4),
        columns: &[
            ("id", Id),
            ("quantity", Integer),
            ("variant_id", Text),
            ("revenue", Integer),
            ("order_id", Id),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "variant_version",
        sources: &[Source { query: include_str!("../../queries/variant_version/dump.sql"), heap: None }],
        dating: Dating::Query,
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
        sources: &[Source {
            query: include_str!("../../queries/orders/dump.sql"),
            heap: Some(Heap { schema: "ods", name: "orders", order_id: Some("id") }),
        }],
        dating: Dating::Order(1),
        columns: &[
            ("id", Id),
            ("processed_timestamp", Timestamp),
            ("customer_id", Text),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "transaction",
        sources: &[
            Source {
                query: include_str!("../../queries/transaction/dump.sql"),
                heap: Some(Heap { schema: "ods", name: "transaction", order_id: None }),
            },
            Source { query: include_str!("../../queries/superseded_transaction/dump.sql"), heap: None },
        ],
        dating: Dating::Timestamp(3),
        columns: &[
            ("id", Id),
            ("order_id", Id),
            ("status", Text),
            ("created_at", Timestamp),
            ("partition_date", Date),
        ],
    },
    DumpTable {
        name: "product_version",
        sources: &[Source { query: include_str!("../../queries/product_version/dump.sql"), heap: None }],
        dating: Dating::Query,
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
        sources: &[Source {
            query: include_str!("../../queries/parked_row/dump_order_lines.sql"),
            heap: None,
        }],
        dating: Dating::Query,
        columns: &[
            ("parked_id", Bigint),
            ("id", Id),
            ("quantity", Integer),
            ("variant_id", Text),
            ("revenue", Integer),
            ("order_id", Id),
            ("partition_date", Date),
        ],
    },
];
