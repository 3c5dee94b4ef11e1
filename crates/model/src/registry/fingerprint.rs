//! A hash of what decides a model's content, to tell that it must be built again.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::Xxh3;

use super::{Kind, Model, SourceTable};

/// The fingerprint of every model, by name; `models` come in the order of their references.
///
/// It covers the query (not its comments or line breaks), the columns, how the model is kept, and the content of all
/// that it reads; not descriptions and tests. A replica keeps what it has merged, so its query is no part of it.
pub(super) fn of(models: &[Model], sources: &BTreeMap<String, SourceTable>) -> BTreeMap<String, String> {
    let mut contents: BTreeMap<&str, u128> = sources
        .iter()
        .map(|(name, source)| (name.as_str(), hash([format!("{:?}", shape(&source.columns))])))
        .collect();
    let mut fingerprints = BTreeMap::new();
    for model in models {
        let query = if model.kind == Kind::Incremental { "" } else { &model.normalized };
        let read = model.reads.keys().filter(|_| model.kind != Kind::Incremental);
        let read = read.map(|name| format!("{name} {:?}", contents.get(name.as_str())));
        let own = [query.to_owned(), format!("{:?}", shape(&model.columns)), model.lookback_days.to_string()];
        let content = hash(own.into_iter().chain(read));
        contents.insert(&model.name, content);
        let kept = format!("{:?} {:?} {:?} {:?}", model.kind, model.feed, model.sort, model.lookups);
        fingerprints.insert(model.name.clone(), format!("{:032x}", hash([content.to_string(), kept])));
    }
    fingerprints
}

fn shape(columns: &[super::ColumnSpec]) -> Vec<(&str, super::DataType)> {
    columns.iter().map(|column| (column.name.as_str(), column.data_type)).collect()
}

fn hash(parts: impl IntoIterator<Item = String>) -> u128 {
    let mut hasher = Xxh3::new();
    for part in parts {
        // with its length, so that no two lists of parts run together
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.digest128()
}
