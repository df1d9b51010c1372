//! Functions behind a Lambda Invoke API, first of all `cargo lambda watch`.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::time::Duration;

use super::{FunctionError, Invoker, TRACE_HEADER, Trace};

/// The header with which Lambda says that the body is an error.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// How long an event may take at least, whatever its function's timeout, which the API enforces if it does at all:
/// the first one after a change waits while the function is built anew. As long as API Gateway waits.
const PATIENCE: Duration = Duration::from_secs(29);

/// A client of an Invoke API without credentials, on this machine.
pub struct InvokeApi {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Without a slash at its end.
    base: String,
}

impl InvokeApi {
    /// `url` is where the API is: `http://127.0.0.1:9000`.
    pub fn new(url: &Uri) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: url.to_string().trim_end_matches('/').to_owned() }
    }

    async fn call(
        &self,
        function: &str,
        event: Bytes,
        trace: &Trace,
    ) -> Result<(Response<()>, Bytes), String> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.base);
        let request = Request::post(url)
            .header("content-type", "application/json")
            .header(TRACE_HEADER, trace.header())
            .body(Full::new(event));
        let request = request.map_err(|error| error.to_string())?;
        let answer: Response<Incoming> =
            self.client.request(request).await.map_err(|error| error.to_string())?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok((Response::from_parts(parts, ()), body.to_bytes()))
    }
}

#[async_trait]
impl Invoker for InvokeApi {
    async fn invoke_traced(
        &self,
        function: &str,
        event: Bytes,
        limit: Duration,
        trace: &Trace,
    ) -> Result<Bytes, FunctionError> {
        let limit = limit.max(PATIENCE);
        let answered = tokio::time::timeout(limit, self.call(function, event, trace)).await;
        match answered {
            Ok(Ok((head, body))) => outcome(function, &head, body),
            Ok(Err(error)) => Err(FunctionError::unhandled("ServiceException", error)),
            Err(_) => Err(FunctionError::timed_out("", limit)),
        }
    }
}

/// `cargo lambda` answers an error with 500, Lambda with 200 and a header.
fn outcome(function: &str, head: &Response<()>, body: Bytes) -> Result<Bytes, FunctionError> {
    if head.status() == StatusCode::NOT_FOUND {
        return Err(FunctionError::not_found(function));
    }
    if head.status().is_success() && !head.headers().contains_key(FUNCTION_ERROR) {
        return Ok(body);
    }
    Err(FunctionError::reported(&body))
}
