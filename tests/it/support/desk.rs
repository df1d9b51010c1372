//! The people of a desk, and how it stands.

use std::ops::Deref;

use reqwest::Method;
use serde_json::{Value, json};
use shared::model::Role;

use crate::hark::{Answer, Client, Hark, Socket};

pub const SESSIONS: &str = "/api/v1/support/sessions";
pub const VISITORS: &str = "/api/v1/visitors";

/// Somebody who serves as long as this is kept.
pub struct Serving {
    staff: Client,
    _socket: Socket,
}

impl Deref for Serving {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.staff
    }
}

/// What a list of sessions names, in its order.
pub fn ids(answer: &Value) -> Vec<i64> {
    answer["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_i64().unwrap()).collect()
}

/// The path of a session.
pub fn at(session: &Value, rest: &str) -> String {
    format!("{SESSIONS}/{}{rest}", session["id"])
}

impl Hark {
    pub async fn put(&self, client: &Client, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path, &client.token, Some(body)).await
    }

    pub async fn patch(&self, client: &Client, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path, &client.token, Some(body)).await
    }

    pub async fn delete(&self, client: &Client, path: &str) -> Answer {
        self.request(Method::DELETE, path, &client.token, None).await
    }

    /// Somebody without an account.
    pub async fn visitor(&self) -> Client {
        self.visitor_who(&json!({})).await
    }

    pub async fn visitor_who(&self, body: &Value) -> Client {
        let entered = self.post_as_nobody(VISITORS, body).await.expect(201);
        Client {
            id: entered["user"]["id"].as_i64().unwrap(),
            username: entered["user"]["username"].as_str().unwrap().to_owned(),
            token: entered["token"].as_str().unwrap().to_owned(),
        }
    }

    /// A staff member of a team who is here and given whoever waits.
    pub async fn serving(&self, admin: &Client, name: &str, team: &str) -> Serving {
        let staff = self.off_duty(admin, name, team).await;
        let socket = self.connect(&staff).await;
        self.put(&staff, "/api/v1/support/status", &json!({"status": "online"})).await.expect(200);
        Serving { staff, _socket: socket }
    }

    /// A staff member of a team who isn't there.
    pub async fn off_duty(&self, admin: &Client, name: &str, team: &str) -> Client {
        let staff = self.user_as(name, Role::Staff).await;
        let path = format!("/api/v1/support/staff/{}", staff.id);
        self.put(admin, &path, &json!({"team": team})).await.expect(200);
        staff
    }

    /// A session of that visitor.
    pub async fn session(&self, visitor: &Client, body: &Value) -> Value {
        self.post(visitor, SESSIONS, body).await.expect(201)
    }

    /// Everything that a request could change, as who manages it sees it.
    pub async fn desk(&self, admin: &Client) -> Value {
        let mut desk = json!({});
        for list in ["sessions", "queue", "staff", "teams", "replies"] {
            let path = format!("/api/v1/support/{list}?page_size=100");
            desk[list] = self.get(admin, &path).await.expect(200)[list].clone();
        }
        desk
    }

    /// Refused with that status and code, and nothing of the desk is another; gives the sentence.
    pub async fn unchanged(
        &self,
        admin: &Client,
        (status, code): (u16, &str),
        request: impl Future<Output = Answer>,
    ) -> String {
        let before = self.desk(admin).await;
        let sentence = request.await.refused(status, code);
        assert_eq!(self.desk(admin).await, before, "{sentence}");
        sentence
    }
}
