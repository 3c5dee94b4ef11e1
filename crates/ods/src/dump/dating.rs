//! Which date a row belongs to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::order_dates::{OrderDates, OrderKey, TooManyOrders};

/// How a table's rows come by their `partition_date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dating {
    /// The query gives it, last.
    Query,
    /// It is the business date of a timestamp, in this column.
    Timestamp(usize),
    /// The same; and the first column is an order's id, by which lines find their date.
    Order(usize),
    /// It is the date of the order whose id is in this column. Rows without a dated order are left out.
    ByOrder(usize),
}

/// The dates of a share of the orders: all of them are noted before the first is asked for.
#[derive(Clone)]
pub(crate) enum SharedDates {
    Noted(Arc<Mutex<OrderDates>>),
    Known(Arc<OrderDates>),
}

impl SharedDates {
    /// Room for `orders`.
    pub(crate) fn with_capacity(orders: usize) -> Self {
        Self::Noted(Arc::new(Mutex::new(OrderDates::with_capacity(orders))))
    }

    /// Those that were noted; nobody else has any after that.
    pub(crate) fn known(self) -> Self {
        match self {
            Self::Noted(noted) => {
                let dates = std::mem::replace(&mut *hold(&noted), OrderDates::with_capacity(0));
                Self::Known(Arc::new(dates))
            }
            known @ Self::Known(_) => known,
        }
    }

    /// Notes dates by the keys of their orders, and none are left in `dates`.
    pub(crate) fn note(&self, dates: &mut Vec<(OrderKey, i32)>) -> Result<(), TooManyOrders> {
        let Self::Noted(noted) = self else { return Ok(()) };
        if dates.is_empty() {
            return Ok(());
        }
        let mut noted = hold(noted);
        dates.drain(..).try_for_each(|(key, days)| noted.insert(key, days))
    }

    /// The date of an order, in days since 1970, if it is known.
    pub(crate) fn get(&self, key: OrderKey) -> Option<i32> {
        match self {
            Self::Known(dates) => dates.get(key),
            Self::Noted(_) => None,
        }
    }
}

/// Each entry is whole, whatever happened to whoever had them before.
fn hold(dates: &Mutex<OrderDates>) -> MutexGuard<'_, OrderDates> {
    dates.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The order that was asked for last, and its date: rows of one order mostly follow each other, and to find one among
/// millions costs as much as all else that is done with a row.
#[derive(Default)]
pub(crate) struct LastOrder(Option<(Vec<u8>, Option<i32>)>);

impl LastOrder {
    /// The date of the order `id`, as `dates` knows it.
    pub(crate) fn date(&mut self, id: &[u8], dates: &SharedDates) -> Option<i32> {
        match &self.0 {
            Some((last, days)) if last == id => *days,
            _ => {
                let (last, days) = self.0.get_or_insert_default();
                last.clear();
                last.extend_from_slice(id);
                *days = dates.get(OrderKey::of(id));
                *days
            }
        }
    }
}
