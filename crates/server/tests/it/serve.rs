//! The process that works until it is told to end.

use daybook_local_postgres::{LocalPostgres, Settings};
use daybook_testkit::TestBucket;

use crate::support::{Folder, send};

const ORDERS: &str = "id,processed_timestamp,customer_id\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\n";

/// Lets a batch with order `name` appear at once.
fn drop_batch(folder: &Folder, landing: &str, name: &str) {
    folder.write(&format!("{landing}/_{name}/orders.csv"), &orders(name));
    folder.write(&format!("{landing}/_{name}/order_lines.csv"), &lines(name));
    folder.rename(&format!("{landing}/_{name}"), &format!("{landing}/{name}"));
}

fn orders(id: &str) -> String {
    format!("{ORDERS}{id},2024-03-01 10:00:00,c1\n")
}

fn lines(order: &str) -> String {
    format!("{LINES}{order}-1,2,v1,1000,{order}\n")
}

#[test]
fn batches_are_loaded_as_they_come_and_troubles_are_told_once() {
    let folder = Folder::new();
    folder.write("daybook.toml", "[landing]\npoll_seconds = 1\n[load]\npair_patience_minutes = 0\n");
    let landing = ".daybook/landing";
    let mut serving = folder.serve(&[]);
    serving.wait_for("looking for batches");
    drop_batch(&folder, landing, "b1");
    let loaded = serving.wait_for("/b1: 2 rows");
    assert!(loaded.contains("INFO") && loaded.contains(" rejected=0 "), "{loaded}");

    folder.write(&format!("{landing}/half/orders.csv"), &orders("half"));
    serving.wait_for("/half waits for order_lines.csv");
    serving.wait_for("/half has waited for order_lines.csv");
    folder.write(&format!("{landing}/wrong/orders.csv"), "id,processed_timestamp,customer\n");
    folder.write(&format!("{landing}/wrong/order_lines.csv"), LINES);
    serving.wait_for("customer_id");
    for later in ["b2", "b3"] {
        drop_batch(&folder, landing, later);
        serving.wait_for(&format!("/{later}: 2 rows"));
    }
    folder.write(&format!("{landing}/half/_order_lines.csv"), &lines("half"));
    folder.rename(&format!("{landing}/half/_order_lines.csv"), &format!("{landing}/half/order_lines.csv"));
    serving.wait_for("/half: 2 rows");

    let status = folder.daybook(&["--format", "csv", "status"]);
    assert!(status.out.contains("rows in the ODS,orders,4"), "{}", status.out);
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    for once in ["/half waits", "/half has waited", "refused file:", "/b1: "] {
        assert_eq!(log.matches(once).count(), 1, "'{once}' in:\n{log}");
    }
    assert!(
        !folder.path(".daybook/postgres/cluster/postmaster.pid").exists(),
        "the server stops with its last user"
    );
}

#[test]
fn nothing_to_serve_is_an_error_that_says_what_to_set() {
    let folder = Folder::new();
    let ended = folder.daybook(&["serve"]);
    ended.assert_error(&["nothing to serve", "[landing] poll_seconds", "DAYBOOK_LANDING_POLL_SECONDS"]);
    assert_eq!(ended.code, 1);
    assert!(!folder.path(".daybook").exists(), "nothing was begun");
    folder
        .daybook_with(&[("DAYBOOK_LANDING_POLL_SECONDS", "-1")], &["serve"])
        .assert_error(&["landing.poll_seconds", "-1"]);
}

#[test]
fn a_database_or_landing_place_that_is_away_is_waited_for() {
    let folder = Folder::new();
    let start = || LocalPostgres::start(&folder.path("server"), &Settings::throwaway()).unwrap();
    let postgres = start();
    let url = postgres.url();
    postgres.stop_if_last().unwrap();
    let mut serving = folder.serve(&[
        ("DAYBOOK_ODS_URL", &url),
        ("DAYBOOK_LANDING_URL", "landing"),
        ("DAYBOOK_LANDING_POLL_SECONDS", "1"),
    ]);
    serving.wait_for("cannot reach PostgreSQL");
    let postgres = start();
    let missing = serving.wait_for("there is no such file, directory or prefix");
    assert!(missing.contains("ERROR") && missing.contains("/landing"), "{missing}");
    drop_batch(&folder, "landing", "b1");
    serving.wait_for("/b1: 2 rows");
    serving.wait_for("works again");

    postgres.stop_if_last().unwrap();
    serving.wait_for("cannot reach PostgreSQL");
    drop_batch(&folder, "landing", "b2");
    let _postgres = start();
    serving.wait_for("/b2: 2 rows");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    let password = url.split(['@', ':']).nth(2).unwrap();
    assert!(!log.contains(password), "{log}");
    assert!(!folder.path(".daybook").exists(), "no private server is needed");
}

#[test]
fn a_database_that_stays_away_is_told_of_once() {
    let folder = Folder::new();
    let start = || LocalPostgres::start(&folder.path("server"), &Settings::throwaway()).unwrap();
    let postgres = start();
    let url = postgres.url();
    postgres.stop_if_last().unwrap();
    let mut serving = folder.serve(&[
        ("DAYBOOK_ODS_URL", &url),
        ("DAYBOOK_HTTP_LISTEN", "127.0.0.1:0"),
        ("DAYBOOK_LANDING_POLL_SECONDS", "1"),
    ]);
    // the pauses between these tries are longer than that between two looks for the database
    for _ in 0..4 {
        serving.wait_for("cannot poll");
    }
    let _postgres = start();
    serving.wait_for("the operational data store is there");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    for once in ["data store is away", "data store is there"] {
        assert_eq!(log.matches(once).count(), 1, "'{once}' in:\n{log}");
    }
}

#[test]
fn a_private_server_that_was_killed_is_started_again() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[("DAYBOOK_LANDING_POLL_SECONDS", "1")]);
    serving.wait_for("looking for batches");
    drop_batch(&folder, ".daybook/landing", "b1");
    serving.wait_for("/b1: 2 rows");
    let pid_file = folder.path(".daybook/postgres/cluster/postmaster.pid");
    let pid = std::fs::read_to_string(&pid_file).unwrap().lines().next().unwrap().to_owned();
    send("KILL", &pid);
    serving.wait_for("starting the private PostgreSQL again");
    drop_batch(&folder, ".daybook/landing", "b2");
    serving.wait_for("/b2: 2 rows");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!pid_file.exists(), "the server stops with its last user");
}

#[tokio::test]
async fn an_empty_prefix_of_a_bucket_is_no_trouble() {
    let folder = Folder::new();
    let bucket = TestBucket::create().await.unwrap();
    let (landing, access) = (bucket.url("landing"), bucket.variables());
    let mut variables = vec![
        ("DAYBOOK_LANDING_URL", landing.as_str()),
        ("DAYBOOK_LANDING_POLL_SECONDS", "1"),
        ("DAYBOOK_LOG", "warn,daybook::serve=debug"),
    ];
    variables.extend(access.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut serving = folder.serve(&variables);
    serving.wait_for("looked into s3://");
    bucket.put("landing/b1/orders.csv", orders("b1")).await.unwrap();
    serving.wait_for("/b1 waits for order_lines.csv");
    bucket.put("landing/b1/order_lines.csv", lines("b1")).await.unwrap();
    serving.wait_for("/b1: 2 rows");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    for trouble in ["WARN", "ERROR"] {
        assert!(!log.contains(trouble), "{log}");
    }
}
