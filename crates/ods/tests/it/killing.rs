//! Loads that are killed anywhere, and what the next load makes of it.

use std::cell::Cell;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use daybook_model::Clock;
use daybook_ods::{LoadEvent, LoadOptions, Ods};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::Connection;
use tokio::sync::Notify;

use crate::support::{Shop, file_url, now};

/// How many loads are killed in flight, by each means.
const KILLS: usize = 10;

/// All that loads leave, but for ids that are handed out: a killed load uses some up.
const STATE: [(&str, &str); 12] = [
    ("product", "select * from ods.product order by id"),
    ("variant", "select * from ods.variant order by id"),
    ("orders", "select * from ods.orders order by id"),
    ("order_lines", "select * from ods.order_lines order by id"),
    ("transaction", "select * from ods.transaction order by id"),
    (
        "superseded_transaction",
        "select * from daybook.superseded_transaction order by id, created_at, status",
    ),
    (
        "product_version",
        "select id, title, product_type, created_at, valid_from, operation from daybook.product_version \
         order by id, valid_from, sequence",
    ),
    (
        "variant_version",
        "select id, product_id, price, updated_at, valid_from, operation from daybook.variant_version \
         order by id, valid_from, sequence",
    ),
    (
        "load",
        "select uri, content_hash, state, message, healed, dates_touched::text as dates, started_at \
         from daybook.load order by uri",
    ),
    (
        "load_file",
        "select f.uri, f.content_hash, f.fingerprint, f.bytes, f.rows_read, f.loaded, f.unchanged, f.rejected, \
         f.parked, l.uri as batch from daybook.load_file f join daybook.load l on l.id = f.load_id order by f.uri",
    ),
    (
        "rejected_row",
        "select l.uri, r.file, r.line, r.column_name, r.reason, r.message, r.raw from daybook.rejected_row r \
         join daybook.load l on l.id = r.load_id order by l.uri, r.file, r.line",
    ),
    (
        "parked_row",
        "select l.uri, p.file, p.line, p.row_id, p.parent_id, p.content::text as content, p.raw, p.healed_by \
         from daybook.parked_row p join daybook.load l on l.id = p.load_id order by l.uri, p.file, p.line",
    ),
];

async fn state(shop: &Shop) -> Vec<(&'static str, String)> {
    let mut state = Vec::new();
    for (table, query) in STATE {
        state.push((table, shop.query(query).await));
    }
    state
}

/// Batches with all that may happen to a row, and one that is refused, one that waits, and events.
fn write_landing(shop: &Shop) {
    let time = "2024-05-01 10:00:00";
    for number in 0..8 {
        let batch = format!("landing/b{number}");
        let orders: String = (0..4).map(|order| format!("o{number}-{order},{time},c{number}\n")).collect();
        // every batch has a bad row, a row that is identical to the last batch's, and one that waits for the next
        let more = format!("bad{number},never,c\nshared,{time},c{}\n", number / 2);
        shop.write(
            &format!("{batch}/orders.csv"),
            format!("id,processed_timestamp,customer_id\n{orders}{more}"),
        );
        let lines: String =
            (0..4).map(|order| format!("l{number}-{order},1,v,5,o{number}-{order}\n")).collect();
        let early = format!("e{number},1,v,7,o{}-0\ns,{number},v,1,shared\n", number + 1);
        shop.write(
            &format!("{batch}/order_lines.csv"),
            format!("id,quantity,variant_id,revenue,order_id\n{lines}{early}"),
        );
        if number % 2 == 1 {
            shop.write(
                &format!("{batch}/product.csv"),
                format!(
                    "id,title,product_type,created_at\np{number},T,t,{time}\np0,Round {number},t,{time}\n"
                ),
            );
            let row =
                |id: &str, product: usize| format!("{id},p{product},{number}00,T,{time},{time},{time}\n");
            shop.write(
                &format!("{batch}/variant.csv"),
                format!(
                    "id,product_id,price,title,created_at,updated_at,ingested_at\n{}{}",
                    row(&format!("v{number}"), number),
                    row(&format!("w{number}"), number + 2)
                ),
            );
        }
    }
    shop.write("landing/refused/orders.csv", "id,customer_id\n");
    shop.write("landing/refused/order_lines.csv", "id,quantity,variant_id,revenue,order_id\n");
    shop.write("landing/waiting/orders.csv", "id,processed_timestamp,customer_id\n");
    let payments: String = (0..6)
        .map(|id| {
            let status = if id % 2 == 0 { "success" } else { "failure" };
            let created = if id == 0 { "2024-04-30 10:00:00" } else { time };
            format!(
                "{{\"id\":\"t{}\",\"order_id\":\"o0-{id}\",\"status\":\"{status}\",\"created_at\":\"{created}\"}}\n",
                id % 4
            )
        })
        .collect();
    shop.write("landing/transactions.ndjson", payments + "[]\n");
}

