//! `daybook models`: the shipped ones and one's own, without PostgreSQL where no data is needed.

use std::process::Stdio;

use crate::support::Folder;

#[test]
fn a_new_model_passes_its_checks_and_its_example() {
    let folder = Folder::new();
    assert_eq!(folder.daybook(&["models", "new", "app_paid_orders"]).code, 0);
    let checked = folder.daybook(&["models", "check"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    assert!(checked.err.contains("models are sound"), "{}", checked.err);
    let tested = folder.daybook(&["models", "test", "--unit", "--select", "app_paid_orders"]);
    assert_eq!(tested.code, 0, "{}", tested.err);
    let listed = folder.daybook(&["--format", "csv", "models", "list", "--select", "int_order_payments+"]);
    assert!(listed.out.contains("app_paid_orders,view,added"), "{}", listed.out);
    assert!(!listed.out.contains("dim_product"), "{}", listed.out);
    folder.daybook(&["models", "new", "app_paid_orders"]).assert_error(&["already"]);
    folder.daybook(&["models", "new", "publish"]).assert_error(&["'publish'", "a step of the close"]);
    assert!(!folder.path(".daybook/postgres").exists(), "no database is needed");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    for format in ["table", "csv", "json"] {
        let mut command = folder.command(&[], &["--format", format, "models", "list"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), said.as_ref()), (Some(0), ""), "{format}");
    }
}

#[test]
fn a_mistake_in_a_model_names_file_and_line_and_stops_no_load() {
    let folder = Folder::new();
    folder.write("models/a.sql", "select a\nfrom nowhere\n");
    folder.write(
        "models/a.yml",
        "description: d\nkind: view\ngrain: g\ncolumns:\n  - {name: a, data_type: string, description: d}\n",
    );
    for arguments in [&["models", "check"][..], &["run"], &["query", "select 1"]] {
        folder.daybook(arguments).assert_error(&["models/a.sql:2", "nowhere"]);
    }
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
}

#[test]
fn a_failing_example_shows_the_rows() {
    let folder = Folder::new();
    assert_eq!(folder.daybook(&["models", "new", "mine"]).code, 0);
    let yaml = std::fs::read_to_string(folder.path("models/mine.yml")).unwrap();
    folder.write("models/mine.yml", &yaml.replace("orders: 1}", "orders: 2}"));
    let tested = folder.daybook(&["models", "test", "--unit"]);
    assert_eq!(tested.code, 1);
    assert!(
        tested.out.contains("- 2024-03-01 | 2") && tested.out.contains("+ 2024-03-01 | 1"),
        "{}",
        tested.out
    );
}

#[test]
fn a_model_is_shown_and_compiled() {
    let folder = Folder::new();
    let shown = folder.daybook(&["models", "show", "app_daily_revenue"]);
    assert!(
        shown.out.contains("unique (partition_date)") && shown.out.contains("Every order of the date"),
        "{}",
        shown.out
    );
    let compiled = folder.daybook(&["models", "compile", "app_daily_revenue", "--date", "2024-03-01"]);
    assert!(
        compiled.out.contains("DATE '2024-03-01'") && !compiled.out.contains(":dates"),
        "{}",
        compiled.out
    );
    let args = ["models", "compile", "app_daily_revenue", "--date", "2024-03-01", "--dialect", "snowflake"];
    let compiled = folder.daybook(&args);
    assert!(compiled.out.contains("\"ORDER_TOTALS\".\"PARTITION_DATE\""), "{}", compiled.out);
    folder.daybook(&["models", "show", "nothing"]).assert_error(&["'nothing'", "models list"]);
}

#[test]
fn what_snowflake_would_understand_otherwise_is_refused_with_file_line_and_column() {
    let folder = Folder::new();
    folder.write("models/a.sql", "select\n    concat(id, customer_id) as a\nfrom orders\n");
    folder.write(
        "models/a.yml",
        "description: d\nkind: view\ngrain: g\ncolumns:\n  - {name: a, data_type: string, description: d}\n",
    );
    let compile = |dialect: &str| {
        folder.daybook(&["models", "compile", "a", "--date", "2024-03-01", "--dialect", dialect])
    };
    compile("snowflake").assert_error(&["error: models/a.sql: ", "concat", "Line: 2, Column: 5"]);
    let compiled = compile("delta");
    assert_eq!(compiled.code, 0, "{}", compiled.err);
}

#[test]
fn the_models_are_documented_as_a_site() {
    let folder = Folder::new();
    assert_eq!(folder.daybook(&["models", "new", "app_paid_orders"]).code, 0);
    for _ in 0..2 {
        let written = folder.daybook(&["models", "docs"]);
        assert_eq!(written.code, 0, "{}", written.err);
        assert!(written.err.contains("models-docs/index.html"), "{}", written.err);
    }
    let data = std::fs::read_to_string(folder.path("models-docs/models.js")).unwrap();
    assert!(data.contains("\"app_paid_orders\"") && data.contains("\"app_daily_revenue\""));
    folder.write("taken", "a file");
    folder.daybook(&["models", "docs", "--output", "taken"]).assert_error(&["taken"]);
}

/// The indented block of the documentation that begins with `word`.
fn documented(word: &str) -> String {
    let mut blocks = vec![String::new()];
    for line in include_str!("../../../../docs/models.md").lines() {
        let last = blocks.len() - 1;
        match line.strip_prefix("    ") {
            Some(text) => blocks[last].extend([text, "\n"]),
            None if !blocks[last].is_empty() && !line.is_empty() => blocks.push(String::new()),
            None => {}
        }
    }
    blocks.into_iter().find(|block| block.starts_with(word)).unwrap()
}

#[test]
fn the_mart_of_the_documentation_is_checked_asked_and_tested() {
    let folder = Folder::new();
    let mart = "app_weekly_type_revenue";
    assert_eq!(folder.daybook(&["models", "new", mart]).code, 0);
    folder.write(&format!("models/{mart}.sql"), &documented("select"));
    folder.write(&format!("models/{mart}.yml"), &documented("description"));
    for arguments in [&["models", "check"][..], &["models", "test", "--unit", "--select", mart]] {
        let ended = folder.daybook(arguments);
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    }
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    assert_eq!(folder.daybook(&["--now", "2024-03-02T02:00:00Z", "run"]).code, 0);
    let asked = folder.daybook(&["--format", "csv", "query", &format!("select * from {mart}")]);
    assert_eq!(
        asked.out, "week,product_type,units,revenue,paid_revenue\n2024-02-26,(unknown),2,1000,0\n",
        "{}",
        asked.err
    );
    let tested = folder.daybook(&["models", "test", "--select", mart]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
}

/// A folder whose first day is closed, and the models that are written into it then.
fn closed() -> Folder {
    let folder = Folder::new();
    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    folder
}

const NOW: &str = "2024-03-02T02:00:00Z";

#[test]
fn a_test_that_does_not_hold_is_shown_with_its_first_row() {
    let folder = closed();
    folder.write("models/tests/dear.sql", "select order_line_id, revenue from dwd_orders_variant_status\n");
    folder.write("models/tests/dear.yml", "{description: d, config: {severity: warn}}");
    assert_eq!(folder.daybook(&["--now", NOW, "run"]).code, 0);
    let first = "order_line_id l1, revenue 1000";
    for arguments in [&["status"][..], &["runs", "show", "1"], &["models", "test", "--data"]] {
        let shown = folder.daybook(&[&["--now", NOW], arguments].concat());
        assert_eq!(shown.code, 0, "{}", shown.err);
        for part in ["dear", "warn", first] {
            assert!(shown.out.contains(part), "{arguments:?} does not show {part}: {}", shown.out);
        }
    }
    folder.write("models/tests/dear.yml", "description: d");
    let tested = folder.daybook(&["models", "test", "--data"]);
    assert!(tested.code == 1 && tested.out.contains("error"), "{}{}", tested.out, tested.err);
}

#[test]
fn models_are_built_by_name_with_all_that_reads_them() {
    let folder = closed();
    assert_eq!(folder.daybook(&["--now", NOW, "run"]).code, 0);
    let sql =
        |table: &str| format!("select partition_date, revenue from {table} where partition_date in (:dates)");
    let yaml = "description: d\nkind: replace_partition\nfeed: orders\ngrain: g\nkey: [partition_date]\ncolumns:\n  \
                - {name: partition_date, data_type: date, description: d}\n  \
                - {name: revenue, data_type: bigint, description: d}\n";
    for (name, read) in [("mine", "app_daily_revenue"), ("reader", "mine")] {
        folder.write(&format!("models/{name}.sql"), &sql(read));
        folder.write(&format!("models/{name}.yml"), yaml);
    }
    let tested = folder.daybook(&["models", "test", "--data", "--select", "mine"]);
    assert!(tested.err.contains("mine is not built yet"), "{}{}", tested.out, tested.err);
    let built = folder.daybook(&["--now", NOW, "models", "build", "--select", "mine+"]);
    assert_eq!(built.code, 0, "{}{}", built.out, built.err);
    let asked = folder.daybook(&["--format", "csv", "query", "select * from reader"]);
    assert_eq!(asked.out, "partition_date,revenue\n2024-03-01,1000\n", "{}", asked.err);
    for name in ["app_sales", "orders"] {
        let built = folder.daybook(&["--now", NOW, "models", "build", "--select", name]);
        assert!(built.code == 0 && built.err.contains("nothing to build"), "{}{}", built.out, built.err);
    }
}
