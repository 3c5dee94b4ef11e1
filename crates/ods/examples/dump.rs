//! Dumps a database into an empty folder and says how many rows and bytes that were, and how long it took.
//!
//!     DAYBOOK_ODS_URL=postgresql://… dump FOLDER CUTOFF

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use daybook_model::{BusinessTimezone, Clock};
use daybook_ods::Ods;
use mimalloc::MiMalloc;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

/// As `daybook` has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(cutoff), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: dump FOLDER CUTOFF, with the database in DAYBOOK_ODS_URL".into());
    };
    let ods = Ods::connect(&std::env::var("DAYBOOK_ODS_URL")?, Clock::default()).await?;
    std::fs::create_dir_all(&folder)?;
    let store = Arc::new(LocalFileSystem::new_with_prefix(&folder)?);
    let started = Instant::now();
    let manifest = ods.dump(store, &Path::default(), 1, cutoff.parse()?, BusinessTimezone::UTC).await?;
    let seconds = started.elapsed().as_secs_f64();
    let tables = manifest.tables.iter().map(|(name, table)| {
        let rows: u64 = table.files.iter().map(|file| file.rows).sum();
        let bytes: u64 = table.files.iter().map(|file| file.bytes).sum();
        (name.clone(), serde_json::json!({ "rows": rows, "bytes": bytes, "files": table.files.len() }))
    });
    let tables: serde_json::Map<_, _> = tables.collect();
    serde_json::to_writer(std::io::stdout(), &serde_json::json!({ "seconds": seconds, "tables": tables }))?;
    Ok(())
}
