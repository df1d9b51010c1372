//! A stand-in for API Gateway's `@connections` that checks what it gets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Who may post here.
pub(super) fn credentials() -> Credentials {
    Credentials::builder()
        .access_key_id("AKIDEXAMPLE")
        .secret_access_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        .session_token("a session token")
        .provider_name("test")
        .build()
}

/// A post as it arrived.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) path: String,
    pub(super) body: Bytes,
    pub(super) session_token: String,
    pub(super) signature: String,
    /// What the signature has to be.
    pub(super) expected_signature: String,
}

#[derive(Default)]
struct Seen {
    posts: Mutex<Vec<Post>>,
    closed: Mutex<Vec<String>>,
    connections: AtomicUsize,
    /// How many are held, until they are let go.
    held: watch::Sender<usize>,
    are_let_go: watch::Sender<bool>,
}

/// Answers by the connection's id: a status, with the header that API Gateway gives or `bare-`; `slow`
/// never; `held` once they are let go; anything else well.
pub(super) struct Gateway {
    pub(super) base: String,
    seen: Arc<Seen>,
}

impl Gateway {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/local", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let route = post(take).get(inspect).delete(close);
        let router = Router::new().route("/local/@connections/{id}", route).with_state(Arc::clone(&seen));
        let counted = Counted { listener, seen: Arc::clone(&seen) };
        tokio::spawn(async move { axum::serve(counted, router).await });
        Self { base, seen }
    }

    pub(super) fn last_post(&self) -> Post {
        self.seen.posts.lock().unwrap().last().unwrap().clone()
    }

    pub(super) fn closed(&self) -> Vec<String> {
        self.seen.closed.lock().unwrap().clone()
    }

    /// Waits until so many posts are held, or more.
    pub(super) async fn holds(&self, count: usize) {
        let mut held = self.seen.held.subscribe();
        held.wait_for(|held| *held >= count).await.unwrap();
    }

    /// Answers all that are held, and each that comes from now on.
    pub(super) fn let_go(&self) {
        self.seen.are_let_go.send_replace(true);
    }

    /// How many were opened to it.
    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

struct Counted {
    listener: TcpListener,
    seen: Arc<Seen>,
}

impl axum::serve::Listener for Counted {
    type Io = TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let accepted = self.listener.accept().await.unwrap();
        self.seen.connections.fetch_add(1, Ordering::SeqCst);
        accepted
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

async fn take(
    State(seen): State<Arc<Seen>>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let authorization = header("authorization");
    let (region, signature) = read_authorization(&authorization);
    let expected_signature = sign_again(&header("host"), uri.path(), &header("x-amz-date"), region, &body);
    let path = uri.path().to_owned();
    let session_token = header("x-amz-security-token");
    seen.posts.lock().unwrap().push(Post { path, body, session_token, signature, expected_signature });
    if id == "held" {
        seen.held.send_modify(|held| *held += 1);
        seen.are_let_go.subscribe().wait_for(|let_go| *let_go).await.unwrap();
    }
    refusal(&id).await.unwrap_or_else(|| Response::new(Body::empty()))
}

async fn inspect(Path(id): Path<String>) -> Response {
    let info = r#"{"connectedAt":"2026-01-01T00:00:00.000Z","lastActiveAt":"2026-01-01T00:00:01.500Z",
        "identity":{"sourceIp":"192.0.2.1","userAgent":"wscat"}}"#;
    refusal(&id).await.unwrap_or_else(|| Response::new(Body::from(info)))
}

async fn close(State(seen): State<Arc<Seen>>, Path(id): Path<String>) -> Response {
    if let Some(refusal) = refusal(&id).await {
        return refusal;
    }
    seen.closed.lock().unwrap().push(id);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

async fn refusal(id: &str) -> Option<Response> {
    if id == "slow" {
        std::future::pending::<()>().await;
    }
    let status: u16 = id.trim_start_matches("bare-").parse().ok()?;
    let mut response = Response::new(Body::from("{\"message\":\"no\"}"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let kind = match status {
        410 => "GoneException",
        429 => "LimitExceededException",
        413 => "PayloadTooLargeException",
        403 => "ForbiddenException",
        _ => return Some(response),
    };
    if !id.starts_with("bare-") {
        response.headers_mut().insert("x-amzn-errortype", kind.parse().unwrap());
    }
    Some(response)
}

/// The region that the request was signed for, and its signature.
fn read_authorization(authorization: &str) -> (&str, String) {
    let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/").unwrap();
    let scope: Vec<&str> = credential.split(',').next().unwrap().split('/').collect();
    let [_day, region, "execute-api", "aws4_request"] = scope[..] else { panic!("{scope:?}") };
    (region, authorization.split("Signature=").nth(1).unwrap().to_owned())
}

/// Signs the request as it arrived, with the key that both know.
fn sign_again(host: &str, path: &str, date: &str, region: &str, body: &[u8]) -> String {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = time::PrimitiveDateTime::parse(date, format).unwrap().assume_utc();
    let identity = credentials().into();
    let signing = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("execute-api")
        .time(time.into())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("http://{host}{path}");
    let request = SignableRequest::new("POST", url, std::iter::empty(), SignableBody::Bytes(body)).unwrap();
    sign(request, &signing).unwrap().into_parts().1
}
