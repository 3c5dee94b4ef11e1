//! Clean-up: what is no longer offered.

use sqlx::{AssertSqlSafe, PgConnection};

use super::row::{CatalogueRow, Lock, Product, Variant, find};
use super::{CatalogueError, Precondition};
use crate::Ods;

impl Ods {
    /// Removes a product with its variants, now; the history keeps them. Returns how many variants went with it.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::NotFound`] or [`CatalogueError::PreconditionFailed`].
    pub async fn delete_product(&self, id: &str, precondition: &Precondition) -> Result<u64, CatalogueError> {
        let mut txn = self.pool().begin().await?;
        lock::<Product>(&mut txn, id, precondition).await?;
        // by id, like every writer; the cascade would take them as they lie
        let variants = sqlx::query("select from ods.variant where product_id = $1 order by id for update")
            .bind(id)
            .execute(&mut *txn)
            .await?
            .rows_affected();
        remove::<Product>(&mut txn, id).await?;
        txn.commit().await?;
        Ok(variants)
    }

    /// Removes a variant, now; the history keeps it.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::NotFound`] or [`CatalogueError::PreconditionFailed`].
    pub async fn delete_variant(&self, id: &str, precondition: &Precondition) -> Result<(), CatalogueError> {
        let mut txn = self.pool().begin().await?;
        lock::<Variant>(&mut txn, id, precondition).await?;
        remove::<Variant>(&mut txn, id).await?;
        Ok(txn.commit().await?)
    }
}

async fn lock<R: CatalogueRow>(
    connection: &mut PgConnection,
    id: &str,
    precondition: &Precondition,
) -> Result<(), CatalogueError> {
    let row: Option<R> = find(connection, id, Lock::Removal).await?;
    let row = row.ok_or_else(|| CatalogueError::NotFound { table: R::TABLE, id: id.to_owned() })?;
    precondition.check(Some(row.etag()))
}

async fn remove<R: CatalogueRow>(connection: &mut PgConnection, id: &str) -> Result<(), sqlx::Error> {
    let query = format!("delete from ods.{} where id = $1", R::TABLE.name());
    sqlx::query(AssertSqlSafe(query)).bind(id).execute(connection).await?;
    Ok(())
}
