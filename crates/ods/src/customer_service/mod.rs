//! What customer service asks: an order with its lines and payments, and a customer's orders, as they are now.
//!
//! Each answer is one statement, hence one snapshot, that looks everything up by index.

mod cursor;
mod order;

use std::collections::HashMap;

use chrono::NaiveDateTime;
use sqlx::{AssertSqlSafe, query_as};

use crate::{Ods, OdsError};

pub use cursor::{Cursor, InvalidCursor};
use order::OrderRow;
pub use order::{Order, OrderLine, Payment, ShopRules};

/// The most orders that one page holds.
pub const MAX_ORDERS: u32 = 100;

/// A page of a customer's orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerOrders {
    /// The orders, newest first by (`processed_timestamp`, `id`).
    pub orders: Vec<Order>,
    /// Where the next page begins; none on the last one.
    pub next: Option<Cursor>,
}

impl Ods {
    /// Those of the orders that the store still holds.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn kept_orders(&self, ids: &[&str]) -> Result<Vec<String>, OdsError> {
        let query = "select id from ods.orders where id = any($1)";
        Ok(sqlx::query_scalar(query).bind(ids).fetch_all(self.pool()).await?)
    }

    /// The payments of each of the orders that the store holds, whether it holds the order or not; by (`created_at`,
    /// `id`).
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn payments_of(
        &self,
        order_ids: &[&str],
        rules: &ShopRules,
    ) -> Result<HashMap<String, Vec<Payment>>, OdsError> {
        let rows: Vec<(String, String, String, NaiveDateTime, bool)> =
            query_as(include_str!("../../queries/transaction/select_of_orders.sql"))
                .bind(&rules.paid_statuses)
                .bind(order_ids)
                .fetch_all(self.pool())
                .await?;
        let mut payments: HashMap<String, Vec<Payment>> = HashMap::new();
        for (order_id, id, status, created_at, is_paid) in rows {
            payments.entry(order_id).or_default().push(Payment { id, status, created_at, is_paid });
        }
        Ok(payments)
    }

    /// The order of that id, if the store still holds it.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn order(&self, id: &str, rules: &ShopRules) -> Result<Option<Order>, OdsError> {
        // PostgreSQL cannot hold it, so no order has it
        if id.contains('\0') {
            return Ok(None);
        }
        let query = whole(include_str!("../../queries/orders/choose_by_id.sql"));
        let row: Option<OrderRow> = query_as(AssertSqlSafe(query))
            .bind(&rules.paid_statuses)
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        Ok(row.map(|row| row.judged(rules)))
    }

    /// The newest `limit` orders of a customer, or those after a page's end; at least 1, at most [`MAX_ORDERS`].
    ///
    /// Following `next` to the end shows every order once that was there all the time, whatever arrives meanwhile.
    /// A customer without orders has an empty page.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn customer_orders(
        &self,
        customer_id: &str,
        after: Option<&Cursor>,
        limit: u32,
        rules: &ShopRules,
    ) -> Result<CustomerOrders, OdsError> {
        if customer_id.contains('\0') {
            return Ok(CustomerOrders { orders: Vec::new(), next: None });
        }
        let limit = limit.clamp(1, MAX_ORDERS);
        let start = Cursor::start();
        let after = after.unwrap_or(&start);
        let query = whole(include_str!("../../queries/orders/choose_by_customer.sql"));
        // one more than is shown tells whether there is a next page
        let rows: Vec<OrderRow> = query_as(AssertSqlSafe(query))
            .bind(&rules.paid_statuses)
            .bind(customer_id)
            .bind(after.processed_timestamp)
            .bind(&after.id)
            .bind(i64::from(limit) + 1)
            .fetch_all(self.pool())
            .await?;
        let mut orders: Vec<_> = rows.into_iter().map(|row| row.judged(rules)).collect();
        let is_last = orders.len() <= limit as usize;
        orders.truncate(limit as usize);
        let next = if is_last { None } else { orders.last().map(Cursor::after) };
        Ok(CustomerOrders { orders, next })
    }
}

fn whole(chosen: &str) -> String {
    include_str!("../../queries/orders/select_whole.sql").replace("{chosen}", chosen)
}
