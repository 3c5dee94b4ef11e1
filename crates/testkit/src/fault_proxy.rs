//! A network that breaks where a test wants it to.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{TestBucket, TestkitError};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is this status with this body, instead of the server's.
    Answer(u16, &'static str),
    /// The server does what it is asked, but its answer is lost, and this status with this body comes instead.
    AnswerAfter(u16, &'static str),
    /// The connection is reset before any answer.
    Reset,
    /// The connection ends after so many bytes of the answer's body.
    CutAfter(u64),
    /// Nothing more comes after so many bytes of the answer's body, while the connection stays.
    StallAfter(u64),
}

/// A TCP proxy in front of a server, which passes everything on but the faults that it was told.
///
/// Each connection carries one request. It ends when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    endpoint: String,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Script {
    faults: Vec<(String, Fault)>,
    seen: Vec<String>,
    changed: watch::Sender<()>,
}

impl FaultProxy {
    /// Listens in front of the bucket's server.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn before(bucket: &TestBucket) -> Result<Self, TestkitError> {
        Self::before_server(&bucket.endpoint()).await
    }

    /// Listens in front of the server at an `http://` address.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn before_server(server: &str) -> Result<Self, TestkitError> {
        let no_port = |error: io::Error| TestkitError::Bucket(error.to_string());
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(no_port)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(no_port)?);
        let script = Arc::new(Mutex::new(Script::default()));
        let server = server.trim_start_matches("http://").to_owned();
        let task = tokio::spawn(listen(listener, server, Arc::clone(&script)));
        Ok(Self { endpoint, script, task })
    }

    /// Where it answers.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// The next request whose first line contains `request`, like `GET /bucket/key`, suffers this. Each fault happens
    /// once; of several that match, the first told comes first.
    pub fn fault(&self, request: &str, fault: Fault) {
        lock(&self.script).faults.push((request.to_owned(), fault));
    }

    /// The first lines of all requests so far that contain `part`.
    pub fn requests(&self, part: &str) -> Vec<String> {
        lock(&self.script).seen.iter().filter(|line| line.contains(part)).cloned().collect()
    }

    /// Waits for a request whose first line contains `part`, unless there was one.
    pub async fn requested(&self, part: &str) {
        let mut changes = lock(&self.script).changed.subscribe();
        while self.requests(part).is_empty() {
            // It fails only when the sender is gone, which lives as long as this proxy.
            changes.changed().await.ok();
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    fn next(&mut self, head: &str) -> Option<Fault> {
        let line = head.lines().next().unwrap_or_default().to_owned();
        let fault = self.faults.iter().position(|(request, _)| line.contains(request.as_str()));
        self.seen.push(line);
        self.changed.send_replace(());
        fault.map(|index| self.faults.remove(index).1)
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, server: String, script: Arc<Mutex<Script>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, script) = (server.clone(), Arc::clone(&script));
        // A connection that breaks is what this is for.
        tokio::spawn(async move { serve(client, &server, &script).await.ok() });
    }
}

async fn serve(mut client: TcpStream, server: &str, script: &Mutex<Script>) -> io::Result<()> {
    let (head, begun) = read_head(&mut client).await?;
    let fault = lock(script).next(&head);
    match fault {
        Some(Fault::Answer(status, body)) => {
            // Whoever has not sent all would take the end of the connection for a reset.
            let rest = content_length(&head).saturating_sub(begun.len() as u64);
            copy(&mut (&mut client).take(rest), &mut tokio::io::sink()).await?;
            client.write_all(answer(status, body).as_bytes()).await?;
            client.shutdown().await
        }
        Some(Fault::Reset) => client.set_zero_linger(),
        Some(Fault::AnswerAfter(status, body)) => {
            exchange(&mut client, server, &head, &begun).await?;
            client.write_all(answer(status, body).as_bytes()).await?;
            client.shutdown().await
        }
        fault => pass_on(client, server, &head, &begun, fault).await,
    }
}

/// Passes a request on, and its answer back as far as the fault lets it.
async fn pass_on(
    mut client: TcpStream,
    server: &str,
    head: &str,
    begun: &[u8],
    fault: Option<Fault>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    server.write_all(closing(head).as_bytes()).await?;
    server.write_all(begun).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let answer = async {
        let (head, begun) = read_head(&mut from_server).await?;
        to_client.write_all(head.as_bytes()).await?;
        let limit = match fault {
            Some(Fault::CutAfter(bytes) | Fault::StallAfter(bytes)) => bytes,
            _ => u64::MAX,
        };
        copy(&mut begun.as_slice().chain(from_server).take(limit), &mut to_client).await?;
        if let Some(Fault::StallAfter(_)) = fault {
            std::future::pending::<()>().await;
        }
        to_client.shutdown().await
    };
    // The request's side ends only when the client goes away.
    tokio::select! {
        answered = answer => answered,
        gone = copy(&mut from_client, &mut to_server) => gone.map(|_| ()),
    }
}

/// Passes a request on, and waits for the end of its answer, which is lost.
async fn exchange(client: &mut TcpStream, server: &str, head: &str, begun: &[u8]) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    server.write_all(closing(head).as_bytes()).await?;
    server.write_all(begun).await?;
    let rest = content_length(head).saturating_sub(begun.len() as u64);
    copy(&mut client.take(rest), &mut server).await?;
    copy(&mut server, &mut tokio::io::sink()).await?;
    Ok(())
}

/// The head, asking for an end of the connection after the answer.
fn closing(head: &str) -> String {
    head.replacen("\r\n", "\r\nConnection: close\r\n", 1)
}

/// A message's head with its empty line, and what of the body came with it.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn content_length(head: &str) -> u64 {
    let values = head.lines().filter_map(|line| line.split_once(':'));
    let length = values.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Fault\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}
