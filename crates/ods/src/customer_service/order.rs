//! An order as customer service sees it.

use chrono::NaiveDateTime;
use daybook_model::{BusinessTimezone, PartitionDate};
use serde::Deserialize;
use sqlx::FromRow;
use sqlx::types::Json;

/// The status of an order without payments.
const PENDING: &str = "pending";

/// How a shop reads its records.
#[derive(Clone, Debug)]
pub struct ShopRules {
    /// The payment statuses that mean *paid*.
    pub paid_statuses: Vec<String>,
    /// The time zone of the business dates.
    pub timezone: BusinessTimezone,
}

/// An order with its lines and payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its key.
    pub id: String,
    /// Who ordered.
    pub customer_id: String,
    /// When, UTC.
    pub processed_timestamp: NaiveDateTime,
    /// The date of that time in the business time zone.
    pub business_date: PartitionDate,
    /// The status of the decisive payment: the earliest paid one if there is one, else the latest by (`created_at`,
    /// `id`). `pending` without payments.
    pub status: String,
    /// When the decisive payment was paid, UTC; none if it is not.
    pub paid_at: Option<NaiveDateTime>,
    /// How many payments were tried.
    pub attempts: usize,
    /// The lines, by id.
    pub lines: Vec<OrderLine>,
    /// The payments, by (`created_at`, `id`).
    pub payments: Vec<Payment>,
}

/// A line of an order, with what the catalogue says of its variant now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderLine {
    /// Its key.
    pub id: String,
    /// How many were ordered; negative for what came back.
    pub quantity: i32,
    /// What the line brought, in minor units.
    pub revenue: i32,
    /// Which variant was ordered.
    pub variant_id: String,
    /// The variant's title; none if it is not offered, like all that follows.
    pub variant_title: Option<String>,
    /// The variant's price now, in minor units.
    pub price: Option<i32>,
    /// The product that the variant is a form of.
    pub product_id: Option<String>,
    /// The product's title.
    pub product_title: Option<String>,
}

/// A payment transaction of an order, in its newest state.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payment {
    /// Its key.
    pub id: String,
    /// Its status, as the payment provider calls it.
    pub status: String,
    /// When it took that status, UTC.
    pub created_at: NaiveDateTime,
    /// Whether the status means *paid*.
    pub is_paid: bool,
}

/// An order as it comes from the database.
#[derive(FromRow)]
pub(super) struct OrderRow {
    id: String,
    customer_id: String,
    processed_timestamp: NaiveDateTime,
    lines: Json<Vec<OrderLine>>,
    payments: Json<Vec<Payment>>,
}

impl OrderRow {
    pub(super) fn judged(self, rules: &ShopRules) -> Order {
        let payments = self.payments.0;
        let decisive = decisive(&payments);
        Order {
            business_date: rules.timezone.date_of(self.processed_timestamp),
            status: decisive.map_or(PENDING, |payment| &payment.status).to_owned(),
            paid_at: decisive.filter(|payment| payment.is_paid).map(|payment| payment.created_at),
            attempts: payments.len(),
            id: self.id,
            customer_id: self.customer_id,
            processed_timestamp: self.processed_timestamp,
            lines: self.lines.0,
            payments,
        }
    }
}

/// The earliest paid one, else the latest; they come in that order.
fn decisive(payments: &[Payment]) -> Option<&Payment> {
    payments.iter().find(|payment| payment.is_paid).or(payments.last())
}
