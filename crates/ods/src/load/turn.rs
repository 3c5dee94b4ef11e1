//! Turns: one process loads at a time, and lets others in between.

use std::collections::HashSet;
use std::ops::Range;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use super::LoadEvent;
use super::admission::Admission;
use super::batch::Loader;
use super::discover::Batch;
use super::ledger::{self, HeldBack};
use super::location::Location;
use super::report::{LoadOutcome, LoadReport};
use crate::OdsError;

/// How many batches are on their way at once: enough to keep a small machine's cores busy, and a faraway server or
/// store too.
const SIDE_BY_SIDE: usize = 4;

/// A turn is over after so many batches, or bytes as they lie in the store: whoever waits, such as a close, gets in.
const TURN_BATCHES: usize = 64;
const TURN_BYTES: u64 = 256 * 1024 * 1024;

/// The right to load. PostgreSQL takes it back when this process ends, however it ends.
struct Turn {
    connection: PgConnection,
}

impl Turn {
    async fn begin(pool: &PgPool) -> Result<Self, sqlx::Error> {
        // a connection of its own: the lock lives as long as the session
        let mut connection = pool.connect_options().connect().await?;
        // Whoever goes away while it waits shall leave nobody in the queue. A server that cannot notice (before version
        // 14, or on Windows) refuses, and lets the session wait until its turn has come.
        let notice = "set client_connection_check_interval = '1s'";
        let _ = sqlx::query(notice).execute(&mut connection).await;
        sqlx::query("select pg_advisory_lock(hashtextextended('daybook.load', 0))")
            .execute(&mut connection)
            .await?;
        Ok(Self { connection })
    }

    async fn end(self) -> Result<(), sqlx::Error> {
        self.connection.close().await
    }
}

impl Loader<'_> {
    /// Loads what is not loaded yet; the reports come in the batches' order.
    pub(crate) async fn load_all(&self, batches: Vec<Batch>) -> Result<Vec<LoadReport>, OdsError> {
        let known = self.known(&batches).await?;
        let settled = self.settled.among(self.ods.pool(), &batches).await?;
        let mut reports: Vec<Option<LoadReport>> = Vec::with_capacity(batches.len());
        let mut new = Vec::new();
        for (position, batch) in batches.into_iter().enumerate() {
            let report = if known.contains(&position) {
                Some(LoadReport::of(&batch, LoadOutcome::AlreadyLoaded))
            } else if let Some(outcome) = settled.get(&batch.uri) {
                Some(LoadReport::of(&batch, outcome.clone()))
            } else {
                self.waiting(&batch).await?
            };
            match &report {
                Some(report) => (self.progress)(LoadEvent::Done(report)),
                None => new.push(batch),
            }
            reports.push(report);
        }
        let mut loaded = self.load_new(&new).await?.into_iter();
        Ok(reports.into_iter().filter_map(|report| report.or_else(|| loaded.next())).collect())
    }

    /// Loads batches that nothing is known of yet; the reports come in the batches' order.
    pub(crate) async fn load_new(&self, batches: &[Batch]) -> Result<Vec<LoadReport>, OdsError> {
        let mut loaded = Vec::with_capacity(batches.len());
        for turn in turns(batches) {
            loaded.extend(self.load_turn(&batches[turn]).await?);
        }
        Ok(loaded)
    }

    async fn load_turn(&self, batches: &[Batch]) -> Result<Vec<LoadReport>, OdsError> {
        let turn = Turn::begin(self.ods.pool()).await?;
        let admission = Admission::of(batches.len());
        let loads = batches.iter().enumerate().map(|(position, batch)| {
            let place = admission.place(position);
            let load = async move {
                let loaded = self.load(batch, place).await;
                loaded.map_err(|source| OdsError::Batch { uri: batch.uri.clone(), source: Box::new(source) })
            };
            load.boxed()
        });
        // collected: else the compiler cannot tell that the whole load may move between threads
        let loads: Vec<_> = loads.collect();
        let reports = stream::iter(loads)
            .buffered(SIDE_BY_SIDE)
            .inspect_ok(|report| (self.progress)(LoadEvent::Done(report)))
            .try_collect()
            .await?;
        turn.end().await?;
        Ok(reports)
    }

    /// That a batch waits for its other half, if it does.
    async fn waiting(&self, batch: &Batch) -> Result<Option<LoadReport>, OdsError> {
        let Some(missing) = batch.missing_half() else { return Ok(None) };
        let now = self.ods.clock().now();
        let why = HeldBack::Waiting { missing: &missing };
        let since = ledger::hold_back(self.ods.pool(), &batch.uri, why, now, now).await?;
        let is_overdue = now - since > self.options.pair_patience;
        Ok(Some(LoadReport::of(batch, LoadOutcome::Waiting { missing, since, is_overdue })))
    }

    /// Which of the batches, by position, the ledger knows by their files. They are held back no more, if their files
    /// were others meanwhile.
    async fn known(&self, batches: &[Batch]) -> Result<HashSet<usize>, sqlx::Error> {
        let known = ledger::known(self.ods.pool(), batches).await?;
        let uris: Vec<&str> = known.iter().map(|&position| batches[position].uri.as_str()).collect();
        let mut connection = self.ods.pool().acquire().await?;
        ledger::release(&mut connection, &uris).await?;
        Ok(known)
    }

    /// Forgets refused batches and half pairs that somebody has taken away. `batches` are all that lie at the location.
    pub(crate) async fn forget_held_back(
        &self,
        location: &Location,
        batches: &[Batch],
    ) -> Result<(), OdsError> {
        let prefix = location.uri_of(location.path().as_ref());
        let uris: Vec<_> = batches.iter().map(|batch| batch.uri.as_str()).collect();
        let halves = batches.iter().filter(|batch| batch.missing_half().is_some());
        let halves: Vec<_> = halves.map(|batch| batch.uri.as_str()).collect();
        Ok(ledger::forget_held_back(self.ods.pool(), &prefix, &uris, &halves).await?)
    }
}

fn turns(batches: &[Batch]) -> Vec<Range<usize>> {
    let mut turns = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (position, batch) in batches.iter().enumerate() {
        bytes += batch.files.iter().map(|file| file.object.size).sum::<u64>();
        if position + 1 - start == TURN_BATCHES || bytes >= TURN_BYTES {
            turns.push(start..position + 1);
            (start, bytes) = (position + 1, 0);
        }
    }
    if start < batches.len() {
        turns.push(start..batches.len());
    }
    turns
}
