//! What a registry accepts and refuses.

use super::*;

const SOURCES: (&str, &str) = (
    "sources.yml",
    "sources:
      - {name: raw, description: Rows., columns: [{name: a, data_type: string, description: d}]}
      - {name: raw_staging, description: Rows., columns: [{name: a, data_type: string, description: d}]}",
);
const VIEW: &str =
    "description: d\nkind: view\ngrain: g\ncolumns:\n  - {name: a, data_type: string, description: d}\n";

fn files(files: &[(&str, &str)]) -> ModelFiles {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn registry(shipped: &[(&str, &str)]) -> Result<Registry, ModelError> {
    let shipped: Vec<_> = shipped.iter().chain([&SOURCES]).copied().collect();
    Registry::from_files(&files(&shipped), "models", &ModelFiles::new())
}

/// What is wrong with a view `a` of this SQL and YAML.
fn wrong(sql: &str, yaml: &str) -> String {
    registry(&[("app/a.sql", sql), ("app/a.yml", yaml)]).expect_err("a mistake").to_string()
}

/// What is wrong with the user's files, over a shipped view `a`.
fn wrong_own(own: &[(&str, &str)]) -> String {
    let shipped = files(&[("app/a.sql", "select a from raw"), ("app/a.yml", VIEW), SOURCES]);
    Registry::from_files(&shipped, "my/models", &files(own)).expect_err("a mistake").to_string()
}

#[test]
fn the_shipped_models_are_sound_and_sorted() {
    let registry = Registry::shipped().expect("shipped models");
    let order: Vec<_> = registry.models().iter().map(|model| model.name.as_str()).collect();
    insta::assert_snapshot!(order.join("\n"));
}

#[test]
fn every_application_model_has_an_owner_a_data_test_and_a_unit_test() {
    let registry = Registry::shipped().expect("shipped models");
    for model in registry.models().iter().filter(|model| model.file.starts_with("models/app/")) {
        assert!(model.owner.is_some(), "{} has no owner", model.name);
        assert!(!model.data_tests.is_empty(), "{} has no data test", model.name);
        assert!(!model.unit_tests.is_empty(), "{} has no unit test", model.name);
    }
}

#[test]
fn mistakes_in_sql_name_file_and_line() {
    insta::assert_snapshot!(wrong("select a\nfrom nowhere", VIEW), @"models/app/a.sql:2: reads 'nowhere', which is neither a model nor a source");
    insta::assert_snapshot!(wrong("with\nraw as (select a from raw)\nselect a from raw", VIEW), @"models/app/a.sql:2: 'raw' hides the model or source of that name: call it otherwise");
    insta::assert_snapshot!(wrong("select a\nfrom raw where a = :dates", VIEW), @"models/app/a.sql:2: :dates cannot stand here: write `x in (:dates)` or `values (:dates)`, or the same with :lookback_dates");
}

#[test]
fn a_circle_is_shown() {
    let error = registry(&[
        ("app/a.sql", "select a\nfrom b"),
        ("app/a.yml", VIEW),
        ("app/b.sql", "select a from a"),
        ("app/b.yml", VIEW),
    ])
    .expect_err("a circle");
    insta::assert_snapshot!(error, @"models/app/a.sql:2: models read each other in a circle: a → b → a");
}

#[test]
fn mistakes_in_yaml_name_file_and_line() {
    let sql = "select a from raw";
    let mistakes = [
        "description: d\nkind: tabel\n",
        "description: ' '\nkind: view\ngrain: g\ncolumns: []\n",
        "description: d\nkind: view\ngrain: ' '\ncolumns: []\n",
        "description: d\nkind: view\ngrain: g\ncolumns:\n  - {name: a, data_type: string}\n",
        "description: d\nkind: view\ngrain: g\ncolumns:\n  - {name: a, data_type: string, description: ''}\n",
        "description: d\nkind: view\ngrain: g\nsort: [z]\ncolumns: []\n",
        "description: d\nkind: view\ngrain: g\nfeed: orders\ncolumns: []\n",
        "description: d\nkind: replace_partition\ngrain: g\ncolumns: []\n",
        "description: d\nkind: replace_partition\nfeed: orders\ngrain: g\ncolumns: []\n",
        "description: d\nkind: view\ngrain: g\nkinds: 1\ncolumns: []\n",
        "description: d\nkind: view\n  grain: g\n",
    ];
    let data_tests = [
        "[uniq]",
        "[relationships]",
        "[{relationships: {to: nowhere, field: a}}]",
        "[{relationships: {to: raw, field: b}}]",
        "[{accepted_values: {values: []}}]",
        "[{equal_rowcount: {compare_model: raw}}]",
        "[{unique: {columns: [a]}}]",
        "[{unique: {config: {severity: fatal}}}]",
    ];
    let column = "description: d\nkind: view\ngrain: g\ncolumns:\n  - name: a\n    data_type: string\n    description: d\n    data_tests: ";
    let mistakes = mistakes.iter().map(|yaml| wrong(sql, yaml));
    let data_tests = data_tests.iter().map(|test| wrong(sql, &format!("{column}{test}\n")));
    insta::assert_snapshot!(mistakes.chain(data_tests).collect::<Vec<_>>().join("\n"));
}

#[test]
fn mistakes_in_unit_tests_name_file_and_line() {
    let unit_tests = [
        "- {name: t, given: [{input: nowhere, rows: []}], expect: {rows: []}}",
        "- {name: t, given: [{input: raw, rows: [{b: 1}]}], expect: {rows: []}}",
        "- {name: t, expect: {rows: [{b: 1}]}}",
        "- {name: t, dates: [yesterday], expect: {rows: []}}",
        "- {name: t, expect: {rows: [{a: [1]}]}}",
    ];
    let mistake = |test: &&str| wrong("select a from raw", &format!("{VIEW}unit_tests:\n  {test}\n"));
    insta::assert_snapshot!(unit_tests.iter().map(mistake).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_users_models_add_and_override() {
    let shipped = files(&[
        ("app/a.sql", "select a from raw"),
        ("app/a.yml", VIEW),
        ("app/b.sql", "select a from a"),
        ("app/b.yml", VIEW),
        SOURCES,
    ]);
    let own = files(&[
        ("x/a.sql", "select upper(a) as a from raw"),
        ("x/a.yml", VIEW),
        ("x/c.sql", "select a from b"),
        ("x/c.yml", VIEW),
        ("app/b.sql", "select a from a"),
        ("app/b.yml", VIEW),
        ("tests/no_z.sql", "select a from c where a = 'z'"),
        ("tests/no_z.yml", "{description: No z., config: {severity: warn}}"),
    ]);
    let plain = Registry::from_files(&shipped, "models", &ModelFiles::new()).expect("sound");
    let overlaid = Registry::from_files(&shipped, "my/models", &own).expect("sound");
    let shown: Vec<_> = overlaid
        .models()
        .iter()
        .map(|model| (model.name.as_str(), model.origin, model.file.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("a", Origin::Overridden, "my/models/x/a.sql"),
            ("b", Origin::Shipped, "models/app/b.sql"),
            ("c", Origin::Added, "my/models/x/c.sql"),
        ]
    );
    let [test] = overlaid.custom_tests() else { panic!("one test of its own") };
    assert_eq!((test.name.as_str(), test.test.severity), ("no_z", Severity::Warn));
    // what reads a changed model is changed, too
    for name in ["a", "b"] {
        assert_ne!(plain.fingerprints()[name], overlaid.fingerprints()[name], "{name}");
    }
}

#[test]
fn what_the_users_models_must_not_do_names_file_and_line() {
    let other = "description: d\nkind: view\ngrain: g\ncolumns: []\n";
    let incremental = "description: d\nkind: incremental\ngrain: g\ncolumns:\n  - {name: partition_date, data_type: date, description: d}\n";
    let mistakes = [
        wrong_own(&[("a.sql", "select a from raw")]),
        wrong_own(&[("a.yml", VIEW)]),
        wrong_own(&[("a.sql", "select 1 as b from raw"), ("a.yml", other)]),
        wrong_own(&[("c.sql", "select a from raw"), ("c.yml", incremental)]),
        wrong_own(&[("C d.sql", "select a from raw"), ("C d.yml", VIEW)]),
        wrong_own(&[("x/publish.sql", "select a from raw"), ("x/publish.yml", VIEW)]),
        wrong_own(&[
            ("c.sql", "select a from raw"),
            ("c.yml", VIEW),
            ("x/c.sql", "select a from raw"),
            ("x/c.yml", VIEW),
        ]),
        wrong_own(&[("sources.yml", "sources: []")]),
        wrong_own(&[("c.sql", "select a\nfrom raw_staging"), ("c.yml", VIEW)]),
        wrong_own(&[
            ("tests/t.sql", "select a from raw"),
            ("tests/t.yml", "description: d"),
            ("tests/x/t.sql", "select a from a"),
            ("tests/x/t.yml", "description: d"),
        ]),
    ];
    insta::assert_snapshot!(mistakes.join("\n"));
}

#[test]
fn a_fingerprint_follows_content_and_not_words() {
    let of = |sql: &str, yaml: &str| {
        registry(&[("app/a.sql", sql), ("app/a.yml", yaml)]).expect("sound").fingerprints()["a"].clone()
    };
    let fingerprint = of("select a from raw", VIEW);
    assert_eq!(
        fingerprint,
        of("-- why\nselect a\nfrom raw", &VIEW.replace("description: d", "description: other"))
    );
    assert_ne!(fingerprint, of("select a from raw where a <> 'x'", VIEW));
    assert_ne!(fingerprint, of("select a from raw", &VIEW.replace("string", "bigint")));
}

/// With another fingerprint in another version of Daybook, all books would be built again.
#[test]
fn a_fingerprint_of_each_kind_feed_and_type_stays_what_it_was() {
    let columns = ["string", "integer", "bigint", "double", "boolean", "timestamp"]
        .map(|data_type| format!("  - {{name: a_{data_type}, data_type: {data_type}, description: d}}\n"))
        .concat();
    let fingerprint = |kind: &str| {
        let dates = if kind.starts_with("replace_partition") { " where a in (:dates)" } else { "" };
        let sql = format!("select * from raw{dates}");
        let yaml = format!(
            "description: d\nkind: {kind}\ngrain: g\nsort: [a_string]\nlookups: [a_bigint]\ncolumns:\n  \
             - {{name: partition_date, data_type: date, description: d}}\n{columns}"
        );
        let registry = registry(&[("app/a.sql", &sql), ("app/a.yml", &yaml)]).expect("sound");
        registry.fingerprints()["a"].clone()
    };
    let fingerprints = [
        "incremental",
        "replace_partition\nfeed: orders",
        "replace_partition\nfeed: sales",
        "replace_partition\nfeed: catalogue",
        "replace_partition\nfeed: versions",
        "table",
        "view",
    ]
    .map(fingerprint);
    insta::assert_snapshot!(fingerprints.join("\n"), @r"
    cd574385b5d1b06b37c8efc9ff3a2580
    9365e4c8da93183b19c97bddba443821
    44dd87a8bc6237e4b1d8fb4c3a07f0e7
    bc7d03bfc908a9f0d911fbd8d9a18098
    44cb457c4f76cce7e0aef6c707047716
    d945eedac4a9e45a6a0bea81f512e50a
    d3f7dd5be67b6f1ce9d4aa81d71613ae
    ");
}

#[test]
fn selectors_follow_references() {
    let registry = Registry::shipped().expect("shipped models");
    let names = |selector: &str| {
        registry.select(&[selector.to_owned()]).map(|names| names.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(names("app_daily_revenue").expect("known"), ["app_daily_revenue"]);
    assert!(names("int_order_payments+").expect("known").contains(&"app_order_payments".to_owned()));
    assert!(names("+app_order_payments").expect("known").contains(&"orders".to_owned()));
    assert!(!names("+app_order_payments").expect("known").contains(&"orders_staging".to_owned()));
    assert!(names("nothing+").expect_err("unknown").contains("'nothing'"));
}

#[test]
fn what_has_no_dates_is_kept_apart_from_what_is_built_by_dates() {
    let table = VIEW.replace("kind: view", "kind: table");
    let dated = "description: d\nkind: replace_partition\nfeed: orders\ngrain: g\ncolumns:\n  \
                 - {name: partition_date, data_type: date, description: d}\n";
    let error = registry(&[
        ("app/a.sql", "select a from raw"),
        ("app/a.yml", &table),
        ("app/b.sql", "select a from a"),
        ("app/b.yml", VIEW),
        ("app/c.sql", "select cast(a as date) as partition_date\nfrom b where cast(a as date) in (:dates)"),
        ("app/c.yml", dated),
    ])
    .expect_err("a mistake");
    insta::assert_snapshot!(error, @"models/app/c.sql:2: reads 'a', a table that is rebuilt as a whole: of its changes nobody knows the dates");
    insta::assert_snapshot!(wrong("select a from raw where a in (:dates)", &table), @"models/app/a.yml:2: kind table is not built by dates, so its SQL cannot ask for :dates or :lookback_dates");
    let counted = format!("{table}data_tests: [{{equal_rowcount: {{compare_model: a}}}}]\n")
        .replace("columns:\n", "columns:\n  - {name: partition_date, data_type: date, description: d}\n");
    insta::assert_snapshot!(wrong("select a from raw", &counted), @"models/app/a.yml:7: test equal_rowcount (a): compares rows date by date, and this model's are not kept so");
    let fed = table.replace("grain: g", "grain: g\nfeed: orders");
    insta::assert_snapshot!(wrong("select a from raw", &fed), @"models/app/a.yml:4: 'feed' is only for kind replace_partition");
}

/// A model that is built by dates.
fn dated(feed: &str) -> String {
    format!(
        "description: d\nkind: replace_partition\nfeed: {feed}\ngrain: g\ncolumns:\n  \
         - {{name: partition_date, data_type: date, description: d}}\n"
    )
}

#[test]
fn what_is_built_by_dates_asks_for_them() {
    let sql = "select cast(a as date) as partition_date from raw";
    insta::assert_snapshot!(wrong(sql, &dated("orders")), @"models/app/a.yml:2: kind replace_partition is built by dates, so its SQL must ask for them: where partition_date in (:dates)");
    for variable in [":dates", ":lookback_dates"] {
        let sql = format!("{sql} where cast(a as date) in ({variable})");
        registry(&[("app/a.sql", &sql), ("app/a.yml", &dated("orders"))]).expect("asks for dates");
    }
}

/// What is said of a model of feed `feed` that reads, through a view, one of feed `read`.
fn fed(feed: &str, read: &str) -> Option<String> {
    let raw = "select cast(a as date) as partition_date from raw where cast(a as date) in (:dates)";
    let view = "description: d\nkind: view\ngrain: g\ncolumns:\n  \
                - {name: partition_date, data_type: date, description: d}\n";
    let files = [
        ("app/a.sql", raw),
        ("app/a.yml", &dated(read)),
        ("app/b.sql", "select partition_date from a"),
        ("app/b.yml", view),
        ("app/c.sql", "select partition_date\nfrom b where partition_date in (:dates)"),
        ("app/c.yml", &dated(feed)),
    ];
    registry(&files).err().map(|error| error.to_string())
}

#[test]
fn what_one_feed_rebuilds_does_not_read_what_another_does() {
    insta::assert_snapshot!(fed("orders", "catalogue").expect("a mistake"), @"models/app/c.sql:2: reads 'a', which is rebuilt by feed catalogue, and this model only by feed orders: make it a view or a table, which follow all that they read");
    for (feed, read) in [("sales", "versions"), ("catalogue", "orders"), ("versions", "sales")] {
        assert!(fed(feed, read).is_some(), "{feed} reads {read}");
    }
    for (feed, read) in [("orders", "sales"), ("sales", "orders"), ("versions", "catalogue")] {
        assert_eq!(fed(feed, read), None);
    }
}
