//! One row put in its place, or a price changed.

use daybook_model::contract::Table;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::document::{CatalogueCounts, CatalogueWarning, upsert};
use super::etag::Etag;
use super::row::{CatalogueRow, Lock, Product, Variant, find};
use super::{CatalogueError, Precondition};
use crate::Ods;

/// What a write did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Created,
    /// It is different now.
    Updated,
    /// It was so already, and no version was noted.
    Unchanged,
}

/// A row as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<R> {
    /// The row.
    pub row: R,
    /// The row's tag.
    pub etag: Etag,
    /// What happened to it.
    pub change: Change,
    /// What is accepted, yet may be a mistake.
    pub warnings: Vec<CatalogueWarning>,
}

impl Ods {
    /// Stores a product: `{"title", "product_type", "created_at"?}`. The body may repeat the id. Its variants stay as
    /// they are.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::PreconditionFailed`], or [`CatalogueError::Invalid`] with a pointer into `body`.
    pub async fn put_product(
        &self,
        id: &str,
        body: &Value,
        precondition: &Precondition,
    ) -> Result<Stored<Product>, CatalogueError> {
        if body.get("variants").is_some() {
            let message = "variants are put one by one, or with their products as one document".to_owned();
            return Err(CatalogueError::Invalid { pointer: "/variants".to_owned(), message });
        }
        self.put(id, body, precondition).await
    }

    /// Stores a variant: `{"product_id", "price", "title", "created_at"?, "updated_at"?, "ingested_at"?}`. The body
    /// may repeat the id. A change without a later `updated_at` of its own happens at the clock.
    ///
    /// # Errors
    ///
    /// As [`Self::put_product`]; also [`CatalogueError::ParentMissing`] and [`CatalogueError::OlderThanStored`].
    pub async fn put_variant(
        &self,
        id: &str,
        body: &Value,
        precondition: &Precondition,
    ) -> Result<Stored<Variant>, CatalogueError> {
        self.put(id, body, precondition).await
    }

    /// Changes a variant's price, in minor units, at the clock.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::NotFound`] or [`CatalogueError::PreconditionFailed`].
    pub async fn change_price(
        &self,
        id: &str,
        price: i32,
        precondition: &Precondition,
    ) -> Result<Stored<Variant>, CatalogueError> {
        let mut txn = self.pool().begin().await?;
        let row: Variant = find(&mut txn, id, Lock::Change)
            .await?
            .ok_or_else(|| CatalogueError::NotFound { table: Table::Variant, id: id.to_owned() })?;
        precondition.check(Some(row.etag()))?;
        let changed: Option<Variant> =
            sqlx::query_as("update ods.variant set price = $2 where id = $1 and price <> $2 returning *")
                .bind(id)
                .bind(price)
                .fetch_optional(&mut *txn)
                .await?;
        txn.commit().await?;
        let change = if changed.is_some() { Change::Updated } else { Change::Unchanged };
        Ok(stored(changed.unwrap_or(row), change, Vec::new()))
    }

    async fn put<R: CatalogueRow>(
        &self,
        id: &str,
        body: &Value,
        precondition: &Precondition,
    ) -> Result<Stored<R>, CatalogueError> {
        let document = json!({ R::COLLECTION: [with_id(id, body)?] });
        let mut txn = self.pool().begin().await?;
        lock_parent::<R>(&mut txn, body).await?;
        let before: Option<R> = find(&mut txn, id, Lock::Change).await?;
        precondition.check(before.as_ref().map(R::etag))?;
        let report = upsert(&mut txn, &document).await.map_err(|error| rebase::<R>(error))?;
        let row: Option<R> = find(&mut txn, id, Lock::None).await?;
        let counts = if R::TABLE == Table::Product { report.products } else { report.variants };
        let row = match row {
            Some(row) if counts.older == 0 => row,
            current => {
                return Err(CatalogueError::OlderThanStored { current: current.map(|row| row.etag()) });
            }
        };
        let change = Change::of(counts);
        // somebody else may have inserted it since it was looked for: there was nothing to lock
        if *precondition == Precondition::Absent && change != Change::Created {
            return Err(CatalogueError::PreconditionFailed { current: Some(row.etag()) });
        }
        txn.commit().await?;
        let warnings = report
            .warnings
            .into_iter()
            .map(|warning| CatalogueWarning { pointer: in_body::<R>(&warning.pointer), ..warning });
        Ok(stored(row, change, warnings.collect()))
    }
}

impl Change {
    const fn of(counts: CatalogueCounts) -> Self {
        match counts {
            CatalogueCounts { inserted: 1.., .. } => Self::Created,
            CatalogueCounts { updated: 1.., .. } => Self::Updated,
            _ => Self::Unchanged,
        }
    }
}

fn stored<R: CatalogueRow>(row: R, change: Change, warnings: Vec<CatalogueWarning>) -> Stored<R> {
    Stored { etag: row.etag(), row, change, warnings }
}

/// The body as an element of a document.
fn with_id(id: &str, body: &Value) -> Result<Value, CatalogueError> {
    let mut element = body.clone();
    let Some(fields) = element.as_object_mut() else { return Ok(element) };
    match fields.insert("id".to_owned(), id.into()) {
        Some(other) if !other.is_null() && other != id => {
            let message = format!("id is not '{id}', the one that is written to: leave it out");
            Err(CatalogueError::Invalid { pointer: "/id".to_owned(), message })
        }
        _ => Ok(element),
    }
}

/// As every writer does: parents before children, so that none waits for another in a circle.
async fn lock_parent<R: CatalogueRow>(
    connection: &mut PgConnection,
    body: &Value,
) -> Result<(), sqlx::Error> {
    let parent = R::TABLE.parent().and_then(|(_, column)| body.get(column)?.as_str());
    let Some(parent) = parent.filter(|id| !id.contains('\0')) else { return Ok(()) };
    sqlx::query("select from ods.product where id = $1 for key share")
        .bind(parent)
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets a pointer into the document point into the body.
fn rebase<R: CatalogueRow>(error: CatalogueError) -> CatalogueError {
    match error {
        CatalogueError::Invalid { pointer, message } => {
            CatalogueError::Invalid { pointer: in_body::<R>(&pointer), message }
        }
        CatalogueError::ParentMissing { pointer, message } => {
            CatalogueError::ParentMissing { pointer: in_body::<R>(&pointer), message }
        }
        error => error,
    }
}

fn in_body<R: CatalogueRow>(pointer: &str) -> String {
    let prefix = format!("/{}/0", R::COLLECTION);
    pointer.strip_prefix(&prefix).unwrap_or(pointer).to_owned()
}
