use std::time::Duration;

use super::reader::Reader;
use crate::clock::UnixMs;
use crate::desk::Terms;
use crate::ports::Delay;

/// Customer service.
#[derive(Debug, Clone)]
pub struct SupportConfig {
    /// `STAFF_MAX_SESSIONS` (5): of a staff member without a number of their own.
    pub staff_max_sessions: u32,
    /// `STAFF_OFFLINE_GRACE` (60 s): how long those whom an offline staff member serves wait for them.
    pub staff_offline_grace: Delay,
    /// `SESSION_IDLE_MINUTES` (30): after so long without a word a session is closed; None (0): never.
    pub session_idle: Option<Duration>,
    /// `CANNED_REPLIES_MAX` (500): of one team.
    pub canned_replies_max: u32,
}

impl SupportConfig {
    /// What holds for a change of the desk at that time.
    #[must_use]
    pub const fn terms(&self, now: UnixMs) -> Terms {
        Terms { now, max_sessions: self.staff_max_sessions }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let idle = reader.number("SESSION_IDLE_MINUTES", 30, 0..=10_080);
        Self {
            staff_max_sessions: reader.number("STAFF_MAX_SESSIONS", 5, 1..=1_000),
            staff_offline_grace: reader.delay("STAFF_OFFLINE_GRACE", Delay::OneMinute),
            session_idle: (idle > 0).then(|| Duration::from_secs(idle * 60)),
            canned_replies_max: reader.number("CANNED_REPLIES_MAX", 500, 0..=10_000),
        }
    }
}
