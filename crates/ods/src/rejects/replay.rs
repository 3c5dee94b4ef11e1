//! Replaying: corrected rows go the way of all batches, each load's rows as one batch.

use chrono::NaiveDateTime;
use daybook_model::contract::Table;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use url::Url;

use super::corrections::{Corrections, Part};
use crate::load::discover::{Batch, BatchFile, Compression, Format, compression};
use crate::load::location::{Contents, Location};
use crate::{LoadEvent, LoadOptions, LoadReport, Ods, OdsError};

/// What a replay needs to know of the load whose rows it brings again.
#[derive(Debug)]
pub(crate) struct Replay {
    /// The load.
    pub(crate) origin: i64,
    /// When the changes of its products took effect.
    pub(crate) batch_time: Option<NaiveDateTime>,
    /// Whether several rows of one id were its history rather than a contradiction.
    pub(crate) has_events: bool,
    /// The rejected rows that the corrected ones stand for.
    pub(crate) rows: Vec<i64>,
}

#[derive(sqlx::FromRow)]
struct Origin {
    uri: String,
    batch_time: Option<NaiveDateTime>,
    has_events: bool,
}

impl Ods {
    /// Loads exported rows that were corrected: one `<table>.csv`, or a folder of them, at `uri`.
    ///
    /// The rows of each load come again as one batch, judged as that load's were, whatever their share of bad ones:
    /// a row that is still wrong is rejected anew. They come now: orders and lines replace what is stored. The old
    /// rejected rows are linked to the new load, or to the one that brought the same content before. The same rows
    /// twice change nothing.
    ///
    /// # Errors
    ///
    /// When the files cannot be read as exported ones; nothing is replayed then. When the database or the object
    /// store fails; the batches before are stored then.
    pub async fn replay_rejects(
        &self,
        uri: &Url,
        options: &LoadOptions,
        progress: &(dyn Fn(LoadEvent<'_>) + Sync),
    ) -> Result<Vec<LoadReport>, OdsError> {
        let location = Location::parse(uri, &options.storage)?;
        let mut corrections = Corrections::new()?;
        for file in corrected_files(&location).await? {
            corrections.read(self, location.store.as_ref(), &file).await?;
        }
        let store = LocalFileSystem::new_with_prefix(corrections.folder())
            .map_err(|source| OdsError::Store { path: corrections.folder().display().to_string(), source })?;
        let mut batches = Vec::with_capacity(corrections.parts().len());
        for (origin, parts) in corrections.parts() {
            batches.push(self.replay_batch(&store, &location, *origin, parts.values()).await?);
        }
        self.load_batches(&store, &batches, options, progress).await
    }

    async fn replay_batch(
        &self,
        store: &LocalFileSystem,
        location: &Location,
        origin_id: i64,
        parts: impl Iterator<Item = &Part>,
    ) -> Result<Batch, OdsError> {
        let origin: Origin = sqlx::query_as(include_str!("../../queries/load/find_origin.sql"))
            .bind(origin_id)
            .fetch_one(self.pool())
            .await?;
        let (mut files, mut rows) = (Vec::new(), Vec::new());
        for part in parts {
            let path = Path::from(part.path.as_str());
            let object = store
                .head(&path)
                .await
                .map_err(|source| OdsError::Store { path: part.file.uri.clone(), source })?;
            files.push(BatchFile { compression: Compression::None, object, ..part.file.clone() });
            rows.extend_from_slice(&part.rows);
        }
        let replay =
            Replay { origin: origin_id, batch_time: origin.batch_time, has_events: origin.has_events, rows };
        let folder = location.uri_of(location.path().as_ref());
        let uri = format!("{folder}#{}", origin.uri);
        Ok(Batch { uri, files, warnings: Vec::new(), replay: Some(replay) })
    }
}

/// The files to replay, parents first.
async fn corrected_files(location: &Location) -> Result<Vec<BatchFile>, OdsError> {
    let objects = match location.contents().await? {
        Contents::File(object) => vec![object],
        Contents::Prefix(objects) => objects,
    };
    let mut files: Vec<_> = objects.into_iter().filter_map(|object| corrected(location, object)).collect();
    files.sort_by(|a, b| (a.table, &a.uri).cmp(&(b.table, &b.uri)));
    if let Some([one, other]) =
        files.windows(2).find(|pair| pair[0].table == pair[1].table).map(|pair| [&pair[0], &pair[1]])
    {
        let reason = format!("{} is for the same table: replay one after the other", other.uri);
        return Err(OdsError::Location { uri: one.uri.clone(), reason });
    }
    if files.is_empty() {
        let uri = location.uri_of(location.path().as_ref());
        let names = Table::ALL.map(|table| format!("{}.csv", table.name())).join(", ");
        return Err(OdsError::Location { uri, reason: format!("it is none of {names}, and holds none") });
    }
    Ok(files)
}

fn corrected(location: &Location, object: ObjectMeta) -> Option<BatchFile> {
    let name = object.location.filename()?.to_owned();
    let (stem, compression) = compression(&name);
    let stem = stem.strip_suffix(".csv")?;
    let table: Table = stem.parse().ok()?;
    let uri = location.uri_of(object.location.as_ref());
    Some(BatchFile { name, uri, table, format: Format::Csv, compression, object })
}
