//! What other tools are told of a close, against the schemas that OpenLineage publishes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use daybook_testkit::python_with;
use serde_json::Value;

use crate::receiver::receiver;
use crate::support::Folder;

const NOW: (&str, &str) = ("DAYBOOK_NOW", "2024-03-02T02:00:00Z");

fn events(folder: &Folder) -> Vec<Value> {
    let lines = std::fs::read_to_string(folder.path("lineage.ndjson")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn named<'a>(events: &'a [Value], job: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["job"]["name"] == job).collect()
}

/// The folder of the published schemas, which a package on the registry carries for its own tests.
fn schemas() -> PathBuf {
    let package = "datafusion-openlineage@0.0.12";
    let elsewhere = tempfile::tempdir().unwrap();
    let fetched =
        Command::new(env!("CARGO")).args(["info", "--quiet", package]).current_dir(elsewhere.path()).output();
    let fetched = fetched.unwrap();
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"));
    let sources = std::fs::read_dir(home.join("registry/src")).unwrap();
    let folders = sources.map(|registry| registry.unwrap().path().join(package.replace('@', "-")));
    let found = folders.map(|folder| folder.join("tests/schemas")).find(|folder| folder.is_dir());
    found.expect("the package holds the schemas")
}

/// Validates a file of events, with all facets in them.
fn validate(file: &Path) -> Output {
    let python = python_with("jsonschema", include_str!("jsonschema-requirements.txt")).unwrap();
    let mut command = Command::new(python);
    command.arg("-c").arg(include_str!("openlineage.py")).arg(schemas()).arg(file);
    command.output().unwrap()
}

#[test]
fn a_close_tells_what_it_read_and_wrote() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    let (url, documents) = receiver();
    let variables = [
        NOW,
        ("DAYBOOK_OPENLINEAGE_FILE", "lineage.ndjson"),
        ("DAYBOOK_OPENLINEAGE_URL", &url),
        ("DAYBOOK_OPENLINEAGE_API_KEY", "k3y"),
        ("DAYBOOK_OPENLINEAGE_NAMESPACE", "shop"),
    ];
    let closed = folder.daybook_with(&variables, &["run"]);
    assert_eq!(closed.code, 0, "{}", closed.err);

    let told = events(&folder);
    for event in &told {
        let posted = documents.recv().unwrap();
        assert_eq!(*event, posted.document, "both get the same, in the same order");
        assert_eq!(posted.authorization.as_deref(), Some("Bearer k3y"));
        assert!(!event.to_string().contains("k3y") && !event.to_string().contains("s3cret"), "{event}");
    }
    let run = named(&told, "close");
    assert_eq!(run.len(), 2);
    assert_eq!((&run[0]["eventType"], &run[1]["eventType"]), (&"START".into(), &"COMPLETE".into()));
    assert_eq!(told.last(), run.last().copied(), "the end comes last");
    for event in &told {
        assert_eq!(event["job"]["namespace"], "shop");
    }
    let fact = named(&told, "close.dwd_orders_variant_status");
    assert_eq!(fact.len(), 2);
    assert_eq!(
        fact[1]["run"]["facets"]["parent"]["run"],
        serde_json::json!({ "runId": run[0]["run"]["runId"] })
    );
    assert_eq!(fact[1]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 1);
    let name = fact[1]["outputs"][0]["name"].as_str().unwrap();
    assert!(Path::new(name).join("_delta_log").is_dir(), "{name} is where the table lies");

    let validated = validate(&folder.path("lineage.ndjson"));
    assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stdout));
    let kinds = String::from_utf8(validated.stdout).unwrap();
    for facet in ["columnLineage", "jobType", "outputStatistics", "parent", "schema", "sql"] {
        assert!(kinds.contains(facet), "{facet} is not in: {kinds}");
    }

    folder.write("wrong.ndjson", &told[0].to_string().replace("runId", "run_id"));
    assert!(!validate(&folder.path("wrong.ndjson")).status.success(), "an event without a run's id");
    let without_query = fact[1].to_string().replace("\"query\":", "\"text\":");
    folder.write("wrong.ndjson", &without_query);
    assert!(!validate(&folder.path("wrong.ndjson")).status.success(), "a facet that lacks what it is for");
}

#[test]
fn a_close_that_fails_says_so_and_one_that_is_not_heard_goes_on() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    // dumps cannot be written
    folder.write(".daybook/warehouse/dumps", "");
    let file = ("DAYBOOK_OPENLINEAGE_FILE", "lineage.ndjson");
    folder.daybook_with(&[NOW, file], &["run"]).assert_error(&["dumps"]);
    let told = events(&folder);
    assert_eq!(told.len(), 2, "of tables that nobody can read, nothing is told: {told:?}");
    let failed = &told[1];
    assert_eq!(failed["eventType"], "FAIL");
    assert!(
        failed["run"]["facets"]["errorMessage"]["message"].as_str().unwrap().contains("dumps"),
        "{failed}"
    );
    let validated = validate(&folder.path("lineage.ndjson"));
    assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stdout));

    std::fs::remove_file(folder.path(".daybook/warehouse/dumps")).unwrap();
    let nowhere = ("DAYBOOK_OPENLINEAGE_FILE", "no/such/folder/lineage.ndjson");
    let closed = folder.daybook_with(&[NOW, nowhere], &["run"]);
    assert_eq!(closed.code, 0, "{}", closed.err);
    assert_eq!(closed.err.matches("lineage does not get to").count(), 1, "once is enough: {}", closed.err);
}

#[test]
fn a_close_that_is_dropped_is_told_to_be_aborted() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    let file = ("DAYBOOK_OPENLINEAGE_FILE", "lineage.ndjson");
    let mut serving = folder.serve(&[NOW, file, ("DAYBOOK_SCHEDULE_ENABLED", "true")]);
    serving.wait_for("closing: dump done");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    let end = if log.contains("dropped the close") { "ABORT" } else { "COMPLETE" };
    assert_eq!(events(&folder).last().unwrap()["eventType"], end, "{log}");
}

#[test]
fn who_is_told_must_be_reachable_by_http() {
    let folder = Folder::new();
    let wrong = [("DAYBOOK_OPENLINEAGE_URL", "ftp://user:s3cret@host/")];
    let ended = folder.daybook_with(&wrong, &["status"]);
    ended.assert_error(&["[openlineage] url"]);
    assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    folder.daybook_with(&[("DAYBOOK_OPENLINEAGE_API_KEY", "s3cret")], &["status"]).assert_error(&["api_key"]);
}
