//! What can go wrong with a publish, told apart by what helps against it.

use std::io;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

/// Whether another login may help: a URL that isn't one is mended in the same place.
pub(super) fn is_refused(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(e) => *e.kind() == AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED),
        // What lapin makes of a URL that it can't read.
        ErrorKind::IOError(error) => error.kind() == io::ErrorKind::Other,
        _ => false,
    }
}

/// Each case names its remedy.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection was there before and is gone now (a freeze, a broker's restart): rebuild it and
    /// try once more.
    #[error("the connection had gone stale: {0}")]
    Stale(String),
    /// An exchange or a queue is missing: declare the topology and try once more.
    #[error("no route: {0}")]
    Unroutable(String),
    /// A new connection fails too, or the broker refuses: leave it alone for a while.
    #[error("{0}")]
    Failed(String),
}

impl Fault {
    /// `reused`: whether the connection had been there before this publish.
    pub(super) fn of(error: &lapin::Error, reused: bool) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(e) if *e.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => {
                Self::Unroutable(e.to_string())
            }
            _ if reused => Self::Stale(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }

    pub(super) const fn is_unroutable(&self) -> bool {
        matches!(self, Self::Unroutable(_))
    }
}
