//! The bounded queue between whoever sends to a socket and the task that writes to it.
//!
//! A channel would hold a block of slots for every idle socket; this holds nothing while it is empty.

use std::{borrow::Cow, collections::VecDeque};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How far a reader may fall behind before its socket is closed.
const MAX_FRAMES: usize = 8 * 1024;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Why and with which code a socket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The WebSocket close code.
    pub code: u16,
    /// The reason in words, at most 123 bytes.
    pub reason: Cow<'static, str>,
}

impl Close {
    /// Closed through `@connections`.
    pub const DELETED: Self = Self::new(1000, "Connection closed by the server");

    /// A close with `code` and `reason`.
    pub const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }
}

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
    end: Option<End>,
}

/// Why nothing more can be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum End {
    /// Close after what is queued has been written.
    Close(Close),
    /// The reader fell too far behind: drop the socket.
    Overflow,
}

/// Frames to write now, and whether the socket ends after them.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Batch {
    pub(in crate::gateway) frames: VecDeque<Utf8Bytes>,
    pub(in crate::gateway) end: Option<End>,
}

impl Outbox {
    /// Queues `frame`; false when the socket is closing, or does so now because the queue is full.
    pub(super) fn push(&mut self, frame: Utf8Bytes) -> bool {
        if self.end.is_some() {
            return false;
        }
        self.bytes += frame.len();
        if self.frames.len() >= MAX_FRAMES || self.bytes > MAX_BYTES {
            *self = Self { end: Some(End::Overflow), ..Self::default() };
            return false;
        }
        self.frames.push_back(frame);
        true
    }

    /// Closes after what is queued; false when the socket is closing already.
    pub(super) fn close(&mut self, close: Close) -> bool {
        let open = self.end.is_none();
        if open {
            self.end = Some(End::Close(close));
        }
        open
    }

    /// Takes everything that is queued.
    pub(super) fn take(&mut self) -> Batch {
        self.bytes = 0;
        Batch { frames: std::mem::take(&mut self.frames), end: self.end.clone() }
    }

    pub(super) fn is_open(&self) -> bool {
        self.end.is_none()
    }

    pub(super) fn overflowed(&self) -> bool {
        self.end == Some(End::Overflow)
    }
}
