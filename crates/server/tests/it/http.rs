//! The HTTP server in front of everything else.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::support::Folder;

struct Caller {
    base: String,
    token: String,
}

impl Caller {
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = Client::new().request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn a_batch_is_loaded_closed_expired_and_found_in_history() {
    let folder = Folder::new();
    folder.write(
        ".daybook/landing/1/orders.csv",
        "id,processed_timestamp,customer_id\no1,2024-03-01 10:00:00,c'1\no2,2024-03-01 10:00:00.5,c'1\n",
    );
    folder.write(
        ".daybook/landing/1/order_lines.csv",
        "id,quantity,variant_id,revenue,order_id\nl1,2,v1,1000,o1\nl2,1,v1,500,o2\nl3,1,v1,500,o2\n",
    );
    let token = folder.daybook(&["token", "create", "test", "--scopes", "ingest,read,operate"]).out;
    folder.daybook(&["token", "create", "test", "--scopes", "read"]).assert_error(&["test", "revoke"]);
    let mut serving =
        folder.serve(&[("DAYBOOK_HTTP_LISTEN", "127.0.0.1:0"), ("DAYBOOK_LOG", "warn,daybook=debug")]);
    let line = serving.wait_for("listening on");
    let base = format!("http://{}", line.rsplit(' ').find(|word| word.starts_with("127.")).unwrap());
    let caller =
        Caller { base: base.split(" address").next().unwrap().to_owned(), token: token.trim().to_owned() };
    serving.wait_for("the operational data store is there");

    let place = json!({ "uri": format!("file://{}", folder.path(".daybook/landing/1").display()) });
    assert_eq!(caller.ask(Method::POST, "/v1/loads", Some(&place)).await.0, 202);
    serving.wait_for("loaded file://");
    // the batch is told of a moment before the load as a whole has ended
    let load = loop {
        let (_, load) = caller.ask(Method::GET, "/v1/loads/1", None).await;
        if load["state"] != "running" {
            break load;
        }
    };
    assert_eq!((&load["state"], &load["batches"][0]["state"]), (&json!("done"), &json!("loaded")), "{load}");
    let customer = "/v1/customers/c'1/orders?history=true";
    let (_, page) = caller.ask(Method::GET, customer, None).await;
    assert_eq!((&page["orders"][1]["id"], &page["history"]), (&json!("o1"), &json!([])), "{page}");

    for days in [
        json!({ "from": "2024-03-01", "to": "2999-01-01" }),
        json!({ "from": "0001-01-01", "to": "2024-03-05" }),
        json!({ "frm": "2024-03-01" }),
    ] {
        let (status, problem) = caller.ask(Method::POST, "/v1/runs", Some(&days)).await;
        assert_eq!(status, 422, "{problem}");
    }
    let days = json!({ "from": "2024-03-01", "to": "2024-03-05" });
    assert_eq!(caller.ask(Method::POST, "/v1/runs", Some(&days)).await.0, 202);
    serving.wait_for("closed state=Published");
    let (_, runs) = caller.ask(Method::GET, "/v1/runs", None).await;
    assert_eq!(runs["runs"][0]["state"], "published", "{runs}");
    let (_, page) = caller.ask(Method::GET, customer, None).await;
    assert_eq!(page["orders"], json!([]), "the close has expired it");
    assert_eq!(page["history"][1]["order_id"], "o1");
    assert_eq!(page["history"][1]["revenue"], 1000);
    assert_eq!(page["next"], json!(null));
    let one = "/v1/customers/c'1/orders?history=true&limit=1";
    let (_, page) = caller.ask(Method::GET, one, None).await;
    assert_eq!((&page["history"][0]["order_id"], &page["history"][0]["units"]), (&json!("o2"), &json!(2)));
    let next = page["next"].as_str().unwrap();
    let (_, page) = caller.ask(Method::GET, &format!("{one}&after={next}"), None).await;
    assert_eq!((&page["history"][0]["order_id"], &page["next"]), (&json!("o1"), &json!(null)), "{page}");

    let late = r#"{"id":"t1","order_id":"o1","status":"success","created_at":"2024-03-09T10:00:00Z"}"#;
    folder.write(".daybook/landing/transactions.ndjson", late);
    let place =
        json!({ "uri": format!("file://{}", folder.path(".daybook/landing/transactions.ndjson").display()) });
    assert_eq!(caller.ask(Method::POST, "/v1/loads", Some(&place)).await.0, 202);
    serving.wait_for("loaded file://");
    let (_, order) = caller.ask(Method::GET, "/v1/orders/o1?history=true", None).await;
    assert_eq!(
        (&order["order_status"], &order["payments"][0]["id"]),
        (&json!("pending"), &json!("t1")),
        "{order}"
    );
    // another process publishes, and this one shows it
    let closed = folder.daybook(&["run", "--from", "2024-03-06", "--to", "2024-03-09"]);
    assert_eq!(closed.code, 0, "{}", closed.err);
    let (_, order) = caller.ask(Method::GET, "/v1/orders/o1?history=true", None).await;
    assert_eq!(order["order_status"], "success", "{order}");
    let (status, told) = caller.ask(Method::GET, "/v1/status", None).await;
    assert_eq!((status, &told["loads"]["loaded"]), (200, &json!(2)), "{told}");

    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    for secret in [token.trim(), "c'1", "c%271", "2024-03-09T10:00:00Z"] {
        assert!(
            !log.contains(secret),
            "neither tokens nor customers nor payloads are logged: {secret}\n{log}"
        );
    }
    assert!(log.contains("/v1/customers/{id}/orders"), "{log}");
}

#[test]
fn tokens_are_listed_and_revoked() {
    let folder = Folder::new();
    let token = folder.daybook(&["token", "create", "till", "--scopes", "ingest,read"]).out;
    let list = || folder.daybook(&["--format", "csv", "token", "list"]).out;
    let listed = list();
    let row = listed.lines().nth(1).unwrap();
    assert!(row.starts_with("till,\"ingest,read\",20") && row.ends_with(" UTC,"), "{listed}");
    assert!(!listed.contains(token.trim()), "{listed}");
    assert_eq!(folder.daybook(&["token", "revoke", "till"]).code, 0);
    assert!(list().lines().nth(1).unwrap().ends_with(" UTC"), "{}", list());
    folder.daybook(&["token", "revoke", "till"]).assert_error(&["till", "daybook token list"]);
    assert_eq!(folder.daybook(&["token", "create", "till", "--scopes", "everything"]).code, 2);
}

#[test]
fn an_open_door_to_the_outside_is_refused() {
    let folder = Folder::new();
    let variables = [("DAYBOOK_HTTP_LISTEN", "0.0.0.0:0")];
    folder.daybook_with(&variables, &["serve", "--insecure-no-auth"]).assert_error(&["0.0.0.0", "127.0.0.1"]);
}

#[test]
fn a_server_that_could_answer_nobody_is_refused_whatever_is_asked() {
    let folder = Folder::new();
    let cases = [
        ("DAYBOOK_HTTP_LISTEN", "here", "[http] listen = \"here\""),
        ("DAYBOOK_HTTP_TLS_CERTIFICATE", "chain.pem", "[http] needs both tls_certificate"),
        ("DAYBOOK_HTTP_TLS_KEY", "key.pem", "[http] needs both tls_certificate"),
        ("DAYBOOK_HTTP_MAX_BODY_BYTES", "0", "[http] max_body_bytes"),
        ("DAYBOOK_HTTP_TIMEOUT_SECONDS", "0", "[http] timeout_seconds"),
        ("DAYBOOK_HTTP_MAX_CONCURRENT_REQUESTS", "0", "[http] max_concurrent_requests"),
        ("DAYBOOK_WEBHOOKS_TOLERANCE_SECONDS", "0", "[webhooks] tolerance_seconds"),
    ];
    for (variable, value, key) in cases {
        folder.daybook_with(&[(variable, value)], &["status"]).assert_error(&[key, variable]);
    }
    let ended = folder.daybook_with(&[("DAYBOOK_WEBHOOKS_SECRETS", "s3cret")], &["status"]);
    ended.assert_error(&["[webhooks]", "whsec_"]);
    assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    assert!(!folder.path(".daybook").exists(), "nothing was begun");
}
