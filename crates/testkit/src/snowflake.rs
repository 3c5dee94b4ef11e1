//! A stand-in for Snowflake.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::TestkitError;
use crate::moto::Moto;
use crate::python::python_with;
use crate::python_server::PythonServer;

const REQUIREMENTS: &str = include_str!("snowflake-requirements.txt");
const PROGRAM: &str = include_str!("snowflake.py");
const END_OF_KEY: &str = "-----END PRIVATE KEY-----";

/// The process's server, as long as a test uses it.
static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty database on a throwaway server that answers Snowflake's SQL API v2.
///
/// Databases of a test process that are used at one time share a server. It ends when the last of them is dropped, or
/// with the process, however that ends.
///
/// The server is no Snowflake: what passes here is self-consistent, not proven. It reads stages from the server of all
/// [`TestBucket`]s. Its key pair is good for every user of every account, and `test-token` is its OAuth token and its
/// programmatic access token. `call system$wait(SECONDS)` takes its time as it does in Snowflake.
///
/// [`TestBucket`]: crate::TestBucket
#[derive(Debug)]
pub struct Snowflake {
    server: Arc<Server>,
    database: String,
}

#[derive(Debug)]
struct Server {
    process: PythonServer,
    private_key: String,
}

impl Snowflake {
    /// Makes a database. Starting the server takes some seconds; the first start ever installs it below Cargo's
    /// target folder.
    ///
    /// # Errors
    /// When Python isn't there, or the server cannot be installed or started.
    pub async fn start() -> Result<Self, TestkitError> {
        let server = tokio::task::spawn_blocking(Server::get);
        let server = server.await.map_err(|error| TestkitError::Snowflake(error.to_string()))??;
        // The server makes a session's database when it doesn't know it, unlike Snowflake.
        let database = format!("TEST_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        Ok(Self { server, database })
    }

    /// Where it answers.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.process.address())
    }

    /// The database, for the session of a client. Its schema is `PUBLIC`.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The private key, PKCS#8 in PEM, whose public half the server knows.
    pub fn private_key(&self) -> &str {
        &self.server.private_key
    }
}

impl Server {
    /// The process's server, started if there is none. Blocks.
    fn get() -> Result<Arc<Self>, TestkitError> {
        let mut current = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = current.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(Self::start()?);
        *current = Arc::downgrade(&server);
        Ok(server)
    }

    fn start() -> Result<Self, TestkitError> {
        let s3 = format!("http://{}", Moto::get()?.address());
        let python = python_with("snowflake", REQUIREMENTS)?;
        let mut process = PythonServer::start(&python, PROGRAM, &[("S3_ENDPOINT", &s3)])?;
        let mut private_key = String::new();
        while !private_key.trim_end().ends_with(END_OF_KEY) {
            let line = process.line().map_err(|error| TestkitError::Snowflake(error.to_string()))?;
            if line.is_empty() {
                return Err(TestkitError::Snowflake("it ends before it has begun".to_owned()));
            }
            private_key.push_str(&line);
        }
        Ok(Self { process, private_key })
    }
}
