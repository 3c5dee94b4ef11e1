//! Days that `daybook serve` closes by itself.

use serde_json::Value;

use crate::receiver::receiver;
use crate::support::Folder;

fn status(folder: &Folder, variables: &[(&str, &str)]) -> Value {
    let status = folder.daybook_with(variables, &["--format", "json", "status"]);
    serde_json::from_str(&status.out).unwrap()
}

#[test]
fn a_day_that_is_due_is_closed_and_the_next_one_waits_for_its_time() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    folder.write("daybook.toml", "[schedule]\nenabled = true\nat = \"02:30\"\n");
    let early = [("DAYBOOK_NOW", "2024-03-02T02:29:00Z")];
    assert_eq!(status(&folder, &early)["schedule"]["next_run_at"], "2024-03-02T02:30:00");
    let mut serving = folder.serve(&early);
    let next = serving.wait_for("the schedule closes next at");
    assert!(next.contains("at 2024-03-02 02:30:00 UTC"), "{next}");
    assert_eq!(serving.end().0, Some(0));

    let late = [("DAYBOOK_NOW", "2024-03-02T02:30:00Z")];
    let mut serving = folder.serve(&late);
    serving.wait_for("closed state=Published");
    let next = serving.wait_for("the schedule closes next at");
    assert!(next.contains("at 2024-03-03 02:30:00 UTC"), "{next}");
    let told = status(&folder, &late);
    assert_eq!(told["due"], Value::Null);
    assert_eq!(told["schedule"]["next_run_at"], "2024-03-03T02:30:00", "{told}");
    assert_eq!(serving.end().0, Some(0));

    let without = status(&folder, &[("DAYBOOK_SCHEDULE_ENABLED", "false")]);
    assert_eq!(without["schedule"], Value::Null);
}

#[test]
fn missed_days_wait_for_what_came_meanwhile_and_are_closed_at_once() {
    let folder = Folder::new();
    folder.write_batch();
    let mut serving = folder.serve(&[
        ("DAYBOOK_SCHEDULE_ENABLED", "true"),
        ("DAYBOOK_LANDING_URL", folder.path("batch").to_str().unwrap()),
        ("DAYBOOK_LANDING_POLL_SECONDS", "1"),
        ("DAYBOOK_NOW", "2024-03-06T12:00:00Z"),
    ]);
    serving.wait_for("/batch: 2 rows");
    let closed = serving.wait_for("closed state=Published");
    assert!(closed.contains("dates=5"), "{closed}");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn who_is_to_know_hears_of_failures_deadlines_and_their_end() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    let (url, documents) = receiver();
    folder.write(
        "daybook.toml",
        "[schedule]\nenabled = true\ndeadline_minutes = 60\n\
         [alert]\ncommand = [\"sh\", \"-c\", \"cat >> alerts.ndjson\"]\n",
    );
    // dumps cannot be written
    folder.write(".daybook/warehouse/dumps", "");
    let variables = [("DAYBOOK_NOW", "2024-03-02T03:00:00Z"), ("DAYBOOK_ALERT_URL", url.as_str())];
    let mut serving = folder.serve(&variables);
    serving.wait_for("tries again");
    let mut events = [documents.recv().unwrap().document, documents.recv().unwrap().document];
    events.sort_by_key(|event| event["event"].to_string());
    let [failed, missed] = &events;
    assert_eq!(failed["event"], "close_failed");
    assert_eq!(failed["run_id"], 1, "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("dumps"), "{failed}");
    assert_eq!(missed["event"], "deadline_missed");
    for event in &events {
        assert_eq!(event["at"], "2024-03-02T03:00:00Z");
        assert_eq!(event["due"], serde_json::json!({ "from": "2024-03-01", "to": "2024-03-01" }));
    }
    let told = status(&folder, &variables);
    assert_eq!(told["schedule"]["overdue_since"], "2024-03-01", "{told}");
    assert_eq!(told["schedule"]["last_failure"]["error"], failed["error"], "{told}");

    std::fs::remove_file(folder.path(".daybook/warehouse/dumps")).unwrap();
    serving.wait_for("closed state=Published");
    assert_eq!(documents.recv().unwrap().document["event"], "recovered");
    serving.wait_for("the schedule closes next at");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("s3cret"), "{log}");
    let commanded = std::fs::read_to_string(folder.path("alerts.ndjson")).unwrap();
    let events: Vec<Value> = commanded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 3, "{commanded}");
    assert_eq!(events[2]["event"], "recovered", "{commanded}");
    let told = status(&folder, &variables);
    assert_eq!(told["schedule"]["last_failure"], Value::Null, "{told}");
    assert_eq!(told["schedule"]["overdue_since"], Value::Null, "{told}");
}

