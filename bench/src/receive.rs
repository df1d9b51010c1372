//! A member of a room: what arrives, how late, and whether it came before.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use crate::frames::{self, Frame};
use crate::measure::{Clock, Latency, SeqSet, Window};
use crate::progress::Tally;
use crate::sockets::Socket;

/// What every task of a run shares.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) clock: Clock,
    pub(crate) window: Window,
    pub(crate) tally: Arc<Tally>,
    /// Changes when the run is over.
    pub(crate) stop: watch::Receiver<()>,
}

/// One socket's deliveries.
pub(crate) struct Inbox {
    context: Context,
    pub(crate) room: i64,
    pub(crate) seen: SeqSet,
    pub(crate) duplicates: u64,
    /// From the intended send time; of messages sent in the measured window.
    pub(crate) latency: Latency,
    /// The server closed the socket before the run was over.
    pub(crate) closed_early: bool,
}

impl Inbox {
    /// An empty inbox of a member of `room`.
    pub(crate) fn new(context: Context, room: i64) -> Self {
        Self {
            context,
            room,
            seen: SeqSet::default(),
            duplicates: 0,
            latency: Latency::default(),
            closed_early: false,
        }
    }

    /// Counts one delivery. A late one of an earlier load's room is passed over.
    pub(crate) fn take(&mut self, room: i64, seq: u64, sent: u64) {
        if room != self.room {
            return;
        }
        if !self.seen.insert(seq) {
            self.duplicates += 1;
            return;
        }
        let now = self.context.clock.now();
        self.context.tally.delivered.add(1);
        if self.context.window.holds(now) {
            self.context.tally.measured.add(1);
        }
        if self.context.window.holds(sent) {
            self.latency.record(now.saturating_sub(sent));
        }
    }
}

/// Receives until the run is over or the server closes.
pub(crate) async fn listen(mut socket: Socket, mut inbox: Inbox) -> Inbox {
    let mut stop = inbox.context.stop.clone();
    loop {
        let frame = tokio::select! {
            _ = stop.changed() => break,
            frame = socket.next() => frame,
        };
        match text(frame) {
            Incoming::Text(Frame::Message { room, seq, sent }) => inbox.take(room, seq, sent),
            Incoming::Text(_) => {}
            Incoming::Closed => {
                inbox.closed_early = true;
                break;
            }
        }
    }
    let _ = socket.close(None).await;
    inbox
}

/// What a socket's stream yielded.
pub(crate) enum Incoming {
    Text(Frame),
    Closed,
}

/// Reads what a socket's stream yielded; pings and the like are frames of no interest.
pub(crate) fn text(frame: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> Incoming {
    match frame {
        Some(Ok(Message::Text(text))) => Incoming::Text(frames::parse(&text)),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Incoming::Closed,
        Some(Ok(_)) => Incoming::Text(Frame::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox() -> Inbox {
        let context = Context {
            clock: Clock::start(),
            window: Window { from: 0, until: u64::MAX },
            tally: Arc::default(),
            stop: watch::channel(()).1,
        };
        Inbox::new(context, 7)
    }

    #[test]
    fn a_repeated_delivery_is_a_duplicate_and_counted_once() {
        let mut inbox = inbox();
        inbox.take(7, 1, 0);
        inbox.take(7, 1, 0);
        inbox.take(7, 2, 0);
        assert_eq!((inbox.seen.len(), inbox.duplicates), (2, 1));
        assert_eq!(inbox.context.tally.delivered.get(), 2);
    }

    #[test]
    fn another_rooms_message_is_not_counted() {
        let mut inbox = inbox();
        inbox.take(8, 1, 0);
        assert_eq!(inbox.seen.len(), 0);
    }
}
