//! Answers as Lambda gives them to API Gateway.

use std::pin::Pin;

use axum::Router;
use axum::body::to_bytes;
use axum::response::Response;
use lambda_http::{Body, IntoResponse, Service, service_fn};
use tower::ServiceExt;

/// An answer whose body is text where it is UTF-8, and Base64 where it isn't.
///
/// lambda_http reads text by the charset of its content type, and brings the tables of all old charsets into every
/// function for it.
pub struct Answer(Response<Body>);

impl Answer {
    async fn of(response: Response) -> Result<Self, lambda_http::Error> {
        let (parts, body) = response.into_parts();
        let body = Vec::from(to_bytes(body, usize::MAX).await?);
        let body = match String::from_utf8(body) {
            Ok(text) if text.is_empty() => Body::Empty,
            Ok(text) => Body::Text(text),
            Err(binary) => Body::Binary(binary.into_bytes()),
        };
        Ok(Self(Response::from_parts(parts, body)))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(std::future::ready(self.0))
    }
}

/// A function of its router, for [`lambda_http::run`].
pub fn answers(
    router: Router,
) -> impl Service<lambda_http::Request, Response = Answer, Error = lambda_http::Error, Future: Send> {
    service_fn(move |request| {
        let answering = router.clone().oneshot(request);
        async {
            let Ok(response) = answering.await;
            Answer::of(response).await
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    async fn body(bytes: &'static [u8], content_type: &str) -> Body {
        let response = Response::builder().header(CONTENT_TYPE, content_type).body(bytes.into()).unwrap();
        Answer::of(response).await.unwrap().into_response().await.into_body()
    }

    #[tokio::test]
    async fn what_is_utf_8_is_text_whatever_its_type_says() {
        for content_type in ["application/json", "text/plain; charset=iso-8859-1", "image/png"] {
            assert_eq!(body("grüße".as_bytes(), content_type).await, Body::Text("grüße".to_owned()));
        }
    }

    #[tokio::test]
    async fn what_is_not_utf_8_is_binary() {
        assert_eq!(body(b"\xff\xfe", "text/plain").await, Body::Binary(b"\xff\xfe".to_vec()));
    }

    #[tokio::test]
    async fn nothing_is_empty() {
        assert_eq!(body(b"", "application/json").await, Body::Empty);
    }
}
