//! The models: SQL files with a YAML file beside each, those that ship with Daybook and the user's own, ordered by
//! their references.

mod dag;
mod data_test;
mod declared;
mod definition;
mod error;
mod fingerprint;
mod lineage;
mod overlay;
mod references;
mod selection;
mod unit_test;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use include_dir::{Dir, include_dir};

use crate::PARTITION_COLUMN;

pub use data_test::{Check, DataTest, Severity, Tested};
pub use definition::{ColumnSpec, DataType, Feed, Kind, Model, Origin};
pub use error::{ModelError, Place};
pub use lineage::ColumnReference;
pub use unit_test::{TestRow, UnitTest};

static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../models");

/// The contents of model files, by path below a models folder.
pub type ModelFiles = BTreeMap<String, String>;

/// A relation that models may read but no model makes.
#[derive(Clone, Debug)]
pub struct SourceTable {
    /// What it is, for people.
    pub description: String,
    /// The columns.
    pub columns: Vec<ColumnSpec>,
}

/// A test that is SQL: it gives the rows that are wrong.
#[derive(Clone, Debug)]
pub struct CustomTest {
    /// The SQL file's stem.
    pub name: String,
    /// The SQL file, as a person finds it.
    pub file: String,
    /// What it tests, for people.
    pub description: String,
    /// The query.
    pub test: DataTest,
    /// The relations that the SQL reads, and the first line of each.
    pub reads: BTreeMap<String, u64>,
}

/// All models, in an order in which each comes after what it reads.
#[derive(Debug)]
pub struct Registry {
    models: Vec<Model>,
    sources: BTreeMap<String, SourceTable>,
    custom_tests: Vec<CustomTest>,
    fingerprints: BTreeMap<String, String>,
}

