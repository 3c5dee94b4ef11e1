//! The source contract: the five tables that a shop's back end writes and Daybook never changes.

use std::str::FromStr;

/// A table of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `product`: what is offered now.
    Product,
    /// `variant`: a product's sellable forms, with their prices.
    Variant,
    /// `orders`: one row an order.
    Orders,
    /// `order_lines`: one row a line of an order.
    OrderLines,
    /// `transaction`: one row a payment transaction.
    Transaction,
}

/// What a column holds; nothing may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// An identifier: VARCHAR, compared bytewise, at most [`MAX_ID_BYTES`] bytes.
    Id,
    /// Text of at most this many characters.
    Text(usize),
    /// A 32-bit integer; amounts are in minor units.
    Integer,
    /// A timestamp in UTC, to the microsecond.
    Timestamp,
}

/// The longest id that the keys' B-tree indexes can hold, with room for the other columns of a version.
pub const MAX_ID_BYTES: usize = 512;

/// A column of a contract table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, in the database and in a CSV header.
    pub name: &'static str,
    /// What it holds.
    pub column_type: ColumnType,
}

const fn column(name: &'static str, column_type: ColumnType) -> Column {
    Column { name, column_type }
}

use ColumnType::{Id, Integer, Text, Timestamp};

const PRODUCT: &[Column] = &[
    column("id", Id),
    column("title", Text(255)),
    column("product_type", Text(45)),
    column("created_at", Timestamp),
];

const VARIANT: &[Column] = &[
    column("id", Id),
    column("product_id", Id),
    column("price", Integer),
    column("title", Text(255)),
    column("created_at", Timestamp),
    column("updated_at", Timestamp),
    column("ingested_at", Timestamp),
];

const ORDERS: &[Column] =
    &[column("id", Id), column("processed_timestamp", Timestamp), column("customer_id", Id)];

const ORDER_LINES: &[Column] = &[
    column("id", Id),
    column("quantity", Integer),
    column("variant_id", Id),
    column("revenue", Integer),
    column("order_id", Id),
];

const TRANSACTION: &[Column] =
    &[column("id", Id), column("order_id", Id), column("status", Text(45)), column("created_at", Timestamp)];

impl Table {
    /// Every table, parents before children.
    pub const ALL: [Self; 5] =
        [Self::Product, Self::Variant, Self::Orders, Self::OrderLines, Self::Transaction];

    /// The name, in schema `ods` and as the stem of a batch's file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Variant => "variant",
            Self::Orders => "orders",
            Self::OrderLines => "order_lines",
            Self::Transaction => "transaction",
        }
    }

    /// The columns, in the contract's order.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Product => PRODUCT,
            Self::Variant => VARIANT,
            Self::Orders => ORDERS,
            Self::OrderLines => ORDER_LINES,
            Self::Transaction => TRANSACTION,
        }
    }

    /// The table whose rows this one's refer to, and the column that names them.
    pub const fn parent(self) -> Option<(Self, &'static str)> {
        match self {
            Self::Product | Self::Orders => None,
            Self::Variant => Some((Self::Product, "product_id")),
            Self::OrderLines | Self::Transaction => Some((Self::Orders, "order_id")),
        }
    }
}

/// A name that no table of the contract has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is none of the contract's tables {names}", names = Table::ALL.map(Table::name).join(", "))]
pub struct UnknownTable(String);

impl FromStr for Table {
    type Err = UnknownTable;

    fn from_str(name: &str) -> Result<Self, UnknownTable> {
        Self::ALL.into_iter().find(|table| table.name() == name).ok_or_else(|| UnknownTable(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_by_its_name_alone() {
        for table in Table::ALL {
            assert_eq!(table.name().parse::<Table>(), Ok(table));
        }
        for strange in ["Orders", "orders.csv", ""] {
            let error = strange.parse::<Table>().unwrap_err().to_string();
            let names = "product, variant, orders, order_lines, transaction";
            assert_eq!(error, format!("'{strange}' is none of the contract's tables {names}"));
        }
    }
}
