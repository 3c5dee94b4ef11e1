//! The front door: one HTTP server for back ends, customer service and operators.
//!
//! Every route is described in the OpenAPI document at `/openapi.json`, every error is a problem document (RFC 9457).
//! Payments are answered once they are durable. Of a request that breaks off some may be done, such as the first loads
//! of a replay; whatever writes may be sent again. What needs the warehouse is asked of [`Books`], so this crate knows
//! only the operational data store.

mod app;
mod auth;
mod bodies;
mod books;
mod elsewhere;
mod extract;
mod limits;
mod loader;
mod metrics;
mod observe;
mod openapi;
mod options;
mod problem;
mod readiness;
mod routes;
mod s3_event;
mod server;
mod shopify;
mod signature;

pub use books::{Books, BooksError, ClosedOrder, RunCounts, Stretch};
pub use elsewhere::run_on;
pub use options::{HttpOptions, Tls, WebhookSecrets};
pub use server::{HttpError, HttpServer, Services};
