//! A bucket of its own for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::moto::Moto;
use crate::{FaultProxy, TestkitError};

static BUCKETS: AtomicU32 = AtomicU32::new(0);

/// Any: the server lets everybody in. It takes the region from here, too.
const AUTHORIZATION: &str =
    "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none";

/// An empty bucket on a throwaway S3 server.
///
/// All buckets of a test process share one server, which ends, with everything in it, when the process ends, however
/// it ends.
#[derive(Clone, Debug)]
pub struct TestBucket {
    name: String,
    address: String,
}

impl TestBucket {
    /// Makes an empty bucket. The first call in a process starts the server, which takes a second; the first ever
    /// installs it below Cargo's target folder.
    ///
    /// # Errors
    /// When Python isn't there, or the server cannot be installed or started.
    pub async fn create() -> Result<Self, TestkitError> {
        let server = tokio::task::spawn_blocking(Moto::get)
            .await
            .map_err(|error| TestkitError::Bucket(error.to_string()))??;
        let name = format!("test-bucket-{}", BUCKETS.fetch_add(1, Ordering::Relaxed));
        let bucket = Self { name, address: server.address() };
        bucket.send(&format!("/{}", bucket.name), &[]).await?;
        Ok(bucket)
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of what lies at `path` in the bucket.
    pub fn url(&self, path: &str) -> String {
        format!("s3://{}/{path}", self.name)
    }

    /// Where the server answers.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The `AWS_…` variables of somebody who may do everything in the bucket.
    pub fn variables(&self) -> Vec<(String, String)> {
        self.variables_at(&self.endpoint())
    }

    /// The same, but through the proxy.
    pub fn variables_through(&self, proxy: &FaultProxy) -> Vec<(String, String)> {
        self.variables_at(&proxy.endpoint())
    }

    fn variables_at(&self, endpoint: &str) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// Puts an object.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn put(&self, key: &str, content: impl AsRef<[u8]>) -> Result<(), TestkitError> {
        self.send(&format!("/{}/{key}", self.name), content.as_ref()).await
    }

    async fn send(&self, path: &str, body: &[u8]) -> Result<(), TestkitError> {
        let answer =
            self.request(path, body).await.map_err(|error| TestkitError::Bucket(error.to_string()))?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        Err(TestkitError::Bucket(format!("PUT {path}: {answer}")))
    }

    /// One PUT by hand: a client would be a heavy dependency for this.
    async fn request(&self, path: &str, body: &[u8]) -> std::io::Result<String> {
        let mut connection = TcpStream::connect(&self.address).await?;
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {AUTHORIZATION}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            self.address,
            body.len()
        );
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(body).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
