//! The catalogue, read and written row by row or as one document.
//!
//! Every write is one database transaction and goes through `ods.upsert_catalogue` or plain SQL, so the version
//! triggers note it; a change that brings no time of its own happens at the clock. What a document or a row may hold,
//! and what is wrong with it, only that function decides, so SQL and Rust agree.
//!
//! Writers that know a row's [`Etag`] can make sure that nobody has changed it meanwhile: see [`Precondition`].
//! Variants that wait for a product which is put here heal at the next load or close.

mod document;
mod error;
mod etag;
mod precondition;
mod put;
mod read;
mod remove;
mod row;

pub use document::{CatalogueCounts, CatalogueReport, CatalogueWarning};
pub use error::CatalogueError;
pub use etag::{Etag, Tagged};
pub use precondition::Precondition;
pub use put::{Change, Stored};
pub use row::{Product, Variant};
