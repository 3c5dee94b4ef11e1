//! The models: SQL files with a YAML file beside each, embedded in the binary and ordered by their references.

mod dag;
mod definition;
mod references;

use std::collections::{BTreeMap, BTreeSet};

use include_dir::{Dir, File, include_dir};
use serde::Deserialize;

pub use definition::{ColumnSpec, DataType, Feed, Kind, Model};

static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../models");

/// What can be wrong with the model files.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The YAML beside a model does not have the form of a model definition.
    #[error("{file}: {source}")]
    Definition {
        /// The YAML file, below `models/`.
        file: String,
        /// What the YAML parser found, with its line.
        #[source]
        source: serde_norway::Error,
    },
    /// The SQL of a model does not parse.
    #[error("{file}: {source}")]
    Sql {
        /// The SQL file, below `models/`.
        file: String,
        /// What the SQL parser found, with its line.
        #[source]
        source: sqlparser::parser::ParserError,
    },
    /// A file is missing its counterpart, or is not UTF-8.
    #[error("{file}: {problem}")]
    File {
        /// The file, below `models/`.
        file: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A model reads a relation that is neither a model nor a source.
    #[error("{file}: reads '{relation}', which is neither a model nor a source of sources.yml")]
    UnknownReference {
        /// The SQL file, below `models/`.
        file: String,
        /// The unknown relation.
        relation: String,
    },
    /// Models read each other in a circle.
    #[error("models read each other in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// A definition contradicts itself.
    #[error("{file}: {problem}")]
    Contradiction {
        /// The YAML file, below `models/`.
        file: String,
        /// What does not fit.
        problem: String,
    },
}

/// All models, in an order in which each comes after what it reads.
#[derive(Debug)]
pub struct Registry {
    models: Vec<Model>,
    sources: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    sources: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    #[serde(rename = "description")]
    _description: String,
}

impl Registry {
    /// The models that ship with Daybook.
    ///
    /// # Errors
    /// A [`ModelError`] names the file at fault; the shipped files are tested to have none.
    pub fn shipped() -> Result<Self, ModelError> {
        let mut files = BTreeMap::new();
        collect(&SHIPPED, &mut files)?;
        Self::from_files(&files)
    }

    /// The models of `files`: contents by path below the models folder.
    ///
    /// # Errors
    /// A [`ModelError`] names the file at fault.
    pub fn from_files(files: &BTreeMap<String, &str>) -> Result<Self, ModelError> {
        let sources = parse_sources(files)?;
        let mut models = Vec::new();
        for (path, sql) in files.iter().filter(|(path, _)| path.ends_with(".sql")) {
            let yaml_path = format!("{}.yml", path.trim_end_matches(".sql"));
            let yaml = files
                .get(&yaml_path)
                .ok_or_else(|| ModelError::File { file: path.clone(), problem: "has no .yml beside it" })?;
            models.push(Model::parse(path, sql, &yaml_path, yaml)?);
        }
        let models = dag::sort(models, &sources)?;
        Ok(Self { models, sources })
    }

    /// Every model, each after what it reads.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of that name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The relations that models may read but no model makes.
    pub fn sources(&self) -> &BTreeSet<String> {
        &self.sources
    }
}

fn collect(dir: &Dir<'static>, files: &mut BTreeMap<String, &'static str>) -> Result<(), ModelError> {
    for file in dir.files() {
        let path = path_of(file);
        let text = file
            .contents_utf8()
            .ok_or_else(|| ModelError::File { file: path.clone(), problem: "is not UTF-8 text" })?;
        files.insert(path, text);
    }
    dir.dirs().try_for_each(|dir| collect(dir, files))
}

fn path_of(file: &File<'_>) -> String {
    file.path().to_string_lossy().into_owned()
}

fn parse_sources(files: &BTreeMap<String, &str>) -> Result<BTreeSet<String>, ModelError> {
    const FILE: &str = "sources.yml";
    let text =
        files.get(FILE).ok_or_else(|| ModelError::File { file: FILE.to_owned(), problem: "is missing" })?;
    let sources: Sources = serde_norway::from_str(text)
        .map_err(|source| ModelError::Definition { file: FILE.to_owned(), source })?;
    Ok(sources.sources.into_iter().map(|source| source.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: (&str, &str) = ("sources.yml", "sources: [{name: raw, description: Rows.}]");
    const VIEW: &str =
        "{description: d, kind: view, grain: g, columns: [{name: a, type: string, description: d}]}";

    fn registry(files: &[(&str, &'static str)]) -> Result<Registry, ModelError> {
        let files = files.iter().chain([&SOURCES]).map(|(path, text)| ((*path).to_owned(), *text)).collect();
        Registry::from_files(&files)
    }

    #[test]
    fn the_shipped_models_are_sound_and_sorted() {
        let registry = Registry::shipped().expect("shipped models");
        let order: Vec<_> = registry.models().iter().map(|model| model.name.as_str()).collect();
        insta::assert_snapshot!(order.join("\n"));
    }

    #[test]
    fn an_unknown_reference_names_file_and_relation() {
        let error =
            registry(&[("app/a.sql", "select a from nowhere"), ("app/a.yml", VIEW)]).expect_err("unknown");
        insta::assert_snapshot!(error, @"app/a.sql: reads 'nowhere', which is neither a model nor a source of sources.yml");
    }

    #[test]
    fn a_circle_is_shown() {
        let error = registry(&[
            ("app/a.sql", "select a from b"),
            ("app/a.yml", VIEW),
            ("app/b.sql", "select a from a"),
            ("app/b.yml", VIEW),
        ])
        .expect_err("a circle");
        insta::assert_snapshot!(error, @"models read each other in a circle: a → b → a");
    }

    #[test]
    fn a_wrong_kind_names_file_and_line() {
        let error =
            registry(&[("app/a.sql", "select a from raw"), ("app/a.yml", "description: d\nkind: tabel\n")])
                .expect_err("a wrong kind");
        insta::assert_snapshot!(error);
    }

    #[test]
    fn a_partitioned_model_needs_a_feed() {
        let yaml = "{description: d, kind: replace_partition, grain: g, key: [a], \
                    columns: [{name: a, type: string, description: d}]}";
        let error =
            registry(&[("app/a.sql", "select a from raw"), ("app/a.yml", yaml)]).expect_err("no feed");
        insta::assert_snapshot!(error, @"app/a.yml: kind replace_partition needs 'feed': orders or catalogue");
    }
}
