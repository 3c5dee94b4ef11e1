//! Orders, for customer service.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use daybook_ods::{Cursor, CustomerOrders, MAX_ORDERS, Order, OrderLine, Payment, ShopRules};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue::utc;
use crate::app::App;
use crate::books::{ClosedOrder, Stretch};
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
    /// Its status in the published books, if `history` is asked for and they hold it. Of an order that came once more,
    /// the operational store may have let go of payments, which count only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_status: Option<String>,
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
    /// Also orders that only the published books still hold; each page asks the warehouse, which takes longer
    history: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Where {
    /// Also look in the published books
    history: Option<bool>,
}

/// An order as it is now, or, if only the published books hold it, as they do.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum AnyOrder {
    Current(OrderView),
    Closed(ClosedOrderView),
}

/// An order that only the published books still hold.
#[derive(Serialize, ToSchema)]
struct ClosedOrderView {
    order_id: String,
    customer_id: String,
    processed_timestamp: DateTime<Utc>,
    /// Its business date.
    partition_date: NaiveDate,
    /// The status of its decisive payment when the books were last published; `payments` may say more.
    order_status: String,
    /// How many units it has.
    units: i64,
    /// What it is worth, in minor units.
    revenue: i64,
    /// Those of its payments that came lately, published or not.
    payments: Vec<PaymentView>,
}

/// A customer's orders, newest first.
#[derive(Serialize, ToSchema)]
struct OrderPage {
    orders: Vec<OrderView>,
    /// If asked for, the orders in the same stretch of time that the operational store keeps no longer, as the published
    /// books have them; both lists together are the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<ClosedOrderView>>,
    /// What to send as `after` for the next page; none on the last.
    next: Option<String>,
}

/// Gives an order with its lines and payments
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "customer service", security(("token" = [])),
    params(("id" = String, Path, min_length = 1), Where),
    responses((status = 200, body = AnyOrder), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn order(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(places): Query<Where>,
) -> Result<Json<AnyOrder>, Problem> {
    let current = app.ods()?.order(&id, &rules(&app)).await?;
    let closed = match places.history {
        Some(true) => app.services().books.closed_order(&id).await,
        _ => Ok(None),
    };
    if let Some(order) = current {
        let published = closed.unwrap_or_else(|error| {
            tracing::warn!(%error, "the published books do not tell of an order: {error}");
            None
        });
        let published = published.map(|order| order.order_status);
        return Ok(Json(AnyOrder::Current(OrderView::of(order, published))));
    }
    if places.history != Some(true) {
        let detail =
            format!("there is no order '{id}' now; with history=true, older ones are looked for, too");
        return Err(Problem::not_found(detail));
    }
    let closed = closed?.ok_or_else(|| Problem::not_found(format!("there never was an order '{id}'")))?;
    let view = with_payments(&app, vec![closed]).await?.pop();
    view.map(|view| Json(AnyOrder::Closed(view))).ok_or_else(Problem::internal)
}

/// Gives a customer's orders, newest first
///
/// Following `next` to the end shows every order once. An order that the operational store lets go of meanwhile is shown
/// in `history`, if that is asked for.
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
    let CustomerOrders { mut orders, mut next } =
        app.ods()?.customer_orders(&id, after.as_ref(), limit, &rules(&app)).await?;
    let mut published = HashMap::new();
    let history = if page.history == Some(true) {
        let beside = closed_beside(&app, &id, after.as_ref(), &orders, next.is_some(), limit).await?;
        let mut closed = beside.orders;
        published = beside.statuses;
        next = cut(&mut orders, &mut closed, limit as usize).or(next);
        Some(with_payments(&app, closed).await?)
    } else {
        None
    };
    let mut view = |order: Order| {
        let published = published.remove(&order.id);
        OrderView::of(order, published)
    };
    Ok(Json(OrderPage {
        orders: orders.into_iter().map(&mut view).collect(),
        history,
        next: next.map(|cursor| cursor.to_string()),
    }))
}

/// What is published beside a page of orders.
#[derive(Default)]
struct Beside {
    /// Orders that belong on the page and are not kept any more: more than asked for if there are more.
    orders: Vec<ClosedOrder>,
    /// The published statuses of the page's own orders, by id.
    statuses: HashMap<String, String>,
}

