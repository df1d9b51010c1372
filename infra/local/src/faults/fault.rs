//! What can go wrong on demand.

use super::Share;
use crate::gateway::sockets::PostError;
use serde::{Deserialize, Serialize};
use std::{num::NonZeroU32, time::Duration};

/// Something that goes wrong, how often, and for how long. As text it is a SPEC of `--fault` (`spec.rs`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// How many of those that it is about meet it.
    pub share: Share,
    /// How many it has yet to meet; None: all, until it is switched off.
    pub count: Option<u32>,
}

/// What goes wrong, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The end of a socket.
    Disconnect(DisconnectFault),
    /// The beginning of one.
    Connect(ConnectFault),
    /// A post to a socket.
    Post {
        /// How it is answered.
        answer: PostAnswer,
        /// The connection that it is to; None: any.
        connection: Option<String>,
    },
    /// An event that comes again once it was answered, which Lambda reserves to itself for every kind of event.
    EventTwice {
        /// The function that gets it; None: any but those of the HTTP API, whose requests nobody repeats.
        function: Option<String>,
    },
    /// An invocation.
    Function {
        /// The function's name.
        name: String,
        /// What becomes of it.
        fault: FunctionFault,
    },
}

/// What becomes of a `$disconnect`, which API Gateway sends on a best effort only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectFault {
    /// It isn't sent.
    Lost,
    /// It is sent so much later; at once when the runner stops.
    Late(Duration),
    /// It is sent again after it was answered.
    Twice,
}

/// What becomes of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectFault {
    /// 429, as over the account's quota of new connections.
    Throttled,
    /// The same for those past so many in a second.
    Limit(NonZeroU32),
    /// The socket opens, and can be posted to, so much after its `$connect` returned.
    Late(Duration),
}

/// How a post is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostAnswer {
    /// In this way, and the frame is not sent.
    Refused(PostError),
    /// So much later than the frame was sent: whoever waits for less doesn't know that it was.
    Late(Duration),
}

/// What becomes of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionFault {
    /// The function's process ends before it did anything.
    Fails,
    /// The function does its work, and its process ends before it answers.
    Crashes,
    /// It begins so much later, of the time that its caller waits.
    Slow(Duration),
}

impl Fault {
    /// Met by all, until it is switched off.
    pub const fn every(kind: Kind) -> Self {
        Self { kind, share: Share::ALL, count: None }
    }

    /// Of every post to everybody.
    pub const fn of_posts(answer: PostAnswer) -> Self {
        Self::every(Kind::Post { answer, connection: None })
    }

    /// The function that it is about by name.
    pub fn function(&self) -> Option<&str> {
        match &self.kind {
            Kind::EventTwice { function } => function.as_deref(),
            Kind::Function { name, .. } => Some(name),
            Kind::Disconnect(_) | Kind::Connect(_) | Kind::Post { .. } => None,
        }
    }
}
