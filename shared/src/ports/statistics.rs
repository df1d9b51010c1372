use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::{MessageStored, SessionChanged, StoreError};
use crate::calendar::{Calendar, Day};
use crate::clock::UnixMs;
use crate::ids::{OutboxId, RoomId, Seq, UserId};
use crate::model::{Entry, Listing, Page, Status, User};

/// An entry of a log whose delivery is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub outbox: OutboxId,
    /// None for an edit or a recall: only messages are counted.
    pub said: Option<Said>,
}

/// A message, as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub room: RoomId,
    pub seq: Seq,
    pub sender: UserId,
    pub at: UnixMs,
    pub day: Day,
    pub hour: u8,
}

impl Delivered {
    #[must_use]
    pub fn of(stored: &MessageStored, calendar: &Calendar) -> Self {
        let said = match &stored.entry {
            Entry::Message(message) => {
                let (day, hour) = calendar.hour_of(message.timestamp);
                let (room, seq, sender) = (message.room_id, message.seq, message.sender_id);
                Some(Said { room, seq, sender, at: message.timestamp, day, hour })
            }
            Entry::Edited(_) | Entry::Recalled(_) => None,
        };
        Self { outbox: stored.outbox, said }
    }

    /// Those with a row each, in the order of the rows: whoever settles the same ones takes them in the same
    /// order.
    #[must_use]
    pub fn sorted(entries: &[Self]) -> Vec<&Self> {
        let by_row: BTreeMap<OutboxId, &Self> = entries.iter().map(|entry| (entry.outbox, entry)).collect();
        by_row.into_values().collect()
    }
}

/// What was counted in an hour of a day; times are sums of milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub messages: i64,
    /// Opened.
    pub sessions: i64,
    /// Sessions that somebody got for the first time, and how long their visitors had waited.
    pub waits: i64,
    pub waited_ms: i64,
    /// First answers of staff in a session, and how long they took from its first assignment.
    pub first_answers: i64,
    pub first_answer_ms: i64,
    /// Answers of staff to what a visitor said, and how long they took.
    pub answers: i64,
    pub answer_ms: i64,
    /// Sessions closed that somebody had served, and how long they lasted from the first assignment.
    pub closed: i64,
    pub length_ms: i64,
    /// Sessions closed that nobody ever got.
    pub abandoned: i64,
    pub ratings: i64,
    pub rating_sum: i64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.sessions += other.sessions;
        self.waits += other.waits;
        self.waited_ms += other.waited_ms;
        self.first_answers += other.first_answers;
        self.first_answer_ms += other.first_answer_ms;
        self.answers += other.answers;
        self.answer_ms += other.answer_ms;
        self.closed += other.closed;
        self.length_ms += other.length_ms;
        self.abandoned += other.abandoned;
        self.ratings += other.ratings;
        self.rating_sum += other.rating_sum;
    }
}

/// What is kept of some days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// By day and hour, ascending; hours in which nothing happened are left out.
    pub hours: Vec<(Day, u8, Tally)>,
    /// Users who sent something that day, ascending by day.
    pub active_users: Vec<(Day, i64)>,
}

/// Which time a report on staff is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSpan {
    pub days: RangeInclusive<Day>,
    /// When the first day begins ...
    pub from: UnixMs,
    /// ... and the last one ends, or now if that is earlier: who is there counts as there until then.
    pub until: UnixMs,
}

impl StaffSpan {
    #[must_use]
    pub fn of(days: RangeInclusive<Day>, calendar: &Calendar, now: UnixMs) -> Self {
        let (from, end) = (calendar.begins(*days.start()), calendar.begins(days.end().next()));
        Self { days, from, until: end.min(now) }
    }
}

/// What a staff member did; `tally.sessions` are those that they were given, and no time is a visitor's wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffFigures {
    pub user: User,
    pub tally: Tally,
    pub online_ms: i64,
}

/// How customer service stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskNow {
    pub active_sessions: i64,
    pub queued: i64,
    /// Staff who are there, whether or not they take sessions.
    pub online_staff: i64,
    /// Of the staff who take sessions: as many as they may have, and as many as they have.
    pub places: i64,
    pub taken: i64,
    /// Outbox rows that are open.
    pub backlog: i64,
}

/// Figures by hour, by day and by staff member, counted as things are settled.
#[async_trait]
pub trait Statistics: Send + Sync {
    /// Deletes outbox rows of entries and counts those whose row it deleted, in one commit: however often an
    /// entry comes, it counts once. Answers the rows, ascending.
    async fn settle_messages(&self, entries: &[Delivered]) -> Result<Vec<OutboxId>, StoreError>;

    /// The same for steps of sessions. What a step counts as is read from the log of the sessions, so they may
    /// come in any order.
    async fn settle_steps(
        &self,
        steps: &[SessionChanged],
        calendar: &Calendar,
    ) -> Result<Vec<OutboxId>, StoreError>;

    /// What is kept of the days.
    async fn kept(&self, days: &RangeInclusive<Day>) -> Result<Kept, StoreError>;

    /// Users who sent something on any of the days.
    async fn active_users(&self, days: &RangeInclusive<Day>) -> Result<i64, StoreError>;

    /// Whoever serves now, or did something in the span; by id.
    async fn staff(&self, span: &StaffSpan, page: Page) -> Result<Listing<StaffFigures>, StoreError>;

    /// How things stand; `max_sessions` holds for staff without a number of their own.
    async fn now(&self, max_sessions: u32) -> Result<DeskNow, StoreError>;

    /// Those who are users, by id, with the status that they chose; their names are empty once they were
    /// anonymised.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<(User, Status)>, StoreError>;

    /// Counts the days anew from messages and sessions, and brings what is kept to it; answers how many rows it
    /// changed. What isn't settled yet is left out, since settling counts it; that may go on meanwhile.
    async fn rebuild(&self, days: &RangeInclusive<Day>, calendar: &Calendar) -> Result<u64, StoreError>;

    /// Rebuilds a day unless it, or a later one, was checked before; None then.
    async fn check(&self, day: Day, calendar: &Calendar) -> Result<Option<u64>, StoreError>;
}
