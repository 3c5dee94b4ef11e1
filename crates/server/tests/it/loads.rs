//! What a load tells of itself.

use serde_json::{Value, json};

use crate::support::Folder;

#[test]
fn a_load_ends_with_a_summary_for_programs_and_for_people() {
    let folder = Folder::new();
    folder.write_batch();
    folder.write("half/orders.csv", "id,processed_timestamp,customer_id\n");
    let load = || {
        let loaded = folder.daybook(&["--format", "json", "load", "batch", "half"]);
        assert_eq!(loaded.code, 0, "{}", loaded.err);
        let mut loaded: Value = serde_json::from_str(&loaded.out).unwrap();
        let summary = loaded["summary"].as_object_mut().unwrap();
        assert!(summary.remove("seconds").unwrap().as_f64().unwrap() > 0.0);
        let rate = summary.remove("rows_per_second").unwrap().as_u64().unwrap();
        assert_eq!(rate > 0, summary["rows_read"] != 0);
        loaded
    };
    let first = load();
    let summary = |batches: Value, files: u64, bytes: u64, rows: u64| {
        json!({
            "batches": batches, "files": files, "bytes": bytes, "rows_read": rows, "loaded": rows, "unchanged": 0,
            "rejected": 0, "parked": 0, "healed": 0,
        })
    };
    let bytes = ["batch/orders.csv", "batch/order_lines.csv"]
        .map(|file| std::fs::metadata(folder.path(file)).unwrap().len());
    let batches = json!({ "loaded": 1, "already_loaded": 0, "waiting": 1, "refused": 0 });
    assert_eq!(first["summary"], summary(batches, 2, bytes.iter().sum(), 2));
    let states: Vec<_> =
        first["loads"].as_array().unwrap().iter().map(|load| load["outcome"]["state"].clone()).collect();
    assert_eq!(states, ["loaded", "waiting"]);
    assert_eq!(first["loads"][0]["files"][1]["bytes"], bytes[1]);

    let second = load();
    let batches = json!({ "loaded": 0, "already_loaded": 1, "waiting": 1, "refused": 0 });
    assert_eq!(second["summary"], summary(batches, 0, 0, 0));
    assert_eq!(second["loads"].as_array().unwrap().len(), 1, "what was known is only counted: {second}");

    folder.write("transactions.ndjson", "{\"id\":\"t1\"}\n{\"id\":\"t2\",\"order_id\":\"o1\",\"status\":\"success\",\"created_at\":\"2024-03-01T10:05:00Z\"}\n");
    let loaded = folder.daybook(&["load", "transactions.ndjson", "nowhere"]);
    let said: Vec<_> = loaded.err.lines().collect();
    assert!(said[0].starts_with("1 loaded, 0 known already, 0 waiting, 0 refused; 2 rows ("), "{said:?}");
    assert!(said[0].contains(" rows/s, 1 rejected"), "{said:?}");
    assert!(said[1].starts_with("error: ") && said[1].contains("nowhere"), "{said:?}");
    assert_eq!(said.len(), 2, "no progress is drawn where there is no terminal: {said:?}");
}
