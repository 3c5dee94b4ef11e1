//! The AWS SDK's requests for credentials, through the object store's HTTP client: one HTTP and TLS stack for both.

use aws_smithy_runtime_api::client::http::{
    HttpClient as SdkClient, HttpConnector as SdkConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use futures::TryStreamExt;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpErrorKind, HttpRequestBody, ReqwestConnector};

/// Asks with the object store's HTTP client.
#[derive(Debug)]
pub(crate) struct SharedClient;

/// What cannot be set up is told when it is first used.
#[derive(Clone, Debug)]
struct Connector(Result<HttpClient, String>);

impl SdkClient for SharedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // Metadata services of the own machine or container speak plain HTTP.
        let mut options = ClientOptions::new().with_allow_http(true);
        if let Some(connect) = settings.connect_timeout() {
            options = options.with_connect_timeout(connect);
        }
        if let Some(read) = settings.read_timeout() {
            options = options.with_timeout(read);
        }
        let client = ReqwestConnector::default().connect(&options);
        SharedHttpConnector::new(Connector(client.map_err(|error| error.to_string())))
    }
}

impl SdkConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let client = client.map_err(|error| ConnectorError::user(error.into()))?;
            send(&client, request).await
        })
    }
}

async fn send(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    // Requests for credentials are small and in memory.
    let request = request.map(|body| HttpRequestBody::from(body.bytes().unwrap_or_default().to_vec()));
    let response = client.execute(request).await.map_err(|error| match error.kind() {
        HttpErrorKind::Timeout => ConnectorError::timeout(error.into()),
        _ => ConnectorError::io(error.into()),
    })?;
    let (parts, body) = response.into_parts();
    let pieces: Vec<_> =
        body.bytes_stream().try_collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    let response = object_store::client::HttpResponse::from_parts(parts, Vec::new().into());
    let response = response.map(|_| SdkBody::from(pieces.concat()));
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}