/// What is published beside the page of `orders`, of which `limit` were asked for.
async fn closed_beside(
    app: &App,
    customer_id: &str,
    after: Option<&Cursor>,
    orders: &[Order],
    is_followed: bool,
    limit: u32,
) -> Result<Beside, Problem> {
    // what is older than a full page comes on the next
    let oldest = orders.last().filter(|_| is_followed);
    let not_before = oldest.map(|order| order.processed_timestamp);
    let shown: HashSet<&str> = orders.iter().map(|order| order.id.as_str()).collect();
    let at_a_time = 2 * limit as usize + 1;
    let mut found = Beside::default();
    let mut after = after.cloned();
    loop {
        let stretch = Stretch { after: after.as_ref(), not_before };
        let closed = app.services().books.closed_orders(customer_id, stretch, at_a_time).await?;
        let is_last = closed.len() < at_a_time;
        after = closed.last().map(place_of);
        let ids: Vec<&str> = closed.iter().map(|order| order.id.as_str()).collect();
        let kept: HashSet<String> = app.ods()?.kept_orders(&ids).await?.into_iter().collect();
        for order in closed {
            // one that was read a moment ago may have expired since
            if shown.contains(order.id.as_str()) {
                found.statuses.insert(order.id, order.order_status);
            } else if !kept.contains(&order.id) {
                found.orders.push(order);
            }
        }
        if is_last || found.orders.len() > limit as usize {
            return Ok(found);
        }
    }
}

/// Leaves the newest `limit` of both; gives where the page ends if something was cut off.
fn cut(orders: &mut Vec<Order>, closed: &mut Vec<ClosedOrder>, limit: usize) -> Option<Cursor> {
    if orders.len() + closed.len() <= limit {
        return None;
    }
    let mut places: Vec<(NaiveDateTime, String)> = Vec::with_capacity(orders.len() + closed.len());
    places.extend(orders.iter().map(|order| (order.processed_timestamp, order.id.clone())));
    places.extend(closed.iter().map(|order| (order.processed_timestamp, order.id.clone())));
    places.sort_unstable_by(|a, b| b.cmp(a));
    let (time, id) = places.swap_remove(limit - 1);
    let is_shown = |order_time: NaiveDateTime, order_id: &str| (order_time, order_id) >= (time, id.as_str());
    orders.retain(|order| is_shown(order.processed_timestamp, &order.id));
    closed.retain(|order| is_shown(order.processed_timestamp, &order.id));
    Some(Cursor { processed_timestamp: time, id })
}

fn place_of(order: &ClosedOrder) -> Cursor {
    Cursor { processed_timestamp: order.processed_timestamp, id: order.id.clone() }
}

/// Payments come weeks after their orders; what is not published yet is known only here.
async fn with_payments(app: &App, closed: Vec<ClosedOrder>) -> Result<Vec<ClosedOrderView>, Problem> {
    if closed.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = closed.iter().map(|order| order.id.as_str()).collect();
    let mut payments = app.ods()?.payments_of(&ids, &rules(app)).await?;
    let view = |order: ClosedOrder| ClosedOrderView {
        payments: payments.remove(&order.id).into_iter().flatten().map(PaymentView::from).collect(),
        order_id: order.id,
        customer_id: order.customer_id,
        processed_timestamp: utc(order.processed_timestamp),
        partition_date: order.partition_date,
        order_status: order.order_status,
        units: order.units,
        revenue: order.revenue,
    };
    Ok(closed.into_iter().map(view).collect())
}

fn rules(app: &App) -> ShopRules {
    let options = &app.services().load_options;
    ShopRules { paid_statuses: options.paid_statuses.clone(), timezone: options.timezone }
}

impl OrderView {
    fn of(order: Order, published_status: Option<String>) -> Self {
        Self {
            id: order.id,
            customer_id: order.customer_id,
            processed_timestamp: utc(order.processed_timestamp),
            business_date: order.business_date.date(),
            status: order.status,
            paid_at: order.paid_at.map(utc),
            attempts: order.attempts,
            published_status,
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
