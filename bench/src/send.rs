//! A sender: one socket, paced by the metronome or by its own answers.

use std::collections::BTreeMap;

use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::tungstenite::Message;

use crate::frames::{self, Frame};
use crate::measure::{Clock, Latency, SeqSet};
use crate::receive::{Context, Inbox, Incoming, text};
use crate::sockets::Socket;

/// When the next message is due.
pub(crate) enum Pace {
    /// At the metronome's times.
    Open(UnboundedReceiver<u64>),
    /// As soon as fewer than this many are unanswered.
    Closed(usize),
}

impl Pace {
    /// Waits for the next intended send time; for ever when there is none.
    async fn due(&mut self, unanswered: usize, clock: Clock, until: u64) -> u64 {
        match self {
            Self::Open(ticks) => match ticks.recv().await {
                Some(due) => due,
                None => std::future::pending().await,
            },
            Self::Closed(window) if unanswered < *window && clock.now() < until => clock.now(),
            Self::Closed(_) => std::future::pending().await,
        }
    }
}

/// One sender and what came of its messages. It is a member of the room as well, and gets the
/// other senders' messages.
pub(crate) struct Sender {
    context: Context,
    pace: Pace,
    /// Sockets in the room beside this one.
    others: u64,
    content: usize,
    unanswered: usize,
    pub(crate) inbox: Inbox,
    pub(crate) sent: u64,
    pub(crate) acked: u64,
    /// Seqs of its own messages that are stored.
    pub(crate) stored: SeqSet,
    pub(crate) errors: BTreeMap<String, u64>,
    /// From the intended send time to the ack; of messages sent in the measured window.
    pub(crate) acks: Latency,
    /// From the intended to the actual send time: the driver's own part in the latencies.
    pub(crate) lateness: Latency,
}

impl Sender {
    /// A sender of messages with `content` bytes into `inbox`'s room, where `others` more sockets
    /// listen.
    pub(crate) fn new(context: Context, inbox: Inbox, pace: Pace, others: u64, content: usize) -> Self {
        Self {
            context,
            pace,
            others,
            content,
            unanswered: 0,
            inbox,
            sent: 0,
            acked: 0,
            stored: SeqSet::default(),
            errors: BTreeMap::new(),
            acks: Latency::default(),
            lateness: Latency::default(),
        }
    }

    /// Sends and receives until the run is over or the server closes.
    pub(crate) async fn run(mut self, mut socket: Socket) -> Self {
        let mut stop = self.context.stop.clone();
        let (clock, until) = (self.context.clock, self.context.window.until);
        loop {
            let open = tokio::select! {
                _ = stop.changed() => break,
                due = self.pace.due(self.unanswered, clock, until) => self.send(&mut socket, due).await,
                frame = socket.next() => self.take(text(frame)),
            };
            if !open {
                self.inbox.closed_early = true;
                break;
            }
        }
        let _ = socket.close(None).await;
        self
    }

    /// Sends the message that was due; false when the socket is closed.
    async fn send(&mut self, socket: &mut Socket, due: u64) -> bool {
        let frame = frames::message(self.inbox.room, due, self.sent, self.content);
        if self.context.window.holds(due) {
            self.lateness.record(self.context.clock.now().saturating_sub(due));
        }
        self.sent += 1;
        self.unanswered += 1;
        self.context.tally.sent.add(1);
        socket.send(Message::text(frame)).await.is_ok()
    }

    /// Handles what arrived; false when the socket is closed.
    fn take(&mut self, incoming: Incoming) -> bool {
        match incoming {
            Incoming::Closed => return false,
            Incoming::Text(Frame::Ack { sent, seq }) => self.take_ack(sent, seq),
            Incoming::Text(Frame::Error { code, seq }) => self.take_error(code, seq),
            Incoming::Text(Frame::Message { room, seq, sent }) => self.inbox.take(room, seq, sent),
            Incoming::Text(Frame::Other) => {}
        }
        true
    }

    fn take_ack(&mut self, sent: u64, seq: u64) {
        if self.context.window.holds(sent) {
            let now = self.context.clock.now();
            self.acks.record(now.saturating_sub(sent));
        }
        self.acked += 1;
        self.context.tally.acked.add(1);
        self.store(seq);
        self.answered();
    }

    /// An error with a seq is stored all the same (`not_broadcast`) and must arrive as well.
    fn take_error(&mut self, code: String, seq: Option<u64>) {
        *self.errors.entry(code).or_default() += 1;
        self.context.tally.errors.add(1);
        if let Some(seq) = seq {
            self.store(seq);
        }
        self.answered();
    }

    fn store(&mut self, seq: u64) {
        if self.stored.insert(seq) {
            self.context.tally.expected.add(self.others);
        }
    }

    fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.context.tally.answered.add(1);
    }
}
