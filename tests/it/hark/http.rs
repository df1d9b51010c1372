//! Requests to the HTTP front.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{Client, Hark};
use crate::contract;

/// What came back: the status and the body, null when there was none.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body, when the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Refused with that status and code, in the shape that every error has; gives the sentence.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["error"]["code"], code, "{}", self.body);
        let sentence = self.body["error"]["message"].as_str().unwrap_or_default();
        assert!(!sentence.is_empty(), "an error says something");
        sentence.to_owned()
    }
}

impl Hark {
    pub async fn get(&self, client: &Client, path: &str) -> Answer {
        self.request(Method::GET, path, &client.token, None).await
    }

    pub async fn post(&self, client: &Client, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path, &client.token, Some(body)).await
    }

    /// Without a token: registering and logging in.
    pub async fn post_as_nobody(&self, path: &str, body: &Value) -> Answer {
        answer(self.to(Method::POST, path).json(body)).await
    }

    /// With any bearer, good or not.
    pub async fn request(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let request = self.to(method, path).bearer_auth(token);
        answer(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// A request to be completed by hand.
    pub fn to(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.running.http_url()))
    }
}

/// Sends a request that was completed by hand, and holds the answer against the contract.
pub async fn answer(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.expect("Hark answers");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a body");
    contract::check(method.as_str(), &path, status, &body);
    Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() }
}
