//! One row, read with its tag.

use super::CatalogueError;
use super::etag::Tagged;
use super::row::{CatalogueRow, Lock, Product, Variant, find};
use crate::Ods;

impl Ods {
    /// The product of that id, if it is offered.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn product(&self, id: &str) -> Result<Option<Tagged<Product>>, CatalogueError> {
        self.read(id).await
    }

    /// The variant of that id, if it is offered.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn variant(&self, id: &str) -> Result<Option<Tagged<Variant>>, CatalogueError> {
        self.read(id).await
    }

    async fn read<R: CatalogueRow>(&self, id: &str) -> Result<Option<Tagged<R>>, CatalogueError> {
        let mut connection = self.pool().acquire().await?;
        let row: Option<R> = find(&mut connection, id, Lock::None).await?;
        Ok(row.map(|row| Tagged { etag: row.etag(), row }))
    }
}
