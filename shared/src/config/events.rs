use std::time::Duration;

use super::reader::Reader;
use crate::clock::UnixMs;
use crate::ports::Delay;
use crate::rabbitmq::topology::{DEAD_LETTER_EXCHANGE, EXCHANGE};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What AMQP 0-9-1 lets a name have.
const EXCHANGE_MAX_CHARS: usize = 127;

/// Events between services, and the exchange that all of the bus goes through.
#[derive(Debug, Clone)]
pub struct EventsConfig {
    /// `MESSAGE_QUEUE_EXCHANGE` (`chat.exchange`).
    pub exchange: String,
    /// `MESSAGE_BATCH_SIZE` (100): events that one request may publish.
    pub batch_size: usize,
    /// `MESSAGE_TIMEOUT` (10 s): how long a service may take to answer the post of an event.
    pub deadline: Duration,
    /// `RELAY_TARGET_CONCURRENCY` (8): posts to one service at once, from one function.
    pub target_concurrency: usize,
    /// `EVENT_RETENTION_DAYS` (30; 0: for ever), of broadcasts too.
    pub retention_days: u32,
}

impl EventsConfig {
    /// Since when every event is still there; None: for ever.
    #[must_use]
    pub fn kept_since(&self, now: UnixMs) -> Option<UnixMs> {
        (self.retention_days > 0).then(|| now.plus(-i64::from(self.retention_days) * DAY_MS))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            exchange: exchange(reader),
            batch_size: reader.number("MESSAGE_BATCH_SIZE", 100, 1..=1_000),
            deadline: Duration::from_secs(reader.number("MESSAGE_TIMEOUT", 10, 1..=60)),
            target_concurrency: reader.number("RELAY_TARGET_CONCURRENCY", 8, 1..=1_000),
            retention_days: reader.number("EVENT_RETENTION_DAYS", 30, 0..=36_500),
        }
    }
}

fn exchange(reader: &mut Reader<'_>) -> String {
    const KEY: &str = "MESSAGE_QUEUE_EXCHANGE";
    let Some(name) = reader.text(KEY) else { return EXCHANGE.to_owned() };
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
    let is_ours = name == DEAD_LETTER_EXCHANGE || Delay::ALL.iter().any(|delay| delay.queue() == name);
    if name.len() > EXCHANGE_MAX_CHARS {
        reader.problem(KEY, format!("has {} characters, {EXCHANGE_MAX_CHARS} at most", name.len()));
    } else if !is_plain || name.starts_with("amq.") {
        reader.problem(KEY, "may hold letters, digits, '-', '_', '.' and ':' only, and not begin with amq.");
    } else if is_ours {
        reader.problem(KEY, "is the name of another exchange of Hark's");
    }
    name
}
