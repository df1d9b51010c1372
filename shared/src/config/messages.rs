use std::time::Duration;

use super::reader::Reader;
use crate::clock::UnixMs;

/// A year, in seconds.
const YEAR_S: u64 = 365 * 24 * 60 * 60;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long messages may be changed, and how long they are kept.
#[derive(Debug, Clone)]
pub struct MessagesConfig {
    /// `MESSAGE_EDIT_WINDOW_SECONDS` (900): how long its sender may edit a message.
    pub edit_window: Duration,
    /// `MESSAGE_RECALL_WINDOW_SECONDS` (120): how long its sender may recall a message; admins of the room
    /// always may.
    pub recall_window: Duration,
    /// `MESSAGE_RETENTION_DAYS` (0: for ever).
    pub retention_days: u32,
}

impl MessagesConfig {
    /// Since when every message is still there.
    #[must_use]
    pub fn whole_since(&self, now: UnixMs) -> UnixMs {
        match self.retention_days {
            0 => UnixMs(i64::MIN),
            days => now.plus(-i64::from(days) * DAY_MS),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut window = |key, default| Duration::from_secs(reader.number(key, default, 1..=YEAR_S));
        Self {
            edit_window: window("MESSAGE_EDIT_WINDOW_SECONDS", 900),
            recall_window: window("MESSAGE_RECALL_WINDOW_SECONDS", 120),
            retention_days: reader.number("MESSAGE_RETENTION_DAYS", 0, 0..=36_500),
        }
    }
}
