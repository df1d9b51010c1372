use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use shared::calendar::Calendar;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::{ClosedBy, Session, SessionState, Status};
use shared::ports::{Destination, OutboxRow};

use super::scene::{MIDNIGHT, MINUTE, around, kept, open, open_rows, say, settle, settle_all, terms};
use crate::conformance::stores::Stores;

on_every_engine! {
    a_rebuild_makes_the_rows_that_are_there,
}

const STEPS: usize = 250;

/// A desk at which anything may happen, at times that only go forward.
struct Life<'a> {
    stores: &'a Stores,
    random: StdRng,
    staff: Vec<UserId>,
    visitors: Vec<UserId>,
    sessions: Vec<Session>,
    now: UnixMs,
    said: usize,
}

impl Life<'_> {
    async fn step(&mut self) {
        self.now = self.now.plus(self.random.random_range(0..20 * MINUTE));
        let at = terms(self.now);
        let staff = *self.staff.choose(&mut self.random).unwrap();
        let visitor = *self.visitors.choose(&mut self.random).unwrap();
        match self.random.random_range(0..100) {
            0..15 => {
                let session = open(self.stores, visitor, self.now).await;
                if self.sessions.iter().all(|known| known.id != session.id) {
                    self.sessions.push(session);
                }
            }
            15..25 => {
                let chosen = [Status::Online, Status::Online, Status::Busy, Status::Offline];
                let status = *chosen.choose(&mut self.random).unwrap();
                self.stores.desk.set_status(staff, status, at).await.unwrap();
            }
            25..30 => drop(self.stores.desk.return_sessions(None, self.now, at).await.unwrap()),
            30..80 => self.say().await,
            other => self.change(other, staff).await,
        }
    }

    async fn say(&mut self) {
        let Some(session) = self.any_session().await else { return };
        let others = session.staff.filter(|_| session.state == SessionState::Active);
        let speakers: Vec<UserId> =
            others.map(|staff| staff.id).into_iter().chain([session.visitor.id]).collect();
        if session.state != SessionState::Closed {
            let speaker = *speakers.choose(&mut self.random).unwrap();
            self.said += 1;
            say(self.stores, session.room_id, speaker, &format!("m{}", self.said), self.now).await;
        }
    }

    /// What the desk refuses changes nothing.
    async fn change(&mut self, dice: i32, staff: UserId) {
        let Some(session) = self.any_session().await else { return };
        let (desk, at) = (&self.stores.desk, terms(self.now));
        let _ = match dice {
            80..85 => desk.transfer(session.id, Destination::Person(staff), staff, at).await,
            85..88 => desk.transfer(session.id, Destination::Queue, staff, at).await,
            88..94 => desk.close(session.id, ClosedBy::Staff, Some(staff), at).await,
            _ => desk.rate(session.id, self.random.random_range(1..=5), "", at).await,
        };
    }

    async fn any_session(&mut self) -> Option<Session> {
        let id = self.sessions.choose(&mut self.random)?.id;
        self.stores.desk.session(id).await.unwrap()
    }

    /// Settles some of what is open, in any order, some of it twice.
    async fn settle_some(&mut self, calendar: &Calendar) {
        let mut rows: Vec<OutboxRow> = open_rows(self.stores).await;
        rows.shuffle(&mut self.random);
        rows.truncate(rows.len() * 2 / 3);
        let again = rows.len() / 4;
        rows.extend_from_within(..again);
        settle(self.stores, calendar, &rows, self.random.random_range(1..12)).await;
    }
}

async fn a_rebuild_makes_the_rows_that_are_there(stores: &Stores) {
    let seed =
        std::env::var("HARK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("HARK_SEED={seed}");
    // A zone whose clocks are half an hour off, so that no hour is UTC's.
    let calendar = Calendar::of("Asia/Kolkata").unwrap();
    let users = stores.users(9).await;
    let (staff, visitors) = (users[..3].to_vec(), users[3..].to_vec());
    let random = StdRng::seed_from_u64(seed);
    let mut life = Life { stores, random, staff, visitors, sessions: Vec::new(), now: MIDNIGHT, said: 0 };
    for step in 0..STEPS {
        life.step().await;
        if step % 25 == 24 {
            life.settle_some(&calendar).await;
            let changed = stores.statistics.rebuild(&around(), &calendar).await.unwrap();
            assert_eq!(changed, 0, "after {step} steps, some of them not settled");
        }
    }
    settle_all(stores, &calendar).await;
    let live = kept(stores).await;
    assert!(life.said > 20 && live.1.iter().any(|staff| staff.tally.answers > 0), "{live:?}");
    assert_eq!(stores.statistics.rebuild(&around(), &calendar).await.unwrap(), 0);
    for table in ["statistics_hours", "statistics_days", "statistics_actives", "statistics_staff"] {
        stores.execute(&format!("delete from {table}")).await;
    }
    stores.statistics.rebuild(&around(), &calendar).await.unwrap();
    assert_eq!(kept(stores).await, live);
}