#[test]
fn a_close_under_way_is_dropped_at_the_end_and_the_next_one_makes_up_for_it() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    let now = [("DAYBOOK_NOW", "2024-03-06T12:00:00Z"), ("DAYBOOK_SCHEDULE_ENABLED", "true")];
    let mut serving = folder.serve(&now);
    serving.wait_for("closing: dump done");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("dropped the close") || log.contains("closed state=Published"), "{log}");
    let mut serving = folder.serve(&now);
    serving.wait_for("the schedule closes next at");
    assert_eq!(status(&folder, &now)["due"], Value::Null);
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn an_alert_that_gets_nowhere_stops_nothing() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    let day = ["--now", "2024-03-02T12:00:00Z", "run"];
    assert_eq!(folder.daybook(&day).code, 0);
    folder.write(
        "daybook.toml",
        "business_timezone = \"Europe/London\"\n[schedule]\nenabled = true\n\
         [alert]\ncommand = [\"./no-such-program\", \"s3cret\"]\n",
    );
    let mut serving = folder.serve(&[("DAYBOOK_NOW", "2024-03-03T12:00:00Z")]);
    let failed = serving.wait_for("the close failed");
    assert!(failed.contains("business_timezone"), "{failed}");
    serving.wait_for("the alert did not get to ./no-such-program");
    serving.wait_for("the close failed");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(log.matches("did not get to").count(), 1, "the same failure is told once a day:\n{log}");
    assert!(!log.contains("s3cret"), "{log}");
}

#[test]
fn books_that_are_closed_ahead_of_the_clock_are_told_of() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    assert_eq!(folder.daybook(&["--now", "2024-03-06T12:00:00Z", "run"]).code, 0);
    let scheduled = ("DAYBOOK_SCHEDULE_ENABLED", "true");
    let right = [("DAYBOOK_NOW", "2024-03-02T12:00:00Z"), scheduled];
    let mut serving = folder.serve(&right);
    let logged = serving.wait_for("cannot see what is due");
    for part in ["2024-03-05", "2024-03-02", "`daybook run`", "next try"] {
        assert!(logged.contains(part), "'{part}' is not in: {logged}");
    }
    let told = status(&folder, &right);
    assert!(told["obstacle"].as_str().unwrap().contains("2024-03-05"), "{told}");
    assert_eq!((&told["due"], &told["schedule"]["next_run_at"]), (&Value::Null, &Value::Null), "{told}");
    let told = folder.daybook_with(&right, &["--format", "csv", "status"]);
    assert!(
        told.out.contains("\ndue,obstacle,") && told.out.contains("\nschedule,next run,–"),
        "{}",
        told.out
    );
    assert_eq!(serving.end().0, Some(0));

    let over = [("DAYBOOK_NOW", "2024-03-06T00:00:00Z"), scheduled];
    let told = status(&folder, &over);
    assert_eq!(told["obstacle"], Value::Null, "{told}");
    assert_eq!(told["schedule"]["next_run_at"], "2024-03-07T02:00:00", "{told}");
}

#[test]
fn a_wrong_schedule_names_its_key() {
    let folder = Folder::new();
    let cases = [
        ("DAYBOOK_SCHEDULE_AT", "25:00", "[schedule] at"),
        ("DAYBOOK_SCHEDULE_DEADLINE_MINUTES", "0", "[schedule] deadline_minutes"),
        ("DAYBOOK_SCHEDULE_RETRY_MINUTES", "0", "[schedule] retry_minutes"),
        ("DAYBOOK_SCHEDULE_ENABLED", "often", "schedule.enabled"),
        ("DAYBOOK_ALERT_URL", "ftp://user:s3cret@host/", "[alert] url"),
        ("DAYBOOK_ALERT_COMMAND", "[\"\"]", "[alert] command"),
    ];
    for (variable, value, key) in cases {
        let ended = folder.daybook_with(&[(variable, value)], &["status"]);
        ended.assert_error(&[key]);
        assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    }
}
