//! The operational data store: the source contract's five tables in PostgreSQL, and Daybook's books beside them.
//!
//! [`Ods`] loads batches and events, heals what waited for its parent, changes the catalogue, looks up a customer's
//! orders, dumps one consistent snapshot as Parquet, and expires what the warehouse provably holds. Times are UTC; business dates are dates in the business time zone.

mod catalogue;
mod copy;
mod customer_service;
mod database;
mod dump;
mod error;
mod expire;
#[cfg(fuzzing)]
pub mod fuzzing;
mod load;
mod load_requests;
mod payments;
mod reconcile;
mod rejects;
mod statement;
mod status;
mod tokens;

pub use catalogue::{
    CatalogueCounts, CatalogueError, CatalogueReport, CatalogueWarning, Change, Etag, Precondition, Product,
    Stored, Tagged, Variant,
};
pub use customer_service::{
    Cursor, CustomerOrders, InvalidCursor, MAX_ORDERS, Order, OrderLine, Payment, ShopRules,
};
pub use database::Ods;
pub use error::OdsError;
pub use expire::ExpireMetrics;
pub use load::{
    FileReport, HealMetrics, LoadEvent, LoadOptions, LoadOutcome, LoadReport, LoadRoute, Settled,
    place_below, place_of_object,
};
pub use load_requests::{ClaimedLoad, LoadRequest, LoadState};
pub use payments::{
    PaymentEvent, PaymentGroup, PaymentOptions, PaymentOutcome, PaymentQueue, PaymentReject, SubmitError,
};
pub use reconcile::FeedFiles;
pub use rejects::{ExportedFile, RejectFilter, RejectedRow};
pub use status::{LoadCounts, OdsGauges, OdsStatus, ParkedCount, RefusedBatch, RejectedCount, WaitingBatch};
pub use tokens::{Bearer, Scope, TokenInfo};
