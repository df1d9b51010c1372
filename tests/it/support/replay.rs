//! The log of the sessions, gone through step by step: what has to hold after each.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::{SessionId, UserId};
use shared::model::Status;
use shared::ports::SessionStep;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::hark::World;

/// A row of `session_events`, with what the queue goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub session: SessionId,
    pub visitor: UserId,
    /// When it was opened, in milliseconds.
    pub opened_at: i64,
    pub kind: SessionStep,
    pub before: Option<UserId>,
    pub staff: Option<UserId>,
}

const LOG: &str = "
select e.session_id, s.visitor_id, OPENED as opened_at, e.kind, e.before_id, e.staff_id
from session_events e
join sessions s on s.id = e.session_id
order by e.id";

/// Everything that was logged, in order.
pub async fn log(world: &World) -> Vec<Step> {
    if world.is_real() {
        let statement = LOG.replace("OPENED", "(extract(epoch from s.opened_at) * 1000)::bigint");
        let mut database = PgConnection::connect(&world.services().database_url).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut database).await.unwrap();
        return rows.iter().map(step).collect();
    }
    let file = format!("sqlite://{}", world.folder().join("hark.db").display());
    let statement = LOG.replace("OPENED", "s.opened_at");
    let mut database = SqliteConnection::connect(&file).await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut database).await.unwrap();
    rows.iter().map(step).collect()
}

fn step<'r, R: Row>(row: &'r R) -> Step
where
    &'static str: sqlx::ColumnIndex<R>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let kind: String = row.get("kind");
    Step {
        session: SessionId(row.get("session_id")),
        visitor: UserId(row.get("visitor_id")),
        opened_at: row.get("opened_at"),
        kind: serde_json::from_value(kind.into()).expect("a step"),
        before: row.get::<Option<i64>, _>("before_id").map(UserId),
        staff: row.get::<Option<i64>, _>("staff_id").map(UserId),
    }
}

/// How things stand after the steps so far.
#[derive(Debug, Default)]
pub struct Replay {
    places: usize,
    waiting: BTreeSet<(i64, SessionId)>,
    held: BTreeMap<UserId, BTreeSet<SessionId>>,
    /// The open session of each visitor.
    open: BTreeMap<UserId, SessionId>,
    online: BTreeSet<UserId>,
    /// The most that ever waited.
    pub longest: usize,
}

impl Replay {
    /// Staff have so many places each.
    pub fn of(places: usize) -> Self {
        Self { places, ..Self::default() }
    }

    pub fn stands(&mut self, staff: UserId, status: Status) {
        match status {
            Status::Online => self.online.insert(staff),
            _ => self.online.remove(&staff),
        };
    }

    /// Takes one step. Nobody ever has more than they may, no visitor has two sessions or two to serve them, and
    /// whoever is taken from the queue is the first in it.
    pub fn take(&mut self, step: &Step) {
        let Step { session, visitor, opened_at, .. } = *step;
        let turn = (opened_at, session);
        match step.kind {
            SessionStep::Opened => {
                assert_eq!(self.open.insert(visitor, session), None, "two sessions: {step:?}");
                self.waiting.insert(turn);
            }
            SessionStep::Assigned => {
                assert_eq!(self.waiting.pop_first(), Some(turn), "not whose turn it is: {step:?}");
                self.give(step);
            }
            SessionStep::Returned | SessionStep::Transferred => {
                self.let_go(step, turn);
                match step.staff {
                    Some(_) => self.give(step),
                    None => drop(self.waiting.insert(turn)),
                }
            }
            SessionStep::Closed => {
                self.let_go(step, turn);
                assert_eq!(self.open.remove(&visitor), Some(session), "closed before: {step:?}");
            }
            SessionStep::Rated => {}
        }
        self.longest = self.longest.max(self.waiting.len());
    }

    fn give(&mut self, step: &Step) {
        let staff = step.staff.expect("somebody has it");
        assert!(self.held.values().all(|held| !held.contains(&step.session)), "two staff: {step:?}");
        let held = self.held.entry(staff).or_default();
        held.insert(step.session);
        assert!(held.len() <= self.places, "more than they may have: {step:?}, {held:?}");
    }

    fn let_go(&mut self, step: &Step, turn: (i64, SessionId)) {
        let was_there = match step.before {
            Some(before) => self.held.entry(before).or_default().remove(&step.session),
            None => self.waiting.remove(&turn),
        };
        assert!(was_there, "it was elsewhere: {step:?}");
    }

    /// After each transaction: nobody waits while somebody who is online has a place.
    pub fn check_nobody_waits_for_nothing(&self) {
        let free = |staff: &&UserId| self.held.get(staff).map_or(0, BTreeSet::len) < self.places;
        let free: Vec<_> = self.online.iter().filter(free).collect();
        assert!(
            self.waiting.is_empty() || free.is_empty(),
            "{} wait and {free:?} are free",
            self.waiting.len()
        );
    }

    pub fn assert_all_are_done(&self) {
        assert!(self.open.is_empty() && self.waiting.is_empty(), "{:?} are open", self.open);
        assert!(self.held.values().all(BTreeSet::is_empty), "{:?}", self.held);
    }
}
