//! Which date a row belongs to.

use std::sync::Arc;

use tokio::sync::RwLock;

use super::order_dates::OrderDates;

/// How a table's rows come by their `partition_date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dating {
    /// The query gives it, last.
    Query,
    /// It is the business date of a timestamp, in this column.
    Timestamp(usize),
    /// The same; and the first column is an order's id, by which lines find their date.
    Order(usize),
    /// The query's last column is the id of an order, whose date it is. Rows without a dated order are left out.
    ByOrder,
}

/// The dates of the orders that are being dumped.
pub(crate) type SharedDates = Arc<RwLock<OrderDates>>;
