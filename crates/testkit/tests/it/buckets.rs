//! Each test has a bucket of its own on the process's one server, which goes with the process.

use std::io::BufRead;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use daybook_testkit::{Fault, FaultProxy, TestBucket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const HOLD: &str = "DAYBOOK_TESTKIT_HOLD_BUCKET";

/// The status and body of an unsigned GET.
async fn get(endpoint: &str, path: &str) -> (String, String) {
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut connection = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_bucket_is_nobody_elses() {
    let (first, second) = tokio::join!(TestBucket::create(), TestBucket::create());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.endpoint(), second.endpoint());
    first.put("a/b.csv", "mine").await.unwrap();
    let answer = async |bucket: &TestBucket| {
        get(&bucket.endpoint(), &format!("/{}?list-type=2", bucket.name())).await.1
    };
    assert!(answer(&first).await.contains("<Key>a/b.csv</Key>"));
    assert!(!answer(&second).await.contains("<Key>"));
    assert_eq!(first.url("a/"), format!("s3://{}/a/", first.name()));
}

#[tokio::test]
async fn a_fault_happens_once_and_the_rest_passes() {
    let bucket = TestBucket::create().await.unwrap();
    let proxy = FaultProxy::before(&bucket).await.unwrap();
    proxy.fault(bucket.name(), Fault::CutAfter(5));
    proxy.fault("GET", Fault::Answer(503, "busy"));
    let list = format!("/{}?list-type=2", bucket.name());
    let (cut, busy) = (get(&proxy.endpoint(), &list).await, get(&proxy.endpoint(), &list).await);
    assert_eq!((cut.1.as_str(), busy.0.as_str(), busy.1.as_str()), ("<?xml", "503", "busy"));
    assert!(get(&proxy.endpoint(), &list).await.1.contains("ListBucketResult"));
    assert_eq!(proxy.requests("GET").len(), 3);
}

#[tokio::test]
async fn an_answer_may_be_lost_after_what_it_answers_was_done() {
    let bucket = TestBucket::create().await.unwrap();
    let proxy = FaultProxy::before_server(&bucket.endpoint()).await.unwrap();
    let list = format!("/{}?list-type=2", bucket.name());
    proxy.fault("GET", Fault::AnswerAfter(503, "lost"));
    let (lost, found) = (get(&proxy.endpoint(), &list).await, get(&proxy.endpoint(), &list).await);
    assert_eq!((lost.0.as_str(), lost.1.as_str(), found.0.as_str()), ("503", "lost", "200"));
    proxy.requested(&list).await;
}

/// Run as a process of its own by the test below, not as a test.
#[tokio::test]
#[ignore = "ends as the test that runs it tells"]
async fn hold_a_bucket() {
    let Some(note) = std::env::var_os(HOLD) else { return };
    std::fs::write(note, TestBucket::create().await.unwrap().endpoint()).unwrap();
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
}

/// What `done` gives, as soon as it gives something.
fn soon<T>(done: impl Fn() -> Option<T>) -> T {
    let found = (0..3000).find_map(|_| {
        let found = done();
        if found.is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
        found
    });
    found.unwrap()
}

#[test]
fn a_process_that_is_killed_takes_its_server_with_it() {
    let note = tempfile::NamedTempFile::new().unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "buckets::hold_a_bucket", "--ignored"])
        .env(HOLD, note.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let endpoint =
        soon(|| std::fs::read_to_string(note.path()).ok()?.strip_prefix("http://").map(str::to_owned));
    TcpStream::connect(&endpoint).unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    soon(|| TcpStream::connect(&endpoint).err());
}
