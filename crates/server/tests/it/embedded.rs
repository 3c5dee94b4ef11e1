//! With no configuration at all.

use crate::support::Folder;

#[test]
fn a_batch_becomes_an_answer() {
    let folder = Folder::new();
    folder.write_batch();
    folder.write(
        "transactions.ndjson",
        "{\"id\":\"t1\",\"order_id\":\"o1\",\"status\":\"success\",\"created_at\":\"2024-03-01T10:05:00Z\"}\n",
    );
    for repeated in 0..2 {
        assert_eq!(folder.daybook(&["-q", "init"]).code, 0, "init, time {repeated}");
    }
    let loaded = folder.daybook(&["--format", "csv", "load", "batch", "transactions.ndjson"]);
    assert_eq!(loaded.code, 0, "{}", loaded.err);
    assert_eq!(
        loaded.out,
        "table,files,rows,loaded,unchanged,rejected,parked\n\
         orders,1,1,1,0,0,0\n\
         order_lines,1,1,1,0,0,0\n\
         transaction,1,1,1,0,0,0\n"
    );
    let now = ["--now", "2024-03-02T02:00:00Z"];
    let planned = folder.daybook(&[&now[..], &["--format", "csv", "run", "--dry-run"]].concat());
    assert!(
        planned.out.contains("\norders,2024-03-01,1,0,\"asked for, order lines, orders, payments\"\n"),
        "{}",
        planned.out
    );
    let closed = folder.daybook(&[&now[..], &["run"]].concat());
    assert_eq!(closed.code, 0, "{}", closed.err);
    assert!(closed.out.contains("2024-03-01"), "{}", closed.out);
    let again = folder.daybook(&[&now[..], &["run"]].concat());
    assert!(again.err.contains("nothing has changed"), "{}", again.err);

    let question = "select partition_date, orders, revenue, paid_revenue from app_daily_revenue";
    let csv = folder.daybook(&["--format", "csv", "query", question]);
    assert_eq!(csv.out, "partition_date,orders,revenue,paid_revenue\n2024-03-01,1,1000,1000\n");
    let json = folder.daybook(&["--format", "json", "query", question]);
    assert_eq!(
        json.out.trim_end(),
        r#"[{"partition_date":"2024-03-01","orders":1,"revenue":1000,"paid_revenue":1000}]"#
    );
    let explained = folder.daybook(&["--format", "csv", "explain", question]);
    assert!(explained.out.contains("\napp_daily_revenue,1,1,1,1,"), "{}", explained.out);
    folder.daybook(&["query", "select nothing from orders"]).assert_error(&["error: ", "nothing"]);
    folder.daybook(&["query", "drop table orders"]).assert_error(&["error: ", "not supported"]);

    let reconciled = folder.daybook(&[&now[..], &["--format", "csv", "reconcile"]].concat());
    assert_eq!(reconciled.code, 0, "{}", reconciled.err);
    assert_eq!(
        reconciled.out,
        "date,feed,files,rows,loaded,unchanged,rejected,parked,ODS,replica,fact,marts,state\n\
         2024-03-01,orders,1,1,1,0,0,0,1,1,,1,reconciles\n\
         2024-03-01,order_lines,1,1,1,0,0,0,1,1,1,,reconciles\n\
         2024-03-01,revenue,,,,,,,1000,1000,1000,1000,reconciles\n\
         2024-03-01,transaction,1,1,1,0,0,0,1,1,,,reconciles\n"
    );
    let runs = folder.daybook(&["--format", "csv", "runs", "list"]);
    assert!(runs.out.contains("\n1,published,2024-03-01,2024-03-01,"), "{}", runs.out);
    let run = folder.daybook(&["--format", "csv", "runs", "show", "1"]);
    assert!(run.out.contains(",dwd_orders_variant_status,") && run.out.contains("rows 1"), "{}", run.out);
    folder.daybook(&["runs", "show", "99"]).assert_error(&["no run 99", "runs list"]);

    let status = folder.daybook(&["--format", "csv", "status"]);
    assert!(status.out.contains("closed,to,2024-03-01"), "{}", status.out);
    assert!(folder.path(".daybook/postgres/cluster/PG_VERSION").exists());
    assert!(
        !folder.path(".daybook/postgres/cluster/postmaster.pid").exists(),
        "the server stops with its last user"
    );
}
