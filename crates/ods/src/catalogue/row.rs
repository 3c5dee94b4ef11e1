//! The rows, and what is the same for products and variants.

use chrono::NaiveDateTime;
use daybook_model::contract::Table;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::etag::{Etag, EtagBuilder};

/// A product as it is offered now.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Product {
    /// Its key.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What kind it is of; with the title its natural key.
    pub product_type: String,
    /// When it was created, UTC.
    pub created_at: NaiveDateTime,
}

/// A variant as it is offered now.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Variant {
    /// Its key.
    pub id: String,
    /// The product that it is a form of.
    pub product_id: String,
    /// Its price in minor units.
    pub price: i32,
    /// What it is called.
    pub title: String,
    /// When it was created, UTC.
    pub created_at: NaiveDateTime,
    /// When it took the state that it is in, UTC.
    pub updated_at: NaiveDateTime,
    /// When the back end took it in, UTC.
    pub ingested_at: NaiveDateTime,
}

/// A row of the catalogue.
pub(super) trait CatalogueRow: Unpin + Send + for<'r> FromRow<'r, PgRow> {
    const TABLE: Table;
    /// Its array in a document.
    const COLLECTION: &'static str;

    /// A hash of the whole content.
    fn etag(&self) -> Etag;
}

impl CatalogueRow for Product {
    const TABLE: Table = Table::Product;
    const COLLECTION: &'static str = "products";

    fn etag(&self) -> Etag {
        EtagBuilder::of(Self::TABLE)
            .text(&self.id)
            .text(&self.title)
            .text(&self.product_type)
            .time(self.created_at)
            .finish()
    }
}

impl CatalogueRow for Variant {
    const TABLE: Table = Table::Variant;
    const COLLECTION: &'static str = "variants";

    fn etag(&self) -> Etag {
        EtagBuilder::of(Self::TABLE)
            .text(&self.id)
            .text(&self.product_id)
            .integer(self.price)
            .text(&self.title)
            .time(self.created_at)
            .time(self.updated_at)
            .time(self.ingested_at)
            .finish()
    }
}

/// How long others are kept from a row.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    None,
    /// Until it is changed.
    Change,
    /// Until it is gone; also from rows that refer to it.
    Removal,
}

/// The row of that id, if there is one.
pub(super) async fn find<R: CatalogueRow>(
    connection: &mut PgConnection,
    id: &str,
    lock: Lock,
) -> Result<Option<R>, sqlx::Error> {
    // PostgreSQL cannot hold it, so no row has it
    if id.contains('\0') {
        return Ok(None);
    }
    let lock = match lock {
        Lock::None => "",
        Lock::Change => "for no key update",
        Lock::Removal => "for update",
    };
    let query = format!("select * from ods.{} where id = $1 {lock}", R::TABLE.name());
    sqlx::query_as(AssertSqlSafe(query)).bind(id).fetch_optional(connection).await
}
