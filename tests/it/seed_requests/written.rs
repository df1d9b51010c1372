//! The requests of the document, as they stand there.

use reqwest::Method;

use crate::hark::{Answer, Hark, answer};

/// Word for word, each under a name of ours.
const REQUESTS: &str = include_str!("requests.http");
/// Where the document has its service.
const SERVICE_URL: &str = "http://localhost:8010";

#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub name: &'static str,
    text: &'static str,
}

/// All of them.
pub fn every() -> Vec<Written> {
    let split = |block: &'static str| block.split_once('\n').expect("a name, and then the request");
    let requests = REQUESTS.split("### ").skip(1).map(split);
    requests.map(|(name, text)| Written { name, text: text.trim() }).collect()
}

/// The one of that name.
pub fn written(name: &str) -> Written {
    every().into_iter().find(|request| request.name == name).expect("it is in the document")
}

impl Written {
    /// Whether the document sends a token with it.
    pub fn takes_a_token(self) -> bool {
        self.text.contains("<token>")
    }

    pub async fn send(self, hark: &Hark, token: &str) -> Answer {
        self.send_for(hark, token, SERVICE_URL).await
    }

    /// The same for a service that is somewhere else.
    pub async fn send_for(self, hark: &Hark, token: &str, service_url: &str) -> Answer {
        let text = self.text.replace("<token>", token).replace(SERVICE_URL, service_url);
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let (method, path) = lines.next().and_then(|line| line.split_once(' ')).expect("a request line");
        let method: Method = method.parse().expect("a method");
        let headers = lines.map(|line| line.split_once(": ").expect("a header"));
        let request =
            headers.fold(hark.to(method, path), |request, (name, value)| request.header(name, value));
        answer(request.body(body.to_owned())).await
    }

    /// As it stands there, without the header that names the caller.
    pub async fn send_as_nobody(self, hark: &Hark) -> Answer {
        let text = self.text.replace("Authorization: Bearer <token>", "Accept: */*").leak();
        Written { text, ..self }.send(hark, "").await
    }
}
