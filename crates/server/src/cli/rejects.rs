//! `daybook rejects`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use daybook_model::contract::Table;
use daybook_ods::{Ods, RejectFilter, RejectedRow};
use serde_json::{Value, json};

use super::{Outcome, Reporting, load};
use crate::config;
use crate::daybook::Daybook;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct RejectsArgs {
    #[command(subcommand)]
    command: RejectsCommand,
}

#[derive(Debug, Subcommand)]
enum RejectsCommand {
    /// List rejected rows with their place and reason, oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: u32,
    },
    /// Show one rejected row with its text
    Show {
        /// The number that `list` gives it
        row: i64,
    },
    /// Write rejected rows as CSV files, one a table, to be corrected
    Export {
        /// The folder to write to; no file in it is overwritten
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        #[command(flatten)]
        which: Which,
    },
    /// Load exported rows that were corrected
    ///
    /// That is a load of its own, which comes now: orders and lines replace what is stored under their ids, so take out
    /// those that have come right meanwhile. A row that is still wrong is rejected anew; the same rows twice change
    /// nothing.
    Replay {
        /// The folder, or one file of it; a path, file:// or s3://
        #[arg(value_name = "URI")]
        uri: String,
    },
}

/// Which rows are meant: all that were not replayed, unless told otherwise.
#[derive(Debug, Args)]
struct Which {
    /// Only those of this load
    #[arg(long, value_name = "ID")]
    load: Option<i64>,
    /// Only those for this table
    #[arg(long)]
    table: Option<Table>,
    /// Only those with this reason, such as missing_value
    #[arg(long)]
    reason: Option<String>,
    /// Also those that were replayed
    #[arg(long)]
    all: bool,
}

impl From<&Which> for RejectFilter {
    fn from(which: &Which) -> Self {
        Self {
            id: None,
            load_id: which.load,
            table: which.table,
            reason: which.reason.clone(),
            with_replayed: which.all,
            raw_characters: None,
        }
    }
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &RejectsArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    if let RejectsCommand::Replay { uri } = &args.command {
        return load::load(daybook, &load::Work::Corrections(config::location(uri)?), reporting).await;
    }
    let opened = daybook.open_ods().await?;
    let answered = answer(&opened.ods, &args.command, reporting).await;
    opened.close().await?;
    answered.map(|()| Outcome::Done)
}

async fn answer(ods: &Ods, command: &RejectsCommand, reporting: Reporting) -> anyhow::Result<()> {
    match command {
        RejectsCommand::List { which, limit } => list(ods, &which.into(), *limit, reporting).await,
        RejectsCommand::Show { row } => show(ods, *row, reporting).await,
        RejectsCommand::Export { to, which } => export(ods, &which.into(), to, reporting).await,
        RejectsCommand::Replay { .. } => Ok(()),
    }
}

async fn list(ods: &Ods, filter: &RejectFilter, limit: u32, reporting: Reporting) -> anyhow::Result<()> {
    let mut rows = ods.rejected_rows(filter, limit.saturating_add(1)).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    match reporting.format {
        Format::Json => output::json(&rows.iter().map(to_json).collect::<Vec<_>>())?,
        format => {
            let headers =
                ["row", "load", "table", "file", "line", "column", "reason", "message", "replayed in"];
            output::print_rows(format, &headers, &rows.into_iter().map(cells).collect::<Vec<_>>())?;
        }
    }
    if has_more && !reporting.quiet {
        output::remark(&format!("only the first {limit} rows are listed: --limit shows more"));
    }
    Ok(())
}

async fn show(ods: &Ods, row: i64, reporting: Reporting) -> anyhow::Result<()> {
    let filter = RejectFilter { id: Some(row), with_replayed: true, ..RejectFilter::default() };
    let Some(row) = ods.rejected_rows(&filter, 1).await?.pop() else {
        anyhow::bail!(
            "no row was rejected under the number {row}: `daybook rejects list` shows their numbers"
        );
    };
    if reporting.format == Format::Json {
        return output::json(&to_json(&row));
    }
    let RejectedRow { uri, rejected_at, raw, .. } = row.clone();
    let headers = ["row", "load", "table", "file", "line", "column", "reason", "message", "replayed in"];
    let mut rows: Vec<Vec<String>> =
        headers.iter().zip(cells(row)).map(|(header, cell)| vec![(*header).to_owned(), cell]).collect();
    rows.push(vec!["batch".to_owned(), uri]);
    rows.push(vec!["rejected at".to_owned(), output::utc(rejected_at)]);
    rows.push(vec!["text".to_owned(), raw]);
    output::print_rows(reporting.format, &["what", "value"], &rows)
}

async fn export(
    ods: &Ods,
    filter: &RejectFilter,
    folder: &std::path::Path,
    reporting: Reporting,
) -> anyhow::Result<()> {
    let files = ods.export_rejects(filter, folder).await?;
    if files.is_empty() && !reporting.quiet {
        output::remark("no rejected row is open: nothing was written");
    }
    let row = |file: &daybook_ods::ExportedFile| {
        vec![file.path.display().to_string(), file.table.name().to_owned(), file.rows.to_string()]
    };
    output::print_rows(
        reporting.format,
        &["file", "table", "rows"],
        &files.iter().map(row).collect::<Vec<_>>(),
    )
}

fn cells(row: RejectedRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.load_id.to_string(),
        row.table_name,
        row.file,
        row.line.to_string(),
        row.column_name.unwrap_or_default(),
        row.reason,
        row.message,
        row.replayed_in.map_or_else(String::new, |load| load.to_string()),
    ]
}

fn to_json(row: &RejectedRow) -> Value {
    json!({
        "row": row.id, "load_id": row.load_id, "uri": row.uri, "file": row.file, "line": row.line,
        "table": row.table_name, "column": row.column_name, "reason": row.reason, "message": row.message,
        "raw": row.raw, "rejected_at": row.rejected_at, "replayed_in": row.replayed_in,
    })
}
