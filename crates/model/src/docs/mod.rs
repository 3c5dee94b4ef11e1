//! The documentation of models as a static site: pages that a browser opens from disk, without a server.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{ColumnReference, ColumnSpec, Model, Registry};

/// A file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFile {
    /// Its name; the site is one folder.
    pub name: &'static str,
    /// What it holds.
    pub content: String,
}

/// The site that documents the models of `registry`; `index.html` is its entry.
pub fn site(registry: &Registry) -> Vec<SiteFile> {
    let file = |name, content: &str| SiteFile { name, content: content.to_owned() };
    vec![
        file("index.html", include_str!("site/index.html")),
        file("style.css", include_str!("site/style.css")),
        file("graph.js", include_str!("site/graph.js")),
        file("app.js", include_str!("site/app.js")),
        // a script, because a page that is opened from disk may not fetch
        SiteFile { name: "models.js", content: format!("const catalog = {};\n", catalog(registry)) },
    ]
}

/// What the pages show, as JSON that is also JavaScript.
fn catalog(registry: &Registry) -> String {
    let models = registry.models().iter().map(|model| Relation::of_model(registry, model));
    let sources = registry.sources().iter().map(|(name, source)| {
        let columns = columns(&source.columns, &BTreeMap::new());
        Relation { columns, ..Relation::new(name, "source", &source.description) }
    });
    let relations: Vec<_> = sources.chain(models).collect();
    // strings, numbers, lists and maps with text keys always have a JSON form
    serde_json::to_string_pretty(&relations).unwrap_or_default()
}

/// A model or source.
#[derive(Default, Serialize)]
struct Relation<'a> {
    name: &'a str,
    /// `source`, or the kind of model.
    kind: &'a str,
    description: &'a str,
    file: &'a str,
    origin: &'a str,
    owner: &'a str,
    grain: &'a str,
    key: Vec<&'a str>,
    sort: Vec<&'a str>,
    reads: Vec<&'a str>,
    columns: Vec<Column<'a>>,
    tests: Vec<Test<'a>>,
    examples: Vec<&'a str>,
    sql: &'a str,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    data_type: &'static str,
    description: &'a str,
    nullable: bool,
    from: BTreeSet<ColumnReference>,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    severity: &'static str,
}

impl<'a> Relation<'a> {
    fn new(name: &'a str, kind: &'a str, description: &'a str) -> Self {
        Self { name, kind, description, ..Self::default() }
    }

    fn of_model(registry: &'a Registry, model: &'a Model) -> Self {
        let texts = |list: &'a [String]| list.iter().map(String::as_str).collect::<Vec<_>>();
        let own = model.data_tests.iter();
        let custom = registry.custom_tests().iter().filter(|custom| custom.reads.contains_key(&model.name));
        let tests = own.chain(custom.map(|custom| &custom.test));
        Self {
            file: &model.file,
            origin: model.origin.name(),
            owner: model.owner.as_deref().unwrap_or_default(),
            grain: &model.grain,
            key: texts(&model.key),
            sort: texts(&model.sort),
            reads: model.reads.keys().map(String::as_str).collect(),
            columns: columns(&model.columns, &registry.lineage(model)),
            tests: tests.map(|test| Test { name: &test.name, severity: test.severity.name() }).collect(),
            examples: model.unit_tests.iter().map(|test| test.name.as_str()).collect(),
            sql: &model.sql,
            ..Self::new(&model.name, model.kind.name(), &model.description)
        }
    }
}

fn columns<'a>(
    specs: &'a [ColumnSpec],
    lineage: &BTreeMap<String, BTreeSet<ColumnReference>>,
) -> Vec<Column<'a>> {
    let column = |spec: &'a ColumnSpec| Column {
        name: &spec.name,
        data_type: spec.data_type.name(),
        description: &spec.description,
        nullable: spec.nullable,
        from: lineage.get(&spec.name).cloned().unwrap_or_default(),
    };
    specs.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_tells_all_of_a_model() {
        let registry = Registry::shipped().expect("shipped models");
        let model = registry.get("app_daily_revenue_by_payment_date").expect("a shipped model");
        let relation = serde_json::to_string_pretty(&Relation::of_model(&registry, model)).expect("JSON");
        insta::assert_snapshot!(relation);
    }

    #[test]
    fn the_site_holds_every_model_and_source() {
        let registry = Registry::shipped().expect("shipped models");
        let files = site(&registry);
        let data = &files.iter().find(|file| file.name == "models.js").expect("the data").content;
        let json = data.strip_prefix("const catalog = ").and_then(|text| text.strip_suffix(";\n"));
        let relations: Vec<serde_json::Value> = serde_json::from_str(json.expect("a script")).expect("JSON");
        assert_eq!(relations.len(), registry.models().len() + registry.sources().len());
        let page = &files.first().expect("the entry").content;
        for file in &files[1..] {
            assert!(page.contains(&format!("\"{}\"", file.name)), "index.html does not load {}", file.name);
        }
    }
}
