//! Clients that take their time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Front, SECRET, signed};

const EVENT: &str = r#"{"id":"t1","order_id":"o1","status":"success","created_at":"2024-05-01T10:00:00Z"}"#;
const OTHER: &str = r#"{"id":"t2","order_id":"o1","status":"success","created_at":"2024-05-01T10:00:00Z"}"#;

/// A webhook of which the server waits for the body.
struct Dribble(TcpStream);

impl Dribble {
    /// Sends the head, and a byte of the body once the server asks for it.
    async fn begin(front: &Front) -> Self {
        let address = front.base.strip_prefix("http://").unwrap();
        let headers: String =
            signed(SECRET, EVENT).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "POST /v1/webhooks/transactions HTTP/1.1\r\nhost: {address}\r\nexpect: 100-continue\r\n\
             connection: close\r\ncontent-length: {}\r\n{headers}\r\n",
            EVENT.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut asked = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        stream.read_exact(&mut asked).await.unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&asked));
        stream.write_all(&EVENT.as_bytes()[..1]).await.unwrap();
        Self(stream)
    }

    async fn finish(mut self) -> String {
        self.0.write_all(&EVENT.as_bytes()[1..]).await.unwrap();
        self.answer().await
    }

    async fn answer(mut self) -> String {
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[tokio::test]
async fn whoever_dribbles_a_body_holds_no_place() {
    let front = Front::with(|options| options.max_concurrent = 1).await;
    let slow = [Dribble::begin(&front).await, Dribble::begin(&front).await];
    assert_eq!(front.webhook(SECRET, OTHER).await.status, 200);
    for dribble in slow {
        let answer = dribble.finish().await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(front.payments().await.len(), 2);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let front = Front::with(|options| options.timeout = Duration::from_millis(50)).await;
    let answer = Dribble::begin(&front).await.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:daybook:problem:timeout"), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_under_way_is_finished_before_the_server_ends() {
    let front = Front::open().await;
    let slow = Dribble::begin(&front).await;
    front.tell_to_stop();
    let answer = slow.finish().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let ods = front.stop().await;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from ods.transaction").fetch_one(ods.pool()).await.unwrap();
    assert_eq!(stored, 1);
}

/// What the server answers to these bytes of a client that then says nothing more.
async fn answer_to(front: &Front, bytes: &str) -> String {
    let mut stream = TcpStream::connect(front.base.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_large_is_not_asked_for() {
    let front = Front::open().await;
    let head = "POST /v1/webhooks/transactions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                connection: close\r\ncontent-length: 99999999\r\n\r\n";
    let answer = answer_to(&front, head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("urn:daybook:problem:too_large"), "{answer}");
}

#[tokio::test]
async fn a_broken_body_is_told_apart_from_a_large_one() {
    let front = Front::open().await;
    let head = "POST /v1/webhooks/transactions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\nZZ\r\n";
    let answer = answer_to(&front, head).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
