//! Finds the batches and event files below a location.

use std::collections::BTreeMap;

use daybook_model::contract::Table;
use object_store::ObjectMeta;
use object_store::path::Path;

use super::location::{Contents, Location};
use crate::OdsError;
use crate::rejects::Replay;

/// Files that are loaded together, in one database transaction.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) uri: String,
    pub(crate) files: Vec<BatchFile>,
    pub(crate) warnings: Vec<String>,
    /// Whose rejected rows it brings again, if it does.
    pub(crate) replay: Option<Replay>,
}

/// A file of a batch.
#[derive(Clone, Debug)]
pub(crate) struct BatchFile {
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) table: Table,
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    pub(crate) object: ObjectMeta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    Csv,
    Events,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// A pair of files is loaded whole or waits for its other half.
const PAIRS: [(Table, Table); 2] = [(Table::Orders, Table::OrderLines), (Table::Product, Table::Variant)];

impl Batch {
    /// The file that a half pair waits for, if any does.
    pub(crate) fn missing_half(&self) -> Option<String> {
        let has = |table| self.files.iter().any(|file| file.table == table);
        let is_csv = self.files.iter().all(|file| file.format == Format::Csv);
        let missing = PAIRS.iter().find_map(|&(one, other)| match (has(one), has(other)) {
            (true, false) => Some(other),
            (false, true) => Some(one),
            _ => None,
        });
        missing.filter(|_| is_csv).map(|table| format!("{}.csv", table.name()))
    }

    /// Whether its rows are events, though they come as CSV.
    pub(crate) fn brings_events_again(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| replay.has_events)
    }

    /// Two files for one table, if there are: which one is meant cannot be told.
    pub(crate) fn ambiguous(&self) -> Option<(&str, &str)> {
        self.files.iter().enumerate().find_map(|(index, file)| {
            let other = self.files[..index].iter().find(|other| other.table == file.table)?;
            Some((other.name.as_str(), file.name.as_str()))
        })
    }
}

/// The batches at a location, in the order in which they are loaded: batch directories by name, then variant updates,
/// then payments, which belong to orders and variants.
pub(crate) async fn discover(location: &Location) -> Result<Vec<Batch>, OdsError> {
    match location.contents().await? {
        Contents::File(object) => single_file(location, object).map(|batch| vec![batch]),
        Contents::Prefix(objects) => {
            let is_empty = objects.iter().all(|object| visible(location.path(), &object.location).is_none());
            let batches = group(location, objects);
            if batches.is_empty() && !is_empty {
                return Err(OdsError::NothingToLoad(location.uri_of(location.path().as_ref())));
            }
            Ok(batches)
        }
    }
}

fn single_file(location: &Location, object: ObjectMeta) -> Result<Batch, OdsError> {
    let uri = location.uri_of(object.location.as_ref());
    let refuse = |reason: &str| OdsError::Location { uri: uri.clone(), reason: reason.to_owned() };
    let file = recognise(location, object).ok_or_else(|| {
        refuse("an event file is named transactions*.ndjson or variant_updates*.ndjson (.gz, .zst)")
    })?;
    if file.format == Format::Csv {
        return Err(refuse("a CSV file is half a pair: give the directory that holds both"));
    }
    Ok(Batch { uri, files: vec![file], warnings: Vec::new(), replay: None })
}

fn group(location: &Location, objects: Vec<ObjectMeta>) -> Vec<Batch> {
    let mut directories: BTreeMap<String, Batch> = BTreeMap::new();
    let mut unknown: Vec<(String, String)> = Vec::new();
    let mut events = Vec::new();
    for object in objects {
        let Some((directory, name)) = visible(location.path(), &object.location) else {
            continue;
        };
        match recognise(location, object) {
            Some(file) if file.format == Format::Events => events.push(file),
            Some(file) => directories
                .entry(directory)
                .or_insert_with_key(|directory| Batch {
                    uri: location.uri_of(directory),
                    files: Vec::new(),
                    warnings: Vec::new(),
                    replay: None,
                })
                .files
                .push(file),
            None => unknown.push((directory, name)),
        }
    }
    for (directory, name) in unknown {
        // Elsewhere a strange file is none of Daybook's business.
        if let Some(batch) = directories.get_mut(&directory) {
            batch.warnings.push(format!("{name} is no file of a batch: ignored"));
        }
    }
    // Payments last; the tables' own order has them so.
    events.sort_by(|a, b| (a.table, &a.uri).cmp(&(b.table, &b.uri)));
    let mut batches: Vec<Batch> = directories.into_values().map(in_order).collect();
    batches.extend(events.into_iter().map(|file| Batch {
        uri: file.uri.clone(),
        files: vec![file],
        warnings: Vec::new(),
        replay: None,
    }));
    batches
}

fn in_order(mut batch: Batch) -> Batch {
    batch.files.sort_by(|a, b| (a.table, &a.name).cmp(&(b.table, &b.name)));
    batch.warnings.sort();
    batch
}

/// The directory and name of an object; none for one that is hidden or still being written.
fn visible(prefix: &Path, object: &Path) -> Option<(String, String)> {
    let below: Vec<_> = object.prefix_match(prefix)?.collect();
    let name = below.last()?.as_ref().to_owned();
    let is_hidden = below.iter().any(|part| part.as_ref().starts_with(['.', '_']));
    let is_temporary =
        name.ends_with('~') || [".tmp", ".part", ".swp", ".crc"].iter().any(|suffix| name.ends_with(suffix));
    let directory = object.as_ref().rsplit_once('/').map_or("", |(directory, _)| directory);
    (!is_hidden && !is_temporary).then(|| (directory.to_owned(), name))
}

/// What a load would take an object below `prefix` for, by its name: the directory of the batch that it is a file of, or
/// itself if it holds events; none for one that is left alone.
pub(super) fn place_of(prefix: &Path, object: &Path) -> Option<Path> {
    let (directory, name) = visible(prefix, object)?;
    match table_of(compression(&name).0)? {
        (_, Format::Csv) => Path::parse(directory).ok(),
        (_, Format::Events) => Some(object.clone()),
    }
}

fn recognise(location: &Location, object: ObjectMeta) -> Option<BatchFile> {
    let name = object.location.filename()?.to_owned();
    let (stem, compression) = compression(&name);
    let (table, format) = table_of(stem)?;
    let uri = location.uri_of(object.location.as_ref());
    Some(BatchFile { name, uri, table, format, compression, object })
}

/// How a file is packed, and its name without that.
pub(crate) fn compression(name: &str) -> (&str, Compression) {
    match (name.strip_suffix(".gz"), name.strip_suffix(".zst")) {
        (Some(stem), _) => (stem, Compression::Gzip),
        (None, Some(stem)) => (stem, Compression::Zstd),
        (None, None) => (name, Compression::None),
    }
}

fn table_of(stem: &str) -> Option<(Table, Format)> {
    if let Some(stem) = stem.strip_suffix(".ndjson") {
        return match stem {
            _ if stem.starts_with("transactions") => Some((Table::Transaction, Format::Events)),
            _ if stem.starts_with("variant_updates") => Some((Table::Variant, Format::Events)),
            _ => None,
        };
    }
    let stem = stem.strip_suffix(".csv")?;
    PAIRS
        .iter()
        .flat_map(|&(one, other)| [one, other])
        .find(|table| table.name() == stem)
        .map(|table| (table, Format::Csv))
}
