//! An HTTP client that gives up on silence, not on slowness.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService, ReqwestConnector,
};
use tokio::time::{Instant, Sleep, sleep, timeout};

/// An upload gets a second more for each of this many bytes.
const SLOWEST_UPLOAD: usize = 64 * 1024;

/// What a server did wrong, or did not do, and which one it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerFailure {
    #[error("cannot connect to {server}: {reason}")]
    Unreachable { server: String, reason: String },
    #[error("{server} sent nothing for {} seconds", waited.as_secs_f32())]
    Silent { server: String, waited: Duration },
    #[error("{server} ignores which part of an object is asked for")]
    NoRanges { server: String },
}

/// Makes clients that fail after `silence`.
#[derive(Debug)]
pub(crate) struct PatientConnector {
    silence: Duration,
}

impl PatientConnector {
    pub(crate) fn new(silence: Duration) -> Self {
        Self { silence }
    }
}

impl HttpConnector for PatientConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(PatientClient { client, silence: self.silence }))
    }
}

#[derive(Debug)]
struct PatientClient {
    client: HttpClient,
    silence: Duration,
}

#[async_trait]
impl HttpService for PatientClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let server = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let is_part = request.headers().contains_key("range");
        let upload = Duration::from_secs((request.body().content_length() / SLOWEST_UPLOAD) as u64);
        let Ok(answered) = timeout(self.silence + upload, self.client.execute(request)).await else {
            return Err(silent(server, self.silence + upload));
        };
        let answer = answered.map_err(|error| named(&server, error))?;
        // A resumed download does not look: it would append the whole object to the part that it has.
        if is_part && answer.status().as_u16() == 200 {
            return Err(HttpError::new(HttpErrorKind::Unknown, ServerFailure::NoRanges { server }));
        }
        let (parts, body) = answer.into_parts();
        let body = PatientBody { body, server, silence: self.silence, sleep: None };
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
    }
}

fn silent(server: String, waited: Duration) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, ServerFailure::Silent { server, waited })
}

/// Says which server cannot be reached; other errors are about a request, not about the server.
fn named(server: &str, error: HttpError) -> HttpError {
    if error.kind() != HttpErrorKind::Connect {
        return error;
    }
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    let failure = ServerFailure::Unreachable { server: server.to_owned(), reason: reason.to_string() };
    HttpError::new(HttpErrorKind::Connect, failure)
}

/// A body whose pieces must come within `silence` of being asked for: a slow reader is no slow server.
struct PatientBody {
    body: HttpResponseBody,
    server: String,
    silence: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.sleep = None;
            return Poll::Ready(frame);
        }
        let silence = self.silence;
        let wait = self.sleep.get_or_insert_with(|| Box::pin(sleep(silence)));
        match wait.as_mut().poll(context) {
            Poll::Ready(()) => {
                // Asked again, it waits again.
                wait.as_mut().reset(Instant::now() + silence);
                Poll::Ready(Some(Err(silent(self.server.clone(), silence))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
