//! One dump, from an empty folder to its manifest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use daybook_model::manifest::{Manifest, TableDump};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

use super::content::Contents;
use super::dating::{Dating, SharedDates};
use super::error::DumpError;
use super::files::{DumpFiles, TableTarget};
use super::plan::{Limits, Piece, Pieces, Share, pieces};
use super::snapshot::Snapshot;
use super::table::{DumpTable, Source, TABLES};
use super::worker::{Part, Worker};
use crate::OdsError;

/// A block of 8 KiB cannot hold more orders: each takes 52 bytes at least.
const ORDERS_A_BLOCK: usize = 157;

const MANIFEST: &str = "manifest.json";

/// A source of a table's rows, and how long it is.
struct Measured {
    table: &'static DumpTable,
    source: &'static Source,
    blocks: u32,
}

type Targets = BTreeMap<&'static str, Arc<TableTarget>>;

/// Where a dump goes, and how it divides its work.
pub(crate) struct DumpRun {
    limits: Limits,
    store: Arc<dyn ObjectStore>,
    directory: Path,
    targets: Arc<Targets>,
}

impl DumpRun {
    /// Removes what an earlier attempt left: it may have had other files.
    pub(crate) async fn begin(
        limits: Limits,
        store: Arc<dyn ObjectStore>,
        directory: Path,
    ) -> Result<Self, OdsError> {
        clear(store.as_ref(), &directory)
            .await
            .map_err(|source| OdsError::Store { path: directory.to_string(), source })?;
        let target = |table: &DumpTable| TableTarget {
            store: Arc::clone(&store),
            directory: directory.clone().join(table.name),
            next_number: AtomicUsize::new(0),
        };
        let targets = TABLES.iter().map(|table| (table.name, Arc::new(target(table)))).collect();
        Ok(Self { limits, store, directory, targets: Arc::new(targets) })
    }

    pub(crate) async fn read_tables(
        &self,
        snapshot: &mut Snapshot,
    ) -> Result<BTreeMap<String, TableDump>, OdsError> {
        let mut measured = Vec::new();
        for table in &TABLES {
            for source in table.sources {
                let blocks = match &source.heap {
                    Some(heap) => snapshot.blocks(heap).await?,
                    None => 0,
                };
                measured.push(Measured { table, source, blocks });
            }
        }
        let mut parts = Vec::new();
        let orders = measured.iter().filter(|measured| matches!(measured.table.dating, Dating::Order(_)));
        let orders: usize = orders.map(|measured| measured.blocks as usize * ORDERS_A_BLOCK).sum();
        for share in Share::all(orders, self.limits.orders_held) {
            let held = orders / share.count as usize;
            let dates = SharedDates::with_capacity(held);
            let [first, lines] = stages(&measured, share, self.limits);
            parts.extend(self.read(snapshot, first, &dates).await?);
            parts.extend(self.read(snapshot, lines, &dates.known()).await?);
        }
        self.collect(parts).await
    }

    /// Reads all of `pieces`, several at a time.
    async fn read(
        &self,
        snapshot: &Snapshot,
        pieces: Vec<Piece>,
        orders: &SharedDates,
    ) -> Result<Vec<Part>, OdsError> {
        let count = pieces.len().min(self.limits.workers);
        let pieces: Arc<Pieces> = Arc::new(pieces.into_iter().collect());
        let mut workers = JoinSet::new();
        for _ in 0..count {
            let worker = Worker {
                txn: snapshot.share().await?,
                pieces: Arc::clone(&pieces),
                orders: orders.clone(),
                timezone: snapshot.timezone(),
                targets: Arc::clone(&self.targets),
            };
            workers.spawn(worker.run());
        }
        let mut parts = Vec::new();
        while let Some(done) = workers.join_next().await {
            parts.extend(done.map_err(|error| DumpError::from(error).of("all tables"))??);
        }
        Ok(parts)
    }

    /// What the workers made of each table; of an empty one there is a file too, which tells its columns.
    async fn collect(&self, parts: Vec<Part>) -> Result<BTreeMap<String, TableDump>, OdsError> {
        let mut files: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        let mut contents: BTreeMap<&str, Contents> = BTreeMap::new();
        for part in parts {
            files.entry(part.table).or_default().extend(part.files);
            contents.entry(part.table).or_default().merge(part.contents);
        }
        let mut tables = BTreeMap::new();
        for table in &TABLES {
            let mut files = files.remove(table.name).unwrap_or_default();
            if files.is_empty() {
                let empty = DumpFiles::new(Arc::clone(&self.targets[table.name]), table);
                files = empty.finish_empty().await.map_err(|error| DumpError::from(error).of(table.name))?;
            }
            files.sort_by(|a, b| a.path.cmp(&b.path));
            let contents = contents.remove(table.name).unwrap_or_default();
            let dates = contents.finish().ok_or_else(|| DumpError::Calendar.of(table.name))?;
            tables.insert(table.name.to_owned(), TableDump { files, dates });
        }
        Ok(tables)
    }

    pub(crate) async fn write_manifest(&self, manifest: &Manifest) -> Result<(), OdsError> {
        let path = self.directory.clone().join(MANIFEST);
        let json = serde_json::to_vec_pretty(manifest)
            .map_err(|error| OdsError::Dump { table: "manifest".into(), reason: error.to_string() })?;
        self.store
            .put(&path, PutPayload::from(json))
            .await
            .map_err(|source| OdsError::Store { path: path.to_string(), source })?;
        Ok(())
    }
}

/// What to read for a share of the orders: first the orders, then their lines, and with the first share whatever else
/// there is.
fn stages(measured: &[Measured], share: Share, limits: Limits) -> [Vec<Piece>; 2] {
    let of = |wanted: fn(Dating) -> bool| {
        let wanted = measured.iter().filter(move |measured| wanted(measured.table.dating));
        let all = wanted
            .flat_map(|&Measured { table, source, blocks }| pieces(table, source, blocks, share, limits));
        all.collect::<Vec<_>>()
    };
    let first = if share.number == 0 {
        of(|dating| !matches!(dating, Dating::ByOrder(_)))
    } else {
        of(|dating| matches!(dating, Dating::Order(_)))
    };
    [first, of(|dating| matches!(dating, Dating::ByOrder(_)))]
}

/// The manifest goes first: it must never name files that are gone.
async fn clear(store: &dyn ObjectStore, directory: &Path) -> Result<(), object_store::Error> {
    let manifest = directory.clone().join(MANIFEST);
    let mut old: Vec<Path> =
        store.list(Some(directory)).map_ok(|object| object.location).try_collect().await?;
    old.sort_by_key(|path| *path != manifest);
    for path in old {
        store.delete(&path).await?;
    }
    Ok(())
}
