//! Orders, for customer service.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use daybook_ods::{Cursor, MAX_ORDERS, Order, OrderLine, Payment, ShopRules};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue::utc;
use crate::app::App;
use crate::books::ClosedOrder;
use crate::extract::{Json, Path, Query};
use crate::openapi::{AnyProblem, TokenProblem};
use crate::problem::Problem;

/// How many orders a page has unless it is asked for more.
const PAGE: u32 = 20;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(order)).routes(routes!(customer_orders))
}

/// An order with its lines and payments, as they are now.
#[derive(Serialize, ToSchema)]
struct OrderView {
    id: String,
    customer_id: String,
    processed_timestamp: DateTime<Utc>,
    /// The date of that time in the business time zone.
    business_date: NaiveDate,
    /// The status of the decisive payment: the earliest paid one, else the latest; `pending` without payments.
    status: String,
    paid_at: Option<DateTime<Utc>>,
    /// How many payments were tried.
    attempts: usize,
    lines: Vec<LineView>,
    payments: Vec<PaymentView>,
}

/// A line, with what the catalogue says of its variant now; nothing if it is not offered.
#[derive(Serialize, ToSchema)]
struct LineView {
    id: String,
    quantity: i32,
    /// In minor units.
    revenue: i32,
    variant_id: String,
    variant_title: Option<String>,
    /// The variant's price now, in minor units.
    price: Option<i32>,
    product_id: Option<String>,
    product_title: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PaymentView {
    id: String,
    status: String,
    created_at: DateTime<Utc>,
    is_paid: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// Where the page before ended: its `next`
    after: Option<String>,
    /// At most so many orders
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Also orders that only the published books still hold
    history: Option<bool>,
}

/// A customer's orders, newest first.
#[derive(Serialize, ToSchema)]
struct OrderPage {
    orders: Vec<OrderView>,
    /// Orders of the published books that the operational store keeps no longer; on the last page, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<ClosedOrder>>,
    /// What to send as `after` for the next page; none on the last.
    next: Option<String>,
}

/// Gives an order with its lines and payments
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "customer service", security(("token" = [])),
    params(("id" = String, Path, min_length = 1)),
    responses((status = 200, body = OrderView), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn order(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OrderView>, Problem> {
    let found = app.ods()?.order(&id, &rules(&app)).await?;
    found.map(|order| Json(order.into())).ok_or_else(|| {
        Problem::not_found(format!("there is no order '{id}' now; older ones are in the customer's history"))
    })
}

/// Gives a customer's orders, newest first
#[utoipa::path(
    get, path = "/v1/customers/{id}/orders", tag = "customer service", security(("token" = [])),
    params(("id" = String, Path, min_length = 1), Page),
    responses((status = 200, body = OrderPage), AnyProblem, TokenProblem)
)]
async fn customer_orders(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<OrderPage>, Problem> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MAX_ORDERS).contains(&limit) {
        return Err(Problem::malformed(format!("limit is from 1 to {MAX_ORDERS}")));
    }
    let after: Option<Cursor> = page
        .after
        .map(|cursor| cursor.parse())
        .transpose()
        .map_err(|error: daybook_ods::InvalidCursor| Problem::malformed(error.to_string()))?;
    let found = app.ods()?.customer_orders(&id, after.as_ref(), limit, &rules(&app)).await?;
    let history = match (&found.next, page.history) {
        (None, Some(true)) => Some(app.services().books.expired_orders(&id).await?),
        _ => None,
    };
    Ok(Json(OrderPage {
        orders: found.orders.into_iter().map(OrderView::from).collect(),
        history,
        next: found.next.map(|cursor| cursor.to_string()),
    }))
}

fn rules(app: &App) -> ShopRules {
    let options = &app.services().load_options;
    ShopRules { paid_statuses: options.paid_statuses.clone(), timezone: options.timezone }
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            customer_id: order.customer_id,
            processed_timestamp: utc(order.processed_timestamp),
            business_date: order.business_date.date(),
            status: order.status,
            paid_at: order.paid_at.map(utc),
            attempts: order.attempts,
            lines: order.lines.into_iter().map(LineView::from).collect(),
            payments: order.payments.into_iter().map(PaymentView::from).collect(),
        }
    }
}

impl From<OrderLine> for LineView {
    fn from(line: OrderLine) -> Self {
        Self {
            id: line.id,
            quantity: line.quantity,
            revenue: line.revenue,
            variant_id: line.variant_id,
            variant_title: line.variant_title,
            price: line.price,
            product_id: line.product_id,
            product_title: line.product_title,
        }
    }
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let Payment { id, status, created_at, is_paid } = payment;
        Self { id, status, created_at: utc(created_at), is_paid }
    }
}
