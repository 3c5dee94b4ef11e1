//! The order in which models can be built.

use std::collections::{BTreeMap, BTreeSet};

use super::{Model, ModelError};

/// Sorts models so that each comes after what it reads; among free choices, by name.
pub(super) fn sort(models: Vec<Model>, sources: &BTreeSet<String>) -> Result<Vec<Model>, ModelError> {
    let mut waiting: BTreeMap<String, Model> =
        models.into_iter().map(|model| (model.name.clone(), model)).collect();
    check_references(&waiting, sources)?;
    let mut sorted = Vec::with_capacity(waiting.len());
    while let Some(ready) = next_ready(&waiting) {
        sorted.extend(waiting.remove(&ready));
    }
    if waiting.is_empty() { Ok(sorted) } else { Err(ModelError::Cycle(circle(&waiting))) }
}

fn check_references(models: &BTreeMap<String, Model>, sources: &BTreeSet<String>) -> Result<(), ModelError> {
    for model in models.values() {
        let unknown = model.reads.iter().find(|name| !models.contains_key(*name) && !sources.contains(*name));
        if let Some(relation) = unknown {
            return Err(ModelError::UnknownReference {
                file: model.file.clone(),
                relation: relation.clone(),
            });
        }
    }
    Ok(())
}

fn next_ready(waiting: &BTreeMap<String, Model>) -> Option<String> {
    let ready = |model: &&Model| !model.reads.iter().any(|name| waiting.contains_key(name));
    waiting.values().find(ready).map(|model| model.name.clone())
}

/// Follows references among models that all wait for another until one comes again.
fn circle(waiting: &BTreeMap<String, Model>) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut current = waiting.keys().next().cloned();
    while let Some(name) = current {
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            path.push(name);
            return path.split_off(start);
        }
        current = waiting[&name].reads.iter().find(|read| waiting.contains_key(*read)).cloned();
        path.push(name);
    }
    path
}
