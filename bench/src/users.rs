//! Users to send and receive as, registered over HTTP and kept for the next load.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::progress::Tally;
use crate::target::Target;

/// Registering costs the server one argon2 hash, some 30 ms of a core: more at once than it has
/// cores would only queue.
const REGISTER_AT_ONCE: usize = 4;

/// One registered user with a token that is good for a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) token: String,
}

/// The users of one server.
pub(crate) struct Users {
    client: reqwest::Client,
    target: Target,
    /// In front of every name, so that runs on one database don't collide.
    prefix: String,
    known: Vec<User>,
}

impl Users {
    /// No users yet, or those of an earlier run.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub(crate) fn new(target: Target, known: Vec<User>) -> anyhow::Result<Self> {
        let run = uuid::Uuid::new_v4().simple().to_string();
        Ok(Self { client: http_client()?, target, prefix: format!("bench_{}", &run[..8]), known })
    }

    /// The first `count` users; those who are missing are registered.
    ///
    /// # Errors
    /// When a registration is refused.
    pub(crate) async fn at_least(&mut self, count: usize, tally: &Arc<Tally>) -> anyhow::Result<&[User]> {
        let missing = self.known.len()..count;
        let registered: Vec<User> = stream::iter(missing)
            .map(|number| self.register(number, tally))
            .buffered(REGISTER_AT_ONCE)
            .try_collect()
            .await?;
        self.known.extend(registered);
        Ok(&self.known[..count])
    }

    /// Everybody so far.
    pub(crate) fn all(&self) -> &[User] {
        &self.known
    }

    async fn register(&self, number: usize, tally: &Tally) -> anyhow::Result<User> {
        #[derive(Deserialize)]
        struct Answer {
            token: String,
            user: Id,
        }
        let name = format!("{}_{number}", self.prefix);
        let body = serde_json::json!({
            "username": name,
            "nickname": format!("Bench {number}"),
            "email": format!("{name}@example.com"),
            "password": "bench-password",
        });
        let url = self.target.http("/api/v1/auth/register");
        let answer: Answer = json(self.client.post(url).json(&body)).await?;
        tally.registered.add(1);
        Ok(User { id: answer.user.id, token: answer.token })
    }
}

/// The part of an answer that names the thing made.
#[derive(Deserialize)]
pub(crate) struct Id {
    pub(crate) id: i64,
}

/// A client that talks to this machine only: no proxy from the environment.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
    Ok(client.build()?)
}

/// Sends a request and reads its JSON answer.
///
/// # Errors
/// With the status and the body, when the status is no success.
pub(crate) async fn json<T: serde::de::DeserializeOwned>(
    request: reqwest::RequestBuilder,
) -> anyhow::Result<T> {
    let answer = request.send().await?;
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let body = answer.text().await?;
    anyhow::ensure!(status.is_success(), "{url} answered {status}: {body}");
    serde_json::from_str(&body).with_context(|| format!("{url} answered {body}"))
}
