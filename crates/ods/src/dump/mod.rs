//! The dump: one consistent snapshot of the operational data store, as Parquet with a manifest.

mod files;
mod publish;
mod rows;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use daybook_model::manifest::{Manifest, TableDump};
use daybook_model::{BusinessTimezone, PartitionDate};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};

use crate::{Ods, OdsError};
use files::DumpFiles;
use rows::DumpRows;
use table::{DumpTable, TABLES};

/// How many tables are read at a time; each takes a connection of its own.
const PARALLEL_TABLES: usize = 2;

impl Ods {
    /// Writes all rows up to and including the business date `cutoff` below `prefix`/`run_id`, with `manifest.json`
    /// last.
    ///
    /// All tables, and the list of loads, show the database at one and the same moment. Besides the contract's facts
    /// the dump holds the versions of products and variants, and the lines that wait for their order, these whatever
    /// their date. Each table's rows are sorted by `partition_date`. Writing again replaces what an earlier attempt of
    /// the same run left; nothing else changes, in the store or in the database.
    ///
    /// # Errors
    ///
    /// When PostgreSQL or the store fails; there is no manifest then.
    pub async fn dump(
        &self,
        store: Arc<dyn ObjectStore>,
        prefix: &Path,
        run_id: i64,
        cutoff: PartitionDate,
        timezone: BusinessTimezone,
    ) -> Result<Manifest, OdsError> {
        let directory = prefix.clone().join(run_id.to_string());
        let mut leader = self.pool().begin().await?;
        read_only(&mut leader).await?;
        let snapshot: String =
            sqlx::query_scalar("select pg_export_snapshot()").fetch_one(&mut *leader).await?;
        let loads = sqlx::query_scalar(include_str!("../../queries/load/select_unpublished.sql"))
            .bind(cutoff.date())
            .fetch_all(&mut *leader)
            .await?;
        let reader = Reader { ods: self, snapshot, cutoff, timezone };
        let tables: BTreeMap<String, TableDump> = futures::stream::iter(&TABLES)
            .map(|table| {
                let target = directory.clone().join(table.name);
                let files = DumpFiles::new(Arc::clone(&store), target, table.schema());
                let reader = &reader;
                async move {
                    let dump = reader.dump_table(table, files).await?;
                    Ok::<_, OdsError>((table.name.to_owned(), dump))
                }
            })
            .buffer_unordered(PARALLEL_TABLES)
            .try_collect()
            .await?;
        leader.commit().await?;
        let manifest = Manifest { run_id, cutoff: Some(cutoff), tables, loads };
        write_manifest(store.as_ref(), &directory, &manifest).await?;
        Ok(manifest)
    }
}

/// Reads tables in one shared snapshot.
struct Reader<'a> {
    ods: &'a Ods,
    snapshot: String,
    cutoff: PartitionDate,
    timezone: BusinessTimezone,
}

impl Reader<'_> {
    async fn dump_table(&self, table: &DumpTable, mut files: DumpFiles) -> Result<TableDump, OdsError> {
        let failed = |reason: String| OdsError::Dump { table: table.name.into(), reason };
        let mut txn = self.begin().await?;
        let mut rows = DumpRows::of(table);
        let statement = format!("copy (\n{}\n) to stdout (format binary)", table.query);
        let mut stream = txn.copy_out_raw(&statement).await?;
        while let Some(piece) = stream.try_next().await? {
            rows.push(&piece).map_err(|error| failed(error.to_string()))?;
            if let Some(batch) = rows.take_full().map_err(|error| failed(error.to_string()))? {
                files.write(&batch).await.map_err(|error| failed(error.to_string()))?;
            }
        }
        drop(stream);
        txn.commit().await?;
        if let Some(batch) = rows.take().map_err(|error| failed(error.to_string()))? {
            files.write(&batch).await.map_err(|error| failed(error.to_string()))?;
        }
        Ok(TableDump {
            files: files.finish().await.map_err(|error| failed(error.to_string()))?,
            dates: rows.dates().ok_or_else(|| failed("it holds a date beyond the calendar".to_owned()))?,
        })
    }

    /// A transaction that sees the shared snapshot and knows the cut-off.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, OdsError> {
        let mut txn = self.ods.pool().begin().await?;
        read_only(&mut txn).await?;
        // The server made the name itself; SET takes no parameter.
        let set = format!("set transaction snapshot '{}'", self.snapshot);
        sqlx::query(AssertSqlSafe(set)).execute(&mut *txn).await?;
        sqlx::query(
            "select set_config('daybook.dump_before', $1, true), set_config('daybook.dump_timezone', $2, true)",
        )
        .bind(self.timezone.end_of(self.cutoff).to_string())
        .bind(self.timezone.name())
        .execute(&mut *txn)
        .await?;
        Ok(txn)
    }
}

async fn read_only(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set transaction isolation level repeatable read read only").execute(connection).await?;
    Ok(())
}

async fn write_manifest(
    store: &dyn ObjectStore,
    directory: &Path,
    manifest: &Manifest,
) -> Result<(), OdsError> {
    let path = directory.clone().join("manifest.json");
    let json = serde_json::to_vec_pretty(manifest)
        .map_err(|error| OdsError::Dump { table: "manifest".into(), reason: error.to_string() })?;
    store
        .put(&path, PutPayload::from(json))
        .await
        .map_err(|source| OdsError::Store { path: path.to_string(), source })?;
    Ok(())
}
