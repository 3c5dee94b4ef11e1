//! `ods.upsert_catalogue` within a client's own transaction.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::Shop;
use crate::versions::assert_invariant;

const DOCUMENT: &str = r#"{"products": [{"id": "p", "title": "Mugs", "product_type": "stock",
    "variants": [{"id": "v", "price": 100, "title": "Mug"}]}]}"#;
const BAD: &str = r#"{"products": [{"id": "q", "title": "Cups", "product_type": "stock",
    "variants": [{"id": "w", "price": "100", "title": "Cup"}]}]}"#;

const ROWS: &str = "select (select count(*) from ods.product), (select count(*) from ods.variant), \
                    (select count(*) from daybook.product_version), (select count(*) from daybook.variant_version)";

/// Runs a program that reads `input`.
async fn run(mut program: Command, input: String) -> Output {
    let finished = tokio::task::spawn_blocking(move || {
        let mut child =
            program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    finished.await.unwrap()
}

/// What psql of the server's own installation says to `script`.
async fn psql(shop: &Shop, script: &str) -> (String, String) {
    let folder = shop.query("select setting from pg_config() where name = 'BINDIR'").await;
    let mut psql = Command::new(format!("{folder}/psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", &shop.url]);
    let output = run(psql, script.to_owned()).await;
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn psql_calls_it_within_its_own_transaction() {
    let shop = Shop::open().await;
    let (said, errors) =
        psql(&shop, &format!("begin; select ods.upsert_catalogue('{DOCUMENT}'); {ROWS}; rollback;")).await;
    assert_eq!(errors, "");
    assert!(said.ends_with("1|1|1|1\n"), "{said}");
    assert_eq!(shop.query(ROWS).await, "0 0 0 0", "a rollback leaves nothing, versions neither");

    // a bad document takes back its own rows only, as far as the client wants
    let (said, errors) = psql(
        &shop,
        &format!(
            "begin; select ods.upsert_catalogue('{DOCUMENT}') -> 'variants' ->> 'inserted'; savepoint before; \
             select ods.upsert_catalogue('{BAD}'); rollback to before; commit;"
        ),
    )
    .await;
    assert_eq!(said, "1\n");
    assert!(errors.contains("ERROR:  price '100' is not a JSON integer of 32 bits"), "{errors}");
    assert!(errors.contains("DETAIL:  /products/0/variants/0/price"), "{errors}");
    assert_eq!(shop.query(ROWS).await, "1 1 1 1");
    assert_invariant(&shop).await;
}

const PSYCOPG: &str = r#"
import json, sys
import psycopg
from psycopg.types.json import Jsonb

url, document, bad = sys.argv[1:]
with psycopg.connect(url) as connection:
    try:
        with connection.transaction():
            connection.execute("select ods.upsert_catalogue(%s)", [Jsonb(json.loads(document))])
            raise RuntimeError("changed my mind")
    except RuntimeError:
        pass
    print(connection.execute("select count(*) from ods.product").fetchone()[0])
    with connection.transaction():
        connection.execute("insert into ods.orders values ('o', '2024-05-01', 'c')")
        report = connection.execute("select ods.upsert_catalogue(%s)", [Jsonb(json.loads(document))]).fetchone()[0]
        print(report["products"]["inserted"], report["variants"]["inserted"], report["warnings"])
    try:
        with connection.transaction():
            connection.execute("select ods.upsert_catalogue(%s)", [Jsonb(json.loads(bad))])
    except psycopg.errors.InvalidParameterValue as error:
        print(error.sqlstate, error.diag.message_detail, error.diag.column_name)
"#;

#[tokio::test]
async fn psycopg_calls_it_within_its_own_transaction() {
    let shop = Shop::open().await;
    let requirements = include_str!("psycopg-requirements.txt");
    let python = tokio::task::spawn_blocking(move || daybook_testkit::python_with("psycopg", requirements));
    let python = python.await.unwrap().unwrap();
    let mut program = Command::new(python);
    program.args(["-c", PSYCOPG, &shop.url, DOCUMENT, BAD]);
    let output = run(program, String::new()).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "0\n1 1 []\n22023 /products/0/variants/0/price price\n"
    );
    assert_eq!(shop.query(ROWS).await, "1 1 1 1");
    assert_eq!(shop.query("select count(*) from ods.orders").await, "1");
}

#[tokio::test]
async fn whoever_may_write_the_tables_may_call_it_and_nobody_else() {
    let shop = Shop::open().await;
    let (editor, reader) =
        (format!("editor_{}", std::process::id()), format!("reader_{}", std::process::id()));
    let (said, errors) = psql(
        &shop,
        &format!(
            "create role {editor}; create role {reader}; grant usage on schema ods to {editor}, {reader}; \
             grant select on all tables in schema ods to {editor}, {reader}; \
             grant insert, update on ods.product, ods.variant to {editor}; \
             set role {reader}; select ods.upsert_catalogue('{DOCUMENT}'); \
             set role {editor}; select ods.upsert_catalogue('{DOCUMENT}') -> 'products' ->> 'inserted'; \
             select ods.upsert_catalogue('{{\"variants\": [{{\"id\": \"v\", \"product_id\": \"p\", \"price\": 1, \
                 \"title\": \"Mug\", \"updated_at\": \"2020-01-01 00:00:00\"}}]}}') -> 'variants' ->> 'older'; \
             select count(*) from daybook.variant_version;"
        ),
    )
    .await;
    assert_eq!(said, "1\n1\n");
    let refused: Vec<_> = errors.lines().filter(|line| line.starts_with("ERROR")).collect();
    assert_eq!(
        refused,
        [
            "ERROR:  permission denied for table product",
            "ERROR:  permission denied for table variant_version"
        ]
    );
    assert_eq!(shop.query(ROWS).await, "1 1 1 2");
    assert_invariant(&shop).await;
}
