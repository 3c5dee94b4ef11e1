//! Each mistake gets one line that says what to do, and leaves nothing half done.

use crate::support::Folder;

#[test]
fn a_wrong_column_refuses_the_batch_whole() {
    let folder = Folder::new();
    folder.write_batch();
    folder.write("batch/orders.csv", "id,processed_timestamp,customer\no1,2024-03-01 10:00:00,c1\n");
    let refused = folder.daybook(&["-q", "load", "batch"]);
    assert_eq!(refused.code, 3);
    refused.assert_error(&["refused", "orders.csv", "customer_id"]);
    let status = folder.daybook(&["--format", "json", "status"]);
    assert!(status.out.contains(r#""orders": 0"#), "{}", status.out);
    assert!(status.out.contains(r#""order_lines": 0"#), "{}", status.out);

    folder.write_batch();
    assert_eq!(folder.daybook(&["load", "batch"]).code, 0);
    let status = folder.daybook(&["--format", "json", "status"]);
    assert!(status.out.contains(r#""orders": 1"#), "{}", status.out);
    assert!(status.out.contains(r#""refused": []"#), "{}", status.out);
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    folder.daybook(&["load", "nowhere/batch"]).assert_error(&["error: ", "nowhere/batch"]);
}

#[test]
fn a_stopped_postgresql_is_named_without_its_password() {
    let folder = Folder::new();
    folder.write_batch();
    let url = [("DAYBOOK_ODS_URL", "postgres://someone:s3cret@127.0.0.1:1/shop")];
    for arguments in [&["load", "batch"][..], &["run"], &["status"]] {
        let ended = folder.daybook_with(&url, arguments);
        ended.assert_error(&["error: ", "127.0.0.1:1"]);
        assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    }
}

#[test]
fn a_warehouse_that_is_no_folder_is_named() {
    let folder = Folder::new();
    folder.write("blocked", "a file");
    let blocked = folder.path("blocked/warehouse");
    let variables = [("DAYBOOK_WAREHOUSE_URL", blocked.to_str().unwrap())];
    for arguments in [&["run"][..], &["query", "select 1"], &["init"]] {
        folder.daybook_with(&variables, arguments).assert_error(&["warehouse", "blocked", "folder"]);
    }
    assert!(!folder.path(".daybook").exists(), "nothing was begun");
}

#[test]
fn a_query_before_the_first_close_says_how_to_get_there() {
    let folder = Folder::new();
    folder.daybook(&["query", "select 1"]).assert_error(&["nothing is published yet", "daybook run"]);
}

#[test]
fn a_wrong_configuration_names_key_and_file() {
    let folder = Folder::new();
    folder.write("daybook.toml", "[retention]\ndayz = 3\n");
    folder.daybook(&["status"]).assert_error(&["configuration", "dayz", "daybook.toml"]);
    folder.write("daybook.toml", "business_timezone = \"Mars/Olympus\"\n");
    folder.daybook(&["status"]).assert_error(&["business_timezone", "Mars/Olympus", "IANA"]);
    folder.daybook(&["--config", "none.toml", "status"]).assert_error(&["none.toml"]);
    folder.write("daybook.toml", "");
    folder
        .daybook_with(&[("DAYBOOK_RETENTION_DAYS", "many")], &["status"])
        .assert_error(&["retention.days", "many"]);
}

#[test]
fn a_filter_of_logs_that_is_none_is_refused() {
    let folder = Folder::new();
    let ended = folder.daybook_with(&[("DAYBOOK_LOG", "daybook=loud")], &["status"]);
    ended.assert_error(&["error: DAYBOOK_LOG", "daybook=loud", "warn,daybook_ods=debug"]);
    assert!(!folder.path(".daybook").exists(), "nothing was begun");
}

#[test]
fn a_day_that_is_not_over_is_refused() {
    let folder = Folder::new();
    let ended = folder.daybook(&["--now", "2024-03-01T12:00:00Z", "run", "--date", "2024-03-01"]);
    ended.assert_error(&["2024-03-01 is not over yet", "2024-02-29"]);
}

#[test]
fn a_secret_that_is_configured_wrongly_is_not_shown() {
    let folder = Folder::new();
    for (file, key) in [
        ("[webhooks]\nsecrets = { first = \"TOPSECRET\" }\n", "webhooks.secrets"),
        ("[webhooks]\nshopify_secrets = [\"TOPSECRET\", 123456789]\n", "webhooks.shopify_secrets"),
        ("[openlineage]\napi_key = 123456789\n", "openlineage.api_key"),
        ("[webhooks]\nsecrets = [\"TOPSECRET 123456789]\n", "line 2"),
    ] {
        folder.write("daybook.toml", file);
        let ended = folder.daybook(&["status"]);
        ended.assert_error(&["configuration", key]);
        for secret in ["TOPSECRET", "123456789"] {
            assert!(!ended.err.contains(secret), "{}", ended.err);
        }
    }
    folder.write("daybook.toml", "");
    let variables = [("DAYBOOK_WEBHOOKS_SHOPIFY_SECRETS", "123456789")];
    let ended = folder.daybook_with(&variables, &["status"]);
    ended.assert_error(&["webhooks.shopify_secrets", "a text or a list of texts"]);
    assert!(!ended.err.contains("123456789"), "{}", ended.err);
}

#[test]
fn a_single_secret_needs_no_list() {
    let folder = Folder::new();
    // it gets as far as the address, which is wrong
    let listen = ("DAYBOOK_HTTP_LISTEN", "here");
    let one = ("DAYBOOK_WEBHOOKS_SECRETS", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    folder.daybook_with(&[listen, one], &["serve"]).assert_error(&["[http] listen"]);
    let several = ("DAYBOOK_WEBHOOKS_SECRETS", r#"["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]"#);
    folder.daybook_with(&[listen, several], &["serve"]).assert_error(&["[http] listen"]);
}

#[test]
fn too_many_days_are_refused() {
    let folder = Folder::new();
    let ended = folder.daybook(&["run", "--from", "0001-01-01", "--to", "2024-01-02"]);
    ended.assert_error(&["738887 days", "3660"]);
}
