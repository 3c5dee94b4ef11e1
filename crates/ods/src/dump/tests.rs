//! What a dump holds does not depend on how the work is divided, nor on what happens meanwhile.

use std::sync::Arc;

use daybook_model::manifest::{Manifest, TableDump};
use daybook_model::{BusinessTimezone, Clock, PartitionDate};
use daybook_testkit::TestDatabase;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use super::plan::Limits;
use super::run::DumpRun;
use super::snapshot::Snapshot;
use crate::Ods;

const WHOLE: Limits = Limits { workers: 1, piece_blocks: u32::MAX, orders_held: usize::MAX };
/// Every block by itself, and only some orders at a time.
const CRUMBS: Limits = Limits { workers: 3, piece_blocks: 1, orders_held: 1000 };

fn cutoff() -> PartitionDate {
    "2024-05-05".parse().unwrap()
}

async fn filled() -> Ods {
    let url = TestDatabase::create().await.unwrap().url();
    let ods = Ods::connect(&url, Clock::default()).await.unwrap();
    ods.migrate().await.unwrap();
    execute(
        &ods,
        "insert into ods.orders
         select 'o' || n, '2024-05-01'::timestamp + n % 7 * interval '1 day', 'c' || n % 10
         from generate_series(1, 3000) n;
         insert into ods.order_lines select 'l' || n, n % 3, 'v' || n % 100, n, 'o' || 1 + n % 3000
         from generate_series(1, 7500) n;
         insert into ods.transaction
         select 't' || n, 'o' || n, 'success', '2024-05-01'::timestamp + n % 7 * interval '1 day'
         from generate_series(1, 2000) n;",
    )
    .await;
    ods
}

async fn execute(ods: &Ods, sql: &'static str) {
    sqlx::raw_sql(sql).execute(ods.pool()).await.unwrap();
}

async fn dump(ods: &Ods, limits: Limits, store: &Arc<InMemory>) -> Manifest {
    let store = Arc::clone(store) as Arc<dyn ObjectStore>;
    let directory = Path::from("dump/1");
    ods.dump_within(limits, store, directory, 1, cutoff(), BusinessTimezone::UTC).await.unwrap()
}

fn rows(table: &TableDump) -> (u64, u64) {
    (table.files.iter().map(|file| file.rows).sum(), table.dates.values().map(|date| date.rows).sum())
}

#[tokio::test]
async fn many_pieces_and_shares_hold_what_one_holds() {
    let ods = filled().await;
    let whole = dump(&ods, WHOLE, &Arc::new(InMemory::new())).await;
    let crumbs = dump(&ods, CRUMBS, &Arc::new(InMemory::new())).await;
    for (name, table) in &whole.tables {
        assert_eq!(table.dates, crumbs.tables[name].dates, "{name}");
        assert_eq!(rows(table), rows(&crumbs.tables[name]), "{name}");
    }
    // Five days of seven are up to the cut-off.
    let expected = |query| sqlx::query_scalar::<_, i64>(query).fetch_one(ods.pool());
    let lines = expected(
        "select count(*) from ods.order_lines inner join ods.orders on orders.id = order_lines.order_id
         where orders.processed_timestamp < '2024-05-06'",
    );
    let lines = lines.await.unwrap().cast_unsigned();
    assert_eq!(rows(&crumbs.tables["order_lines"]), (lines, lines));
    assert_eq!(crumbs.tables["order_lines"].dates.len(), 5);
}

#[tokio::test]
async fn what_changes_meanwhile_is_not_seen_by_any_worker() {
    let ods = filled().await;
    let before = dump(&ods, CRUMBS, &Arc::new(InMemory::new())).await;
    let mut snapshot = Snapshot::take(&ods, cutoff(), BusinessTimezone::UTC).await.unwrap();
    execute(
        &ods,
        "update ods.order_lines set revenue = revenue + 1; delete from ods.orders where id < 'o2';
         update ods.transaction set status = 'failed';
         insert into ods.orders select 'new' || n, '2024-05-02', 'c' from generate_series(1, 5000) n;
         insert into ods.order_lines select 'new' || n, 1, 'v', 1, 'new' || n from generate_series(1, 5000) n;",
    )
    .await;
    let store = Arc::new(InMemory::new());
    let run = DumpRun::begin(CRUMBS, store, Path::from("dump/2")).await.unwrap();
    let meanwhile = run.read_tables(&mut snapshot).await.unwrap();
    snapshot.release().await.unwrap();
    for (name, table) in &before.tables {
        assert_eq!(table.dates, meanwhile[name].dates, "{name}");
    }
}

#[tokio::test]
async fn nothing_is_left_of_an_earlier_attempt() {
    let ods = filled().await;
    let store = Arc::new(InMemory::new());
    for stale in ["dump/1/manifest.json", "dump/1/orders/part-00099.parquet", "dump/10/manifest.json"] {
        store.put(&Path::from(stale), PutPayload::from_static(b"stale")).await.unwrap();
    }
    let manifest = dump(&ods, CRUMBS, &store).await;
    assert!(store.head(&Path::from("dump/1/orders/part-00099.parquet")).await.is_err());
    assert!(store.head(&Path::from("dump/10/manifest.json")).await.is_ok(), "another run's");
    let written = store.get(&Path::from("dump/1/manifest.json")).await.unwrap().bytes().await.unwrap();
    assert_eq!(serde_json::from_slice::<Manifest>(&written).unwrap(), manifest);
}

#[tokio::test]
async fn each_worker_writes_a_series_of_its_own() {
    let ods = filled().await;
    let manifest = dump(&ods, CRUMBS, &Arc::new(InMemory::new())).await;
    let mut paths: Vec<&str> =
        manifest.tables.values().flat_map(|table| &table.files).map(|file| file.path.as_str()).collect();
    let files = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), files, "no file is written twice");
    assert!(manifest.tables["transaction"].files.len() <= CRUMBS.workers);
}
