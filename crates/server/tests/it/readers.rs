//! What the documentation says to other readers of the warehouse.

use std::process::Command;

use daybook_testkit::python_with;
use serde_json::Value;

use crate::support::Folder;

const DOCUMENTATION: &str = include_str!("../../../../docs/readers.md");

impl Folder {
    fn close(&self, now: &str) {
        let closed = self.daybook(&["--now", now, "run"]);
        assert_eq!(closed.code, 0, "{}", closed.err);
    }

    /// The documented query, answered by DuckDB from the version that `status` tells now.
    fn documented_query(&self) -> String {
        let status = self.daybook(&["--format", "json", "status"]);
        let status: Value = serde_json::from_str(&status.out).unwrap();
        let version = &status["published"]["tables"]["app_daily_revenue"];
        let lines = DOCUMENTATION.lines().skip_while(|line| !line.starts_with("**DuckDB**")).skip(2);
        let sql: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        let warehouse = self.path(".daybook/warehouse");
        sql.join("\n")
            .replace("/srv/warehouse", warehouse.to_str().unwrap())
            .replace("version = 3", &format!("version = {version}"))
    }
}

fn answer(sql: &str) -> String {
    let python = python_with("duckdb", include_str!("duckdb-requirements.txt")).unwrap();
    let output = Command::new(python).arg("-c").arg(include_str!("readers.py")).arg(sql).output().unwrap();
    assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn duckdb_reads_the_published_versions() {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    folder.close("2024-03-02T02:00:00Z");
    let before = folder.documented_query();
    assert_eq!(answer(&before), "2024-03-01,0\n");

    let payment = r#"{"id":"t1","order_id":"o1","status":"success","created_at":"2024-03-01T10:05:00Z"}"#;
    folder.write("transactions.ndjson", payment);
    assert_eq!(folder.daybook(&["load", "transactions.ndjson"]).code, 0);
    folder.close("2024-03-03T02:00:00Z");
    assert_eq!(answer(&folder.documented_query()), "2024-03-01,1000\n");
    assert_eq!(answer(&before), "2024-03-01,0\n", "who began before reads on");
}
