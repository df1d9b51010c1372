//! How a socket ends, with which code, and in which words.

use crate::gateway::sockets::{Close, Socket};
use std::borrow::Cow;
use tokio_tungstenite::tungstenite::{Error, error::ProtocolError, protocol::CloseFrame};

pub(super) const ABNORMAL: Close = Close::new(1006, "Connection closed abnormally");
const TOO_LARGE: Close = Close::new(1009, "Message too large");
pub(super) const NOT_TEXT: Close = Close::new(1003, "Binary frames are not supported");

/// How a socket ends.
pub(super) enum Ending {
    /// The runner closes it: the client is told.
    Ours(Close),
    /// The client closed it, or it broke: nothing more can be said.
    Theirs(Close),
}

pub(super) fn too_slow(socket: &Socket) -> Close {
    tracing::warn!(connection_id = %socket.id, "the client reads too slowly: its socket is dropped");
    ABNORMAL
}

pub(super) fn client_close(frame: Option<CloseFrame>) -> Close {
    match frame {
        Some(frame) => Close { code: frame.code.into(), reason: Cow::Owned(frame.reason.to_string()) },
        None => Close::new(1005, "Client-side close frame status not set"),
    }
}

pub(super) fn broken(error: &Error) -> Ending {
    match error {
        Error::Capacity(_) => Ending::Ours(TOO_LARGE),
        Error::Utf8(_) => Ending::Ours(Close::new(1007, "A text frame must be UTF-8")),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Theirs(ABNORMAL),
        Error::Protocol(_) => Ending::Ours(Close::new(1002, "Protocol error")),
        _ => Ending::Theirs(ABNORMAL),
    }
}