async fn load(
    url: &str,
    landing: &Path,
    progress: &(dyn Fn(LoadEvent<'_>) + Sync),
) -> Result<(), daybook_ods::OdsError> {
    let ods = Ods::connect(url, Clock::fixed(now())).await?;
    ods.load(&file_url(landing), &LoadOptions::default(), progress).await.map(|_| ())
}

/// How a load is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// Its process is gone, after so many steps.
    Process { steps: usize },
    /// The server ends its sessions, after so many events of its progress.
    Sessions { events: usize },
}

/// Runs a load as its own process would, and ends it: nothing of it runs on, and its connections are just closed.
/// Says whether the load was still at work.
fn kill(url: &str, landing: &Path, kill: Kill) -> bool {
    // of one thread, which runs nothing once the load is given up
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let survived = runtime.block_on(async {
        match kill {
            Kill::Process { steps } => {
                let mut load = pin!(load(url, landing, &|_| ()));
                let left = Cell::new(steps);
                std::future::poll_fn(|context| match load.as_mut().poll(context) {
                    Poll::Ready(loaded) => Poll::Ready(Some(loaded)),
                    Poll::Pending if left.get() == 0 => Poll::Ready(None),
                    Poll::Pending => {
                        left.set(left.get() - 1);
                        Poll::Pending
                    }
                })
                .await
                .map(Result::unwrap)
            }
            Kill::Sessions { events } => {
                let (heard, reached) = (std::sync::atomic::AtomicUsize::new(0), Notify::new());
                let progress = |_: LoadEvent<'_>| {
                    if heard.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == events {
                        reached.notify_one();
                    }
                };
                let mut load = pin!(load(url, landing, &progress));
                tokio::select! {
                    loaded = &mut load => { loaded.unwrap(); Some(()) }
                    () = reached.notified() => {
                        end_sessions(url).await;
                        // it may have come through all the same
                        load.await.ok()
                    }
                }
            }
        }
    });
    runtime.shutdown_background();
    survived.is_none()
}

/// Ends all other sessions of the database, of which none is at work for long.
async fn end_sessions(url: &str) {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
}

/// Kills loads into one database after the other, each until a load comes through.
fn kill_loads(seed: u64, next: impl Fn(&mut StdRng) -> Kill) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut chance = StdRng::seed_from_u64(seed);
    let shop = runtime.block_on(Shop::open());
    write_landing(&shop);
    let landing = shop.landing().join("landing");
    runtime.block_on(load(&shop.url, &landing, &|_| ())).unwrap();
    let undisturbed = runtime.block_on(state(&shop));
    assert!(undisturbed.iter().all(|(_, rows)| !rows.is_empty()), "{undisturbed:?}");

    let (mut kills, mut with_progress) = (0, 0);
    for database in 0.. {
        if kills >= KILLS {
            break;
        }
        assert!(database < 4 * KILLS, "the loads are too quick to be hit");
        let killed = runtime.block_on(Shop::open());
        loop {
            let how = next(&mut chance);
            if kills == KILLS || !kill(&killed.url, &landing, how) {
                break;
            }
            kills += 1;
            with_progress +=
                usize::from(runtime.block_on(killed.query("select count(*) from daybook.load")) != "0");
        }
        runtime.block_on(load(&killed.url, &landing, &|_| ())).unwrap();
        for (expected, found) in undisturbed.iter().zip(runtime.block_on(state(&killed))) {
            assert_eq!(*expected, found, "database {database}, after {kills} kills");
        }
    }
    assert!(with_progress > 0, "no kill came after the first batch");
}

#[test]
fn a_load_whose_process_is_killed_is_finished_by_the_next() {
    kill_loads(1, |chance| Kill::Process { steps: chance.random_range(1..4_000) });
}

#[test]
fn a_load_whose_sessions_end_is_finished_by_the_next() {
    kill_loads(2, |chance| Kill::Sessions { events: chance.random_range(0..30) });
}
