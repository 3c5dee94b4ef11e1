//! The order in which models can be built.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Place;
use super::{Model, ModelError};

/// Sorts models so that each comes after what it reads; among free choices, by name. What they read must exist.
pub(super) fn sort(models: Vec<Model>) -> Result<Vec<Model>, ModelError> {
    let mut waiting: BTreeMap<String, Model> =
        models.into_iter().map(|model| (model.name.clone(), model)).collect();
    let mut sorted = Vec::with_capacity(waiting.len());
    while let Some(ready) = next_ready(&waiting) {
        sorted.extend(waiting.remove(&ready));
    }
    match circle(&waiting) {
        None => Ok(sorted),
        Some((place, names)) => {
            Err(place.wrong(format!("models read each other in a circle: {}", names.join(" → "))))
        }
    }
}

fn next_ready(waiting: &BTreeMap<String, Model>) -> Option<String> {
    let ready = |model: &&Model| !model.reads.keys().any(|name| waiting.contains_key(name));
    waiting.values().find(ready).map(|model| model.name.clone())
}

/// Follows references among models that all wait for another until one comes again; gives the place of one of them.
fn circle(waiting: &BTreeMap<String, Model>) -> Option<(Place, Vec<String>)> {
    let mut path: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut current = waiting.values().next()?;
    while seen.insert(current.name.clone()) {
        path.push(current.name.clone());
        let next = current.reads.keys().find_map(|read| waiting.get(read))?;
        current = next;
    }
    let mut names = path.split_off(path.iter().position(|name| *name == current.name)?);
    names.push(current.name.clone());
    let line = names.get(1).and_then(|next| current.reads.get(next)).copied().unwrap_or_default();
    Some((Place::line(&current.file, line), names))
}
