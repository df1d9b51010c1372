use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use crate::app::App;
use crate::{Code, Error};

/// Makes a function of its routes: unknown paths and methods answer in the shape of every other error,
/// and each request is one line of the log.
pub fn serve(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    routes
        .fallback(async || Error::not_found("no such path"))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(log))
        .with_state(app)
}

/// axum adds the `Allow` header of RFC 9110.
async fn wrong_method() -> Response {
    let error = Error::new(Code::Invalid, "the path doesn't take this method");
    (StatusCode::METHOD_NOT_ALLOWED, error).into_response()
}

/// Never the query, whose values may be secret.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    // As a number: JSON logs show a u128 as a string.
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status = response.status().as_u16(), took_ms, "request");
    response
}
