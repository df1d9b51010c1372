//! Secrets Manager, as functions meet it.

use std::process::Stdio;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::clients;

/// One of the case's own; ended on drop.
pub struct Manager {
    pub url: String,
    http: reqwest::Client,
    _process: Child,
}

impl Manager {
    pub async fn start() -> Self {
        let mut process = clients::command("secrets_manager.py").await;
        let mut process = process.stdout(Stdio::piped()).spawn().expect("Python starts");
        let mut said = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut said).await.expect("it says its port");
        let said: Value = serde_json::from_str(&said).expect("its port, as JSON");
        let url = format!("http://127.0.0.1:{}", said["port"]);
        Self { url, http: reqwest::Client::new(), _process: process }
    }

    /// Keeps these settings in the secret from now on.
    pub async fn put(&self, id: &str, settings: &[(&str, &str)]) {
        let object: Map<String, Value> =
            settings.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        self.put_text(id, &Value::Object(object).to_string()).await;
    }

    pub async fn put_text(&self, id: &str, text: &str) {
        let put = self.http.post(format!("{}/put", self.url)).json(&json!({ id: text })).send().await;
        assert!(put.expect("it answers").status().is_success());
    }

    /// How often the secret was asked for.
    pub async fn asked(&self, id: &str) -> i64 {
        let asked = self.http.get(format!("{}/asked", self.url)).send().await.expect("it answers");
        asked.json::<Value>().await.expect("JSON")[id].as_i64().unwrap_or_default()
    }

    /// Of a function that has the secrets `ids`, and whatever else is in `more`, and nothing from where the tests
    /// themselves run.
    pub fn variables(&self, ids: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = [
            ("SECRETS", ids),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.url),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "eu-central-1"),
            ("LOG_LEVEL", "debug"),
            ("DATABASE_URL", ""),
            ("REDIS_URL", ""),
            ("RABBITMQ_URL", ""),
            ("JWT_SECRET", ""),
            // The cases aren't about slowness, and the machine may be busy.
            ("DATABASE_TIMEOUT_MS", "5000"),
            ("REDIS_TIMEOUT_MS", "5000"),
            ("RABBITMQ_TIMEOUT_MS", "5000"),
        ];
        own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}
