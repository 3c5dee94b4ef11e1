//! Somebody's own SQL.

use sqlx::AssertSqlSafe;

use crate::{Ods, OdsError};

impl Ods {
    /// Runs one statement as an engineer would by hand, under this store's clock; the version triggers note what it
    /// changes. Never pass it text from outside.
    ///
    /// # Errors
    ///
    /// When PostgreSQL refuses it.
    pub async fn execute(&self, statement: &str) -> Result<(), OdsError> {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(self.pool()).await?;
        Ok(())
    }
}
