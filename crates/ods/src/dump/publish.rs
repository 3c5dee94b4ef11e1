//! What a publish takes over from a dump.

use crate::{Ods, OdsError};

impl Ods {
    /// Which store this is: a store that is made anew, in place of a lost one, is another.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn identity(&self) -> Result<String, OdsError> {
        Ok(sqlx::query_scalar("select id::text from daybook.identity").fetch_one(self.pool()).await?)
    }

    /// Marks loads, and parked rows that the close healed, as taken into the warehouse by `publish`. Marking again
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails; nothing is marked then.
    pub async fn mark_published(
        &self,
        publish: i64,
        loads: &[i64],
        healed_parked: &[i64],
    ) -> Result<(), OdsError> {
        let mut txn = self.pool().begin().await?;
        sqlx::query("update daybook.load set published_in = $1 where id = any($2) and published_in is null")
            .bind(publish)
            .bind(loads)
            .execute(&mut *txn)
            .await?;
        sqlx::query(include_str!("../../queries/parked_row/mark_healed.sql"))
            .bind(healed_parked)
            .bind(self.clock().now())
            .execute(&mut *txn)
            .await?;
        Ok(txn.commit().await?)
    }
}
