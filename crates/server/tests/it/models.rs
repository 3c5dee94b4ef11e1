//! `daybook models`: the shipped ones and one's own, without PostgreSQL where no data is needed.

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
    assert!(!folder.path(".daybook/postgres").exists(), "no database is needed");
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
