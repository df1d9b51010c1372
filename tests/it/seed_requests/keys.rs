//! Keys of one service account: for each permission one that holds it alone, and one that lacks it alone.

use serde_json::{Value, json};
use shared::model::Role;

use crate::hark::{Client, Hark};

const EVERY: [&str; 10] = [
    "messaging.view",
    "messaging.broadcast",
    "services.view",
    "services.register",
    "services.unregister",
    "events.view",
    "events.publish",
    "statistics.view",
    "support.manage",
    "users.manage",
];

pub struct Keys {
    admin: Client,
    account: String,
}

impl Keys {
    /// Makes the account.
    pub async fn of_a_service(hark: &Hark) -> Self {
        let admin = hark.user_as("root", Role::Admin).await;
        let body = json!({"username": "ops"});
        let account = hark.post(&admin, "/api/v1/service-accounts", &body).await.expect(201);
        Self { admin, account: account["id"].to_string() }
    }

    /// A key that may do this and nothing else.
    pub async fn with(&self, hark: &Hark, permission: &str) -> String {
        self.make(hark, &[permission]).await
    }

    /// A key that may do everything else.
    pub async fn without(&self, hark: &Hark, permission: &str) -> String {
        let others: Vec<&str> = EVERY.into_iter().filter(|other| *other != permission).collect();
        assert_eq!(others.len(), EVERY.len() - 1, "{permission} is one of them");
        self.make(hark, &others).await
    }

    async fn make(&self, hark: &Hark, permissions: &[&str]) -> String {
        let path = format!("/api/v1/service-accounts/{}/keys", self.account);
        let body = json!({"name": permissions.join(" ").chars().take(30).collect::<String>(), "permissions": permissions});
        let made: Value = hark.post(&self.admin, &path, &body).await.expect(201);
        made["key"].as_str().expect("it is shown once").to_owned()
    }
}
