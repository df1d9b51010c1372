use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};

use super::Http;

/// [`Http`] for the clients of the SDK. Of their timeouts it leaves those of the operation to them.
#[derive(Debug, Clone)]
pub(crate) struct SdkHttp(Arc<Http>);

impl SdkHttp {
    pub(crate) fn new(connects_within: Duration) -> Self {
        Self(Arc::new(Http::new(connects_within)))
    }
}

impl HttpClient for SdkHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SdkHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { send(&http, request).await })
    }
}

async fn send(http: &Http, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.bytes().ok_or_else(|| ConnectorError::user("a body that is a stream".into()))?;
    let body = Full::new(Bytes::copy_from_slice(body));
    let answer = http.send(http::Request::from_parts(parts, body)).await;
    // All are worth another try: the SDK asks for nothing that mustn't be done twice.
    let (parts, body) = answer.map_err(|error| ConnectorError::io(error.into()))?.into_parts();
    let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
    let answer = Response::from_parts(parts, SdkBody::from(body));
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}
