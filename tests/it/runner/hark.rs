//! A whole Hark for one test, embedded or on a corner of the services that is its own.

use std::collections::HashMap;
use std::path::PathBuf;

use local::{Options, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::Socket;
use crate::broker::Vhost;
use crate::conformance::with_database;
use crate::hark::RedisDatabase;

/// A running Hark and what it needs to be started again.
pub(crate) struct Hark {
    running: Option<Running>,
    options: Options,
    client: reqwest::Client,
    state: TempDir,
}

/// A registered user.
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) token: String,
}

/// Runs `case` on an embedded Hark.
pub(crate) async fn embedded(case: impl AsyncFn(&mut Hark)) {
    let services = ["DATABASE_URL", "REDIS_URL", "RABBITMQ_URL"];
    let unset = services.map(|name| (name.to_owned(), String::new()));
    run(HashMap::from(unset), case).await;
}

/// Runs `case` on a Hark with a database, a virtual host and a Redis database of its own.
pub(crate) async fn on_services(case: impl AsyncFn(&mut Hark)) {
    with_database(async |database| {
        let vhost = tokio::task::spawn_blocking(Vhost::create).await.unwrap();
        let redis = RedisDatabase::take().await;
        let variables = [
            ("DATABASE_URL", database.to_owned()),
            ("REDIS_URL", redis.url.clone()),
            ("RABBITMQ_URL", vhost.url.clone()),
        ];
        run(HashMap::from(variables.map(|(name, value)| (name.to_owned(), value))), case).await;
    })
    .await;
}

async fn run(variables: HashMap<String, String>, case: impl AsyncFn(&mut Hark)) {
    let mut hark = Hark::start(variables).await;
    case(&mut hark).await;
    hark.stop().await;
}

impl Hark {
    async fn start(variables: HashMap<String, String>) -> Self {
        let state = tempfile::tempdir().unwrap();
        let template = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));
        let state_dir = state.path().to_owned();
        let options = Options { port: 0, state_dir, template, variables, ..Options::defaults() };
        let running = Some(local::start(options.clone()).await.expect("it starts"));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, options, client, state }
    }

    /// What a second runner of the same state would be started with.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    /// Stops it in order and starts it on the same state and ports.
    pub(crate) async fn restart(&mut self) {
        self.options.port = self.running().address().port();
        self.options.management_port = Some(self.running().management_address().port());
        self.stop_running().await;
        self.running = Some(local::start(self.options.clone()).await.expect("it starts again"));
    }

    async fn stop_running(&mut self) {
        assert!(self.running.take().expect("it runs").stop().await, "something still ran");
    }

    async fn stop(mut self) {
        self.stop_running().await;
        self.state.close().unwrap();
    }

    pub(crate) async fn post(&self, token: Option<&str>, path: &str, body: Value) -> Value {
        self.answer(self.client.post(self.url(path)).json(&body), token).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Value {
        self.answer(self.client.get(self.url(path)), Some(token)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running().http_url())
    }

    async fn answer(&self, mut request: reqwest::RequestBuilder, token: Option<&str>) -> Value {
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn register(&self, username: &str) -> User {
        let body = json!({ "username": username, "password": "secret1" });
        let answer = self.post(None, "/api/v1/auth/register", body).await;
        let token = answer["token"].as_str().expect("a token").to_owned();
        User { id: answer["user"]["id"].as_i64().expect("an id"), token }
    }

    pub(crate) async fn connect(&self, user: &User) -> Socket {
        Socket::open(&format!("{}/?token={}", self.running().ws_url(), user.token)).await
    }
}
