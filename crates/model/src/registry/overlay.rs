//! The user's model files over those that ship.

use std::collections::BTreeMap;

use super::definition::{Files, columns};
use super::error::{self, Place};
use super::{
    Check, CustomTest, DataTest, Kind, Model, ModelError, ModelFiles, Origin, SourceTable, references, yaml,
};
use crate::manifest::table_staged_as;
use crate::step;

const SOURCES: &str = "sources.yml";
const TESTS: &str = "tests/";

/// All that two folders hold.
pub(super) struct Overlaid {
    pub(super) models: Vec<Model>,
    pub(super) sources: BTreeMap<String, SourceTable>,
    pub(super) custom_tests: Vec<CustomTest>,
}

pub(super) fn of(shipped: &ModelFiles, folder: &str, files: &ModelFiles) -> Result<Overlaid, ModelError> {
    if files.get(SOURCES).is_some_and(|own| shipped.get(SOURCES) != Some(own)) {
        let place = Place::file(&format!("{folder}/{SOURCES}"));
        return Err(place.wrong("sources are what Daybook itself brings: there can be no others"));
    }
    let mut models = BTreeMap::new();
    let mut custom_tests = BTreeMap::new();
    for (layer, folder, origin) in [(shipped, "models", Origin::Shipped), (files, folder, Origin::Added)] {
        for files in pairs(layer, folder)? {
            if origin != Origin::Shipped && is_copy(&files, shipped, folder) {
                continue;
            }
            if files.file.starts_with(&format!("{folder}/{TESTS}")) {
                let test = custom_test(&files)?;
                if let Some(held) = custom_tests.insert(test.name.clone(), test) {
                    return Err(same_name(&files, &held.file));
                }
            } else {
                add(&mut models, &files, origin)?;
            }
        }
    }
    Ok(Overlaid {
        models: models.into_values().collect(),
        sources: sources(shipped)?,
        custom_tests: custom_tests.into_values().collect(),
    })
}

/// Every SQL file with the YAML beside it.
fn pairs<'a>(layer: &'a ModelFiles, folder: &str) -> Result<Vec<Files<'a>>, ModelError> {
    let shown = |path: &str| format!("{folder}/{path}");
    let is_model_yaml = |path: &str| path.ends_with(".yml") && path != SOURCES;
    for path in layer.keys().filter(|path| is_model_yaml(path)) {
        if !layer.contains_key(&path.replace(".yml", ".sql")) {
            return Err(Place::file(&shown(path)).wrong("has no .sql beside it"));
        }
    }
    let pair = |(path, sql): (&'a String, &'a String)| {
        let stem = path.trim_end_matches(".sql");
        let yaml_path = format!("{stem}.yml");
        let Some(yaml) = layer.get(&yaml_path) else {
            return Err(Place::file(&shown(path)).wrong("has no .yml beside it"));
        };
        let name = stem.rsplit('/').next().unwrap_or(stem);
        if !is_name(name) {
            let problem = "is no name for a table: use lower-case letters, digits and _, a letter first";
            return Err(Place::file(&shown(path)).wrong(problem));
        }
        Ok(Files { name, file: shown(path), sql, yaml_file: shown(&yaml_path), yaml })
    };
    layer.iter().filter(|(path, _)| path.ends_with(".sql")).map(pair).collect()
}

/// Whether the same files ship: then they override nothing.
fn is_copy(files: &Files<'_>, shipped: &ModelFiles, folder: &str) -> bool {
    let ships = |file: &str, text: &str| {
        let path = file.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
        path.and_then(|path| shipped.get(path)).is_some_and(|shipped| shipped == text)
    };
    ships(&files.file, files.sql) && ships(&files.yaml_file, files.yaml)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn same_name(files: &Files<'_>, held: &str) -> ModelError {
    Place::file(&files.file).wrong(format!("has the same name as {held}"))
}

/// Adds a model, or puts it in the place of the shipped one of its name.
fn add(models: &mut BTreeMap<String, Model>, files: &Files<'_>, origin: Origin) -> Result<(), ModelError> {
    if step::has_name(files.name) {
        let problem =
            "has the name of a step of the close, by which runs are recorded: call the model otherwise";
        return Err(Place::file(&files.file).wrong(problem));
    }
    let mut model = Model::parse(files, origin)?;
    if let Some(held) = models.get(&model.name) {
        if held.origin == origin {
            return Err(same_name(files, &held.file));
        }
        model.origin = Origin::Overridden;
        check_override(held, &model)?;
    }
    if origin != Origin::Shipped && model.kind == Kind::Incremental {
        let problem = "kind incremental is for Daybook's own replica: use view, replace_partition or table";
        return Err(Place::file(&files.yaml_file).wrong(problem));
    }
    let staged = model.reads.iter().find_map(|(read, line)| Some((read, line, table_staged_as(read)?)));
    if let Some((read, line, table)) = staged.filter(|_| origin != Origin::Shipped) {
        return Err(Place::line(&model.file, *line).wrong(format!(
            "reads '{read}', which is there only while a close merges it into the replica: read '{table}'"
        )));
    }
    models.insert(model.name.clone(), model);
    Ok(())
}

/// Other models and the close itself read what ships.
fn check_override(shipped: &Model, own: &Model) -> Result<(), ModelError> {
    let place = Place::file(&own.yaml_file);
    if shipped.kind == Kind::Incremental {
        return Err(
            place.wrong("the replica cannot be overridden: call the model otherwise, and read the replica")
        );
    }
    if shipped.is_partitioned() && own.kind == Kind::Table {
        return Err(place.wrong("takes the place of a shipped table with partitions, so it needs them, too: use kind replace_partition"));
    }
    let kept = |name: &str, data_type| {
        own.columns.iter().any(|column| column.name == name && column.data_type == data_type)
    };
    match shipped.columns.iter().find(|column| !kept(&column.name, column.data_type)) {
        None => Ok(()),
        Some(column) => Err(place.wrong(format!(
            "takes the place of a shipped model, so it needs its column '{}' of type {}: others read it",
            column.name,
            column.data_type.name()
        ))),
    }
}

fn custom_test(files: &Files<'_>) -> Result<CustomTest, ModelError> {
    let declared: yaml::CustomTest =
        serde_saphyr::from_str(files.yaml).map_err(|found| error::yaml(&files.yaml_file, &found))?;
    let parsed = references::parse(&files.file, files.sql)?;
    crate::compile::compile(files.sql, &std::collections::BTreeSet::new(), crate::Dialect::Delta)
        .map_err(|found| error::sql(&files.file, &found))?;
    Ok(CustomTest {
        name: files.name.to_owned(),
        file: files.file.clone(),
        description: declared.description.value,
        test: DataTest {
            name: files.name.to_owned(),
            severity: declared.config.severity,
            check: Check::Custom(files.sql.to_owned()),
            place: Place::file(&files.file),
        },
        reads: parsed.reads,
    })
}

fn sources(shipped: &ModelFiles) -> Result<BTreeMap<String, SourceTable>, ModelError> {
    let file = format!("models/{SOURCES}");
    let text = shipped.get(SOURCES).ok_or_else(|| Place::file(&file).wrong("is missing"))?;
    let declared: yaml::Sources = serde_saphyr::from_str(text).map_err(|found| error::yaml(&file, &found))?;
    let source = |source: &yaml::Source| {
        let table = SourceTable {
            description: source.description.value.clone(),
            columns: columns(&file, &source.columns)?,
        };
        Ok((source.name.value.clone(), table))
    };
    declared.sources.iter().map(source).collect()
}
