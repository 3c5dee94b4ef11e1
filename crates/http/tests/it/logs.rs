//! What the log says, and what it keeps to itself.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use reqwest::Method;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::{Answer, Front, SECRET};

thread_local! {
    /// Who listens to what this thread logs, which is all of a test's server.
    static LISTENER: RefCell<Option<Log>> = const { RefCell::new(None) };
}

/// Listens to every thread that has a listener. There is one subscriber for all tests, and from before they log: what
/// is logged first where nobody subscribes, is taken for disabled everywhere, and subscribers of single threads don't
/// change that reliably.
pub(crate) fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Listener);
        let listening = dynamic_filter_fn(|_, _| LISTENER.with_borrow(Option::is_some));
        tracing_subscriber::registry().with(log.with_filter(listening)).init();
    });
}

struct Listener;

impl Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LISTENER.with_borrow(|listener| {
            if let Some(log) = listener {
                log.0.lock().unwrap().extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens to this thread, which runs one test.
    fn listen() -> Self {
        let log = Self::default();
        LISTENER.set(Some(log.clone()));
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self, part: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

async fn ask(front: &Front, path: &str, id: &str) -> Answer {
    Answer::of(front.request(Method::GET, path).header("x-request-id", id).send().await.unwrap()).await
}

#[tokio::test]
async fn a_request_that_failed_is_one_line_with_its_id() {
    let front = Front::open().await;
    let log = Log::listen();
    *front.books.trouble.lock().unwrap() = Some("the disk is full".to_owned());
    *front.books.panic.lock().unwrap() = Some("a mistake of ours".to_owned());
    for (path, id, cause, status) in
        [("/v1/status", "first", "the disk is full", 503), ("/v1/runs", "second", "a mistake of ours", 500)]
    {
        let answer = ask(&front, path, id).await;
        assert!(!answer.text.contains(cause), "{}", answer.text);
        answer.problem(status);
        let lines = log.lines(&format!("id=\"{id}\""));
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        for part in ["ERROR", "a request failed", cause, "GET", path, &status.to_string()] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }
    // and the server goes on
    *front.books.panic.lock().unwrap() = None;
    assert_eq!(ask(&front, "/v1/runs", "third").await.status, 200);
    let lines = log.lines("third");
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("DEBUG")), "{}", log.text());
}

#[tokio::test]
async fn secrets_and_payloads_are_never_logged() {
    let front = Front::open().await;
    let log = Log::listen();
    let event =
        r#"{"id":"pay-1","order_id":"order-1","status":"failed","created_at":"2024-05-01T10:00:00Z"}"#;
    assert_eq!(front.webhook(SECRET, event).await.status, 200);
    front.webhook(SECRET, &event.replace("pay-1", "")).await.problem(422);
    front.webhook("whsec_d3Jvbmc=", event).await.problem(401);
    front.get("/v1/customers/customer-1/orders?history=true").await;
    let logged = log.text();
    assert!(logged.contains("/v1/webhooks/transactions"), "{logged}");
    for secret in ["pay-1", "order-1", "customer-1", front.token(), SECRET] {
        assert!(!logged.contains(secret), "{secret} is in {logged}");
    }
}
