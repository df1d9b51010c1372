//! People who call the functions over one embedded app.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::Value;
use shared::app::App;
use shared::chat::registration;
use shared::clock::UnixMs;
use shared::identity::Caller;
use shared::ids::{ConnectionId, UserId};
use shared::model::{Account, Address, Role};
use shared::ports::NewAccount;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::{Posted, embedded_app};
use crate::contract;

pub(crate) struct Hark {
    pub app: Arc<App>,
    pub posted: Arc<Posted>,
    _folder: TempDir,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub status: u16,
    /// Null when there is none.
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }

    /// The body of an answer that went well.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// An error has its status, its code and a sentence.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert!(!self.message().is_empty());
    }
}

impl Hark {
    pub async fn start() -> Self {
        Self::start_with(|app| app).await
    }

    /// With some of the ports put in the place of others.
    pub async fn start_with(change: impl FnOnce(App) -> App) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let posted = Arc::new(Posted::default());
        let app = change(embedded_app(folder.path(), posted.clone()).await);
        Self { app: Arc::new(app), posted, _folder: folder }
    }

    /// Sends one request to the function whose path it is, and holds the answer against the contract.
    pub async fn request(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.function(&path).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        contract::check(method.as_str(), &path, status, &bytes);
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status, body }
    }

    fn function(&self, path: &str) -> Router {
        let app = self.app.clone();
        match path {
            path if path.starts_with("/api/v1/rooms") || path.starts_with("/api/v1/messages") => {
                rooms::router(app)
            }
            path if path.starts_with("/api/v1/services") => services::router(app),
            path if path.starts_with("/api/v1/events") || path.starts_with("/api/v1/broadcast") => {
                events::router(app)
            }
            path if path.starts_with("/api/v1/") => accounts::router(app),
            _ => statistics::router(app),
        }
    }

    pub async fn call(&self, token: Option<&str>, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.request(request.body(body).unwrap()).await
    }

    /// Without a token.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(None, Method::POST, path, Some(body)).await
    }

    /// Somebody with an account and a token, made without a request.
    pub async fn person(&self, name: &str) -> Person<'_> {
        self.person_as(name, Role::User).await
    }

    pub async fn person_as(&self, name: &str, role: Role) -> Person<'_> {
        let new = NewAccount {
            username: name.to_lowercase(),
            nickname: name.to_owned(),
            email: None,
            password_hash: Some("none".to_owned()),
            external: None,
            role,
        };
        let account = self.app.accounts.create(new, self.app.clock.now()).await.unwrap();
        let (token, expires_at) = self.app.tokens.issue(&account, self.app.clock.now()).unwrap();
        Person { hark: self, id: account.user.id, account, token, expires_at }
    }
}

pub(crate) struct Person<'a> {
    hark: &'a Hark,
    pub id: UserId,
    pub account: Account,
    pub token: String,
    expires_at: UnixMs,
}

impl Person<'_> {
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.hark.call(Some(&self.token), method, path, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// With an empty body.
    pub async fn do_post(&self, path: &str) -> Answer {
        self.call(Method::POST, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Opens a socket of that name.
    pub async fn connect(&self, connection: &str) {
        let now = self.hark.app.clock.now();
        let caller = Caller::of(&self.account, self.expires_at, now).unwrap();
        let address = Address {
            connection: ConnectionId(connection.to_owned()),
            endpoint: "http://127.0.0.1:1/live".to_owned(),
            connected_at: now,
        };
        registration::register(&self.hark.app, &caller, &address).await.unwrap();
    }

    /// A group with these others in it; its path.
    pub async fn group(&self, others: &[UserId]) -> String {
        let body = serde_json::json!({"name": "the group", "member_ids": others});
        let room = self.post("/api/v1/rooms", body).await.ok();
        format!("/api/v1/rooms/{}", room["id"])
    }

    /// Sends a message to the room of that path; its acknowledgement.
    pub async fn say(&self, room: &str, content: &str) -> Value {
        self.post(&format!("{room}/messages"), serde_json::json!({"content": content})).await.ok()
    }
}
