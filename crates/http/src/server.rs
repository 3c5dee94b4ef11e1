//! Listening, and ending well.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use daybook_model::Clock;
use daybook_ods::{LoadOptions, Ods};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::books::Books;
use crate::options::{HttpOptions, Tls};
use crate::{loader, routes};

/// How long requests that are under way may go on once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// How long a client may take for the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may lie idle between two requests; proxies keep theirs for a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// What the server works with.
#[derive(Clone)]
pub struct Services {
    /// The operational data store, set once it could be reached; until then every request that needs it is told to
    /// come again. Loads work on its connections, other requests on some of their own.
    pub ods: Arc<OnceLock<Ods>>,
    /// The books behind it.
    pub books: Arc<dyn Books>,
    /// How batches are loaded, and which payments count as paid.
    pub load_options: LoadOptions,
    /// Where all times come from.
    pub clock: Clock,
    /// Tells that a load was asked for.
    pub(crate) wake_loader: Arc<Notify>,
}

impl Services {
    /// Services without an operational data store yet.
    pub fn new(books: Arc<dyn Books>, load_options: LoadOptions, clock: Clock) -> Self {
        Self { ods: Arc::default(), books, load_options, clock, wake_loader: Arc::default() }
    }
}

/// A server that listens and waits to be served.
pub struct HttpServer {
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    app: App,
}

/// Why the server cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is taken, or not of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Without tokens everybody who reaches the port may do everything.
    #[error(
        "{0} can be reached from outside, where tokens are needed: listen on 127.0.0.1, or leave --insecure-no-auth out"
    )]
    OpenToAll(SocketAddr),
    /// The certificate or its key cannot be read.
    #[error("cannot use the certificate {certificate} with the key {key}: {source}")]
    Tls {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
        /// Why not.
        source: io::Error,
    },
    /// A webhook's secret cannot be used; it is not shown.
    #[error("[webhooks]: {0}")]
    Secret(&'static str),
    /// The server stopped by itself.
    #[error("the HTTP server failed: {0}")]
    Serve(#[source] io::Error),
}

impl HttpServer {
    /// Binds the port; nobody is answered before [`Self::serve`].
    ///
    /// Loads that are asked for will be done by the runtime that this is called in. Requests are answered by the one that
    /// serves, which may be another, so that no load holds them up.
    ///
    /// # Errors
    ///
    /// When the address, the certificate or a secret cannot be used, or when it would be open to all.
    pub async fn bind(options: HttpOptions, services: Services) -> Result<Self, HttpError> {
        let address = options.listen;
        if options.insecure_no_auth && !address.ip().is_loopback() {
            return Err(HttpError::OpenToAll(address));
        }
        let tls = match &options.tls {
            Some(tls) => Some(rustls_config(tls).await?),
            None => None,
        };
        let listen = |source| HttpError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        Ok(Self { listener, tls, app: App::new(options, services)? })
    }

    /// Where it listens: the port that was chosen, if port 0 was asked for.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until told to stop; then no new ones, but those under way are finished, and payments that
    /// wait are committed.
    ///
    /// # Errors
    ///
    /// When the server stops by itself.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), HttpError> {
        let handle = Handle::new();
        let loader = self.app.work().spawn(loader::keep_running(self.app.services().clone(), stop.clone()));
        let drain = tokio::spawn(drain(handle.clone(), stop));
        let service = routes::router(&self.app).into_make_service_with_connect_info::<SocketAddr>();
        let server = patient(axum_server::from_tcp(self.listener).map_err(HttpError::Serve)?).handle(handle);
        // an answer of several packets shall not wait for the client's acknowledgement of the first
        let plain = NoDelayAcceptor::new();
        let served = match self.tls {
            Some(tls) => server.acceptor(RustlsAcceptor::new(tls).acceptor(plain)).serve(service).await,
            None => server.acceptor(plain).serve(service).await,
        };
        drain.abort();
        loader.abort();
        self.app.close().await;
        served.map_err(HttpError::Serve)
    }
}

/// Limits how long a client may take before its request is there.
fn patient(server: axum_server::Server<SocketAddr>) -> axum_server::Server<SocketAddr> {
    let mut server = server.first_request_timeout(HEAD_TIMEOUT);
    server.http_builder().http1().header_read_timeout(IDLE_TIMEOUT);
    server
}

async fn drain(handle: Handle<SocketAddr>, stop: CancellationToken) {
    stop.cancelled().await;
    handle.graceful_shutdown(Some(DRAIN));
}

async fn rustls_config(tls: &Tls) -> Result<RustlsConfig, HttpError> {
    // the first provider that is installed stays, whichever part of the process brings it
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await.map_err(|source| HttpError::Tls {
        certificate: tls.certificate.display().to_string(),
        key: tls.key.display().to_string(),
        source,
    })
}
