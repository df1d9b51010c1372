//! `/_faults`: what goes wrong on demand, switched while the runner runs.

use super::{BAD_REQUEST, FORBIDDEN, Refused, json};
use crate::{
    faults::{self, Fault},
    gateway::sockets::Sockets,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use http_body_util::Full;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};

/// How far the clock can be moved at once, in seconds: a year.
const MAX_ADVANCE: u32 = 366 * 24 * 60 * 60;

/// What a proxy or a page in a browser adds to a request: whoever is behind it isn't on this machine.
const BY_ANOTHER: [header::HeaderName; 3] =
    [header::ORIGIN, header::FORWARDED, header::HeaderName::from_static("x-forwarded-for")];

type Answer = Result<Response<Full<Bytes>>, Refused>;

/// The switches of the faults and of the clock.
pub(super) struct Switches {
    pub(super) sockets: Sockets,
    /// Those that a fault can be about.
    pub(super) functions: BTreeSet<String>,
}

/// What is on.
#[derive(Serialize)]
struct Standing {
    seed: u64,
    faults: Vec<Fault>,
}

/// What is to be on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// None: the one that is.
    seed: Option<u64>,
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

impl Switches {
    /// Answers a request to `/_faults`.
    pub(super) fn faults(&self, method: &Method, body: &[u8]) -> Answer {
        match *method {
            Method::GET => Ok(self.standing()),
            Method::PUT => self.set(read(body)?),
            Method::DELETE => self.set(Wanted { seed: None, faults: Vec::new() }),
            _ => Err(FORBIDDEN),
        }
    }

    /// Answers a request to `/_faults/clock`.
    pub(super) fn clock(&self, method: &Method, body: &[u8]) -> Answer {
        if method != Method::POST {
            return Err(FORBIDDEN);
        }
        let Advance { advance_seconds } = read(body)?;
        if !(1..=MAX_ADVANCE).contains(&advance_seconds) {
            return Err(BAD_REQUEST.saying(format!("advance_seconds: must be 1 to {MAX_ADVANCE}")));
        }
        self.sockets.advance(Duration::from_secs(advance_seconds.into()));
        let ahead = self.sockets.clock().ahead_ms() / 1000;
        Ok(json(StatusCode::OK, &json!({ "ahead_seconds": ahead })))
    }

    fn set(&self, Wanted { seed, faults }: Wanted) -> Answer {
        faults::check(&faults, |name| self.functions.contains(name))
            .map_err(|problem| BAD_REQUEST.saying(format!("faults: {problem}")))?;
        match seed {
            Some(seed) => self.sockets.faults().set_by(seed, faults),
            None => self.sockets.faults().set(faults),
        }
        Ok(self.standing())
    }

    fn standing(&self) -> Response<Full<Bytes>> {
        let (seed, faults) = self.sockets.faults().list();
        json(StatusCode::OK, &json!(Standing { seed, faults }))
    }
}

/// Whether nobody but the caller itself can have sent this.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    !BY_ANOTHER.iter().any(|name| headers.contains_key(name))
}

/// Names the field that is wrong.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    // A list would be taken for the fields in their order.
    let document: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| BAD_REQUEST.saying(error.to_string()))?;
    serde_path_to_error::deserialize(Value::Object(document)).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner();
        BAD_REQUEST.saying(if path == "." { problem.to_string() } else { format!("{path}: {problem}") })
    })
}
