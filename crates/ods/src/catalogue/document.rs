//! Products with their variants, in one transaction.

use serde::Deserialize;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::CatalogueError;
use crate::Ods;

/// What a document did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CatalogueReport {
    /// What became of its products.
    pub products: CatalogueCounts,
    /// What became of its variants.
    pub variants: CatalogueCounts,
    /// What is accepted, yet may be a mistake.
    pub warnings: Vec<CatalogueWarning>,
}

/// What became of a document's rows; the sum is their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CatalogueCounts {
    /// Rows that were not there.
    pub inserted: u64,
    /// Rows that are different now.
    pub updated: u64,
    /// Rows that were so already.
    pub unchanged: u64,
    /// Variants that bring an older time than the stored ones, or than their own removal: they are in the history
    /// only.
    #[serde(default)]
    pub older: u64,
}

/// Something that is accepted, yet may be a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CatalogueWarning {
    /// Which kind: `natural_key_shared` (another product has the same title and type) or `older_than_stored`.
    pub code: String,
    /// The part of the body: a JSON pointer, empty for the whole.
    pub pointer: String,
    /// The warning in words.
    pub message: String,
}

impl Ods {
    /// Inserts or updates products and variants: `{"products": [{…, "variants": […]}], "variants": […]}` with the
    /// contract's columns as fields, all or none.
    ///
    /// A time that is left out stays as it is stored, and is the clock for a new row. A variant that brings an
    /// `updated_at` older than the stored one, or than its own removal, goes into the history only, with a warning.
    /// The same as `select ods.upsert_catalogue(…)`.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Invalid`] and [`CatalogueError::ParentMissing`] with a pointer into `document`; otherwise
    /// [`CatalogueError::Ods`], of which [`OdsError::Conflict`](crate::OdsError::Conflict) is worth another try.
    pub async fn upsert_catalogue(&self, document: &Value) -> Result<CatalogueReport, CatalogueError> {
        let mut txn = self.pool().begin().await?;
        let report = upsert(&mut txn, document).await?;
        txn.commit().await?;
        Ok(report)
    }
}

pub(super) async fn upsert(
    connection: &mut PgConnection,
    document: &Value,
) -> Result<CatalogueReport, CatalogueError> {
    let report: Json<CatalogueReport> = sqlx::query_scalar("select ods.upsert_catalogue($1)")
        .bind(Json(document))
        .fetch_one(connection)
        .await
        .map_err(CatalogueError::of_document)?;
    Ok(report.0)
}