impl Registry {
    /// The models that ship with Daybook.
    ///
    /// # Errors
    /// A [`ModelError`] names the place at fault; the shipped files are tested to have none.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::with_folder("models", &ModelFiles::new())
    }

    /// The models that ship with Daybook, and over them those of the user's `folder`, which holds `files`. A model
    /// with the name of a shipped one takes its place.
    ///
    /// # Errors
    /// A [`ModelError`] names the place at fault.
    pub fn with_folder(folder: &str, files: &ModelFiles) -> Result<Self, ModelError> {
        let mut shipped = ModelFiles::new();
        collect(&SHIPPED, &mut shipped)?;
        Self::from_files(&shipped, folder, files)
    }

    fn from_files(shipped: &ModelFiles, folder: &str, files: &ModelFiles) -> Result<Self, ModelError> {
        let overlaid = overlay::of(shipped, folder, files)?;
        let mut registry = Self {
            models: dag::sort(checked_references(overlaid.models, &overlaid.sources)?)?,
            sources: overlaid.sources,
            custom_tests: overlaid.custom_tests,
            fingerprints: BTreeMap::new(),
        };
        registry.check_dates()?;
        registry.check_feeds()?;
        registry.check_tests()?;
        registry.fingerprints = fingerprint::of(&registry.models, &registry.sources);
        Ok(registry)
    }

    /// Every model, each after what it reads.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of that name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The relations that models may read but no model makes, by name.
    pub fn sources(&self) -> &BTreeMap<String, SourceTable> {
        &self.sources
    }

    /// The tests that are SQL of their own.
    pub fn custom_tests(&self) -> &[CustomTest] {
        &self.custom_tests
    }

    /// The columns of a model or source.
    pub fn columns(&self, relation: &str) -> Option<&[ColumnSpec]> {
        let of_model = self.get(relation).map(|model| model.columns.as_slice());
        of_model.or_else(|| self.sources.get(relation).map(|source| source.columns.as_slice()))
    }

    /// A hash of what decides the content of each model, by name: its query, its columns, how it is kept, and the same
    /// of all that it reads.
    pub fn fingerprints(&self) -> &BTreeMap<String, String> {
        &self.fingerprints
    }

    /// What is rebuilt by dates must be told by dates what has changed.
    fn check_dates(&self) -> Result<(), ModelError> {
        for model in self.models.iter().filter(|model| model.kind == Kind::ReplacePartition) {
            let is_table = |name: &String| self.get(name).is_some_and(|read| read.kind == Kind::Table);
            for (read, line) in &model.reads {
                let known = self.dependencies(read);
                if let Some(table) = std::iter::once(read).chain(&known).find(|name| is_table(name)) {
                    return Err(Place::line(&model.file, *line).wrong(format!(
                        "reads '{table}', a table that is rebuilt as a whole: of its changes nobody knows the dates"
                    )));
                }
            }
        }
        Ok(())
    }

    /// What is rebuilt for the dates of one feed must not read what is rebuilt for others: it would grow out of date.
    fn check_feeds(&self) -> Result<(), ModelError> {
        for (model, feed) in self.models.iter().filter_map(|model| Some((model, model.feed?))) {
            for (read, line) in &model.reads {
                let tables = match self.get(read) {
                    Some(view) if !view.is_stored() => self.tables_read(read),
                    _ => BTreeSet::from([read.clone()]),
                };
                let mut fed = tables.iter().filter_map(|name| Some((name, self.get(name)?.feed?)));
                if let Some((name, other)) = fed.find(|(_, other)| !feed.follows(*other)) {
                    return Err(Place::line(&model.file, *line).wrong(format!(
                        "reads '{name}', which is rebuilt by feed {}, and this model only by feed {}: \
                         make it a view or a table, which follow all that they read",
                        other.name(),
                        feed.name(),
                    )));
                }
            }
        }
        Ok(())
    }

    /// What tests compare with must exist.
    fn check_tests(&self) -> Result<(), ModelError> {
        for model in &self.models {
            for test in &model.data_tests {
                let wrong = |problem: String| test.place.wrong(format!("test {}: {problem}", test.name));
                let Some(other) = test.compares() else { continue };
                let Some(columns) = self.columns(other) else {
                    return Err(wrong(format!("'{other}' is neither a model nor a source")));
                };
                let field = match &test.check {
                    Check::Relationships { field, .. } => field.as_str(),
                    _ => PARTITION_COLUMN,
                };
                if !columns.iter().any(|column| column.name == field) {
                    return Err(wrong(format!("'{other}' has no column '{field}'")));
                }
                let by_date = match &test.check {
                    Check::Relationships { same_date, .. } => *same_date,
                    _ => true,
                };
                if by_date && !model.is_dated() {
                    return Err(wrong(
                        "compares rows date by date, and this model's are not kept so".to_owned(),
                    ));
                }
            }
            model.unit_tests.iter().try_for_each(|test| test.check(&model.name, self))?;
        }
        self.custom_tests.iter().try_for_each(|test| {
            let known = |name: &str| self.columns(name).is_some();
            unknown(&test.file, &test.reads, known).map_or(Ok(()), Err)
        })
    }
}

/// What each model reads must exist, and not be hidden by a name of its own.
fn checked_references(
    models: Vec<Model>,
    sources: &BTreeMap<String, SourceTable>,
) -> Result<Vec<Model>, ModelError> {
    let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
    let known = |name: &str| names.contains(name) || sources.contains_key(name);
    for model in &models {
        if let Some(error) = unknown(&model.file, &model.reads, known) {
            return Err(error);
        }
        if let Some((name, line)) = model.defines.iter().find(|(name, _)| known(name)) {
            let problem = format!("'{name}' hides the model or source of that name: call it otherwise");
            return Err(Place::line(&model.file, *line).wrong(problem));
        }
    }
    Ok(models)
}

fn unknown(file: &str, reads: &BTreeMap<String, u64>, known: impl Fn(&str) -> bool) -> Option<ModelError> {
    let (name, line) = reads.iter().find(|(name, _)| !known(name))?;
    Some(Place::line(file, *line).wrong(format!("reads '{name}', which is neither a model nor a source")))
}

fn collect(dir: &Dir<'static>, files: &mut ModelFiles) -> Result<(), ModelError> {
    for file in dir.files() {
        let path = file.path().to_string_lossy().into_owned();
        let text = file.contents_utf8().ok_or_else(|| Place::file(&path).wrong("is not UTF-8 text"))?;
        files.insert(path, text.to_owned());
    }
    dir.dirs().try_for_each(|dir| collect(dir, files))
}

#[cfg(test)]
mod tests;
