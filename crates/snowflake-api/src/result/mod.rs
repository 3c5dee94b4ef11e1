//! What comes of statements.

mod cells;
mod column;
mod executed;
mod parse;
mod result_set;

pub(crate) use self::executed::Executed;
pub use self::result_set::ResultSet;
