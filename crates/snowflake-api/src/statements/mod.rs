//! The SQL that sets a Snowflake warehouse up and loads it: pure functions, whose texts the API takes as they are.
//!
//! A load goes this way: [`create_staging`] makes a fresh table, [`copy_into`] fills it from the dump's Parquet files,
//! [`insert_sorted`] brings what a query makes of them in order into a table that nobody reads yet, and [`replace`]
//! replaces partitions of the tables that everybody reads, all in one [`transaction`]. [`drop_table`] takes away what is
//! transient.
//!
//! Only validated names, escaped texts and dates go into the SQL.

mod load;
mod names;
mod publish;
mod tables;
#[cfg(test)]
mod tests;

pub use self::load::{copy_into, insert_sorted};
pub use self::names::{Name, Place, list, literal};
pub use self::publish::{Change, Extent, replace, transaction, within};
pub use self::tables::{
    Column, ColumnType, Grants, create_stage, create_staging, create_table, create_view, drop_table,
    drop_view, rename_table,
};
