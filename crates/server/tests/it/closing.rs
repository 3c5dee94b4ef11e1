//! How commands about closes end, for who starts them from a script.

use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;

use crate::support::{Folder, send};

const NOW: &str = "2024-03-02T02:00:00Z";

/// A folder whose first day is closed.
fn closed() -> Folder {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    assert_eq!(folder.daybook(&["--now", NOW, "run"]).code, 0);
    folder
}

#[test]
fn a_difference_is_named_and_ends_with_1() {
    let folder = closed();
    let table = folder.daybook(&["--now", NOW, "reconcile"]);
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!(table.out);

    // a mart as it was before the close
    let published = folder.path(".daybook/warehouse/publications/000000000001.json");
    let mut publication: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&published).unwrap()).unwrap();
    publication["tables"]["app_daily_revenue"] = 0.into();
    std::fs::write(&published, publication.to_string()).unwrap();
    let differing = folder.daybook(&["--now", NOW, "--format", "csv", "reconcile"]);
    assert_eq!(differing.code, 1, "{}", differing.out);
    differing.assert_error(&["2 difference(s)"]);
    let difference = "revenue: replica 1000, fact 1000, app_daily_revenue 0";
    assert!(differing.out.contains(difference), "{}", differing.out);
    let json = folder.daybook(&["--now", NOW, "--format", "json", "reconcile"]);
    assert_eq!(json.code, 1);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["dates"][0]["files"][0]["rows_read"], 1, "{document}");
    assert_eq!(document["dates"][0]["differences"].as_array().unwrap().len(), 2, "{document}");
}

#[test]
fn an_interrupted_close_ends_with_130_and_the_next_one_is_whole() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    // an object store that takes requests and never answers
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", store.local_addr().unwrap());
    let variables = [
        ("DAYBOOK_NOW", NOW),
        ("DAYBOOK_WAREHOUSE_URL", "s3://books/"),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    for signal in ["INT", "TERM"] {
        let mut command = folder.command(&variables, &["run"]);
        let running = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = running.id().to_string();
        let asked = store.try_clone().unwrap();
        let interrupting = std::thread::spawn(move || {
            let (mut request, _) = asked.accept().unwrap();
            if request.read(&mut [0; 16]).unwrap() > 0 {
                send(signal, &pid);
            }
        });
        let ended = running.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "{signal}: {told}");
        interrupting.join().unwrap();
    }
    let closed = folder.daybook(&["--now", NOW, "run"]);
    assert_eq!(closed.code, 0, "{}", closed.err);
    assert!(closed.out.contains("2024-03-01"), "{}", closed.out);
}
