//! What a load that is repeated need not read again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::PgPool;

use super::discover::Batch;
use super::ledger;
use super::report::LoadOutcome;
use super::source::fingerprint;

/// Remembers batches that the ledger cannot tell by their files: those that were refused, and those whose content was
/// loaded from other files. While a batch's files stay as they are, there is nothing new to find in them.
///
/// Kept in memory only, because a refusal may also depend on options and on what was stored: who loads anew looks anew.
#[derive(Debug, Default)]
pub struct Settled {
    batches: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    files: Vec<(String, String)>,
    outcome: LoadOutcome,
    /// By which the ledger knows what was loaded from other files.
    content_hash: Option<String>,
}

impl Settled {
    pub(crate) fn note(&self, batch: &Batch, outcome: LoadOutcome, content_hash: Option<String>) {
        let entry = Entry { files: files_of(batch), outcome, content_hash };
        self.lock().insert(batch.uri.clone(), entry);
    }

    /// What became of those of the batches that need not be read, by their URI. Others are forgotten.
    pub(crate) async fn among(
        &self,
        pool: &PgPool,
        batches: &[Batch],
    ) -> Result<HashMap<String, LoadOutcome>, sqlx::Error> {
        let content_hashes = self.keep(batches);
        // a database that was restored may not know the content any more
        let known = ledger::known_contents(pool, content_hashes).await?;
        let mut entries = self.lock();
        entries.retain(|_, entry| entry.content_hash.as_ref().is_none_or(|hash| known.contains(hash)));
        Ok(entries.iter().map(|(uri, entry)| (uri.clone(), entry.outcome.clone())).collect())
    }

    /// Keeps the batches whose files are as they were, and gives the contents that were loaded from other files.
    fn keep(&self, batches: &[Batch]) -> Vec<String> {
        let mut entries = self.lock();
        let unchanged = |batch: &Batch| {
            let kept = entries.remove_entry(&batch.uri)?;
            (kept.1.files == files_of(batch)).then_some(kept)
        };
        *entries = batches.iter().filter_map(unchanged).collect();
        entries.values().filter_map(|entry| entry.content_hash.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn files_of(batch: &Batch) -> Vec<(String, String)> {
    batch.files.iter().map(|file| (file.uri.clone(), fingerprint(&file.object))).collect()
}
