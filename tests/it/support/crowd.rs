//! Many visitors and many staff at once, with every event told twice and in any order: a tenth by default, at
//! full size with `HARK_FULL=1`. Chance is seeded: the seed is printed, and `HARK_SEED` sets it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use shared::app::App;
use shared::config::Config;
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, Role, SessionState, Status};
use shared::mq_event::{BasicProperties, RabbitMqEvent, RabbitMqMessage};
use shared::ports::{
    Arrival, Changes, DeskError, Destination, ENVELOPE_VERSION, Envelope, Event, NewAccount, NewSession,
    QUEUE_ASSIGNMENTS, SessionChanged, StoreError,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use uuid::Uuid;

use super::replay::{Replay, Step, log};
use crate::app::{Posted, embedded_app};
use crate::hark::{UNLIMITED, World, full_or_tenth, on_both};
use crate::soak::chance;

const VISITORS: usize = 2_000;
const STAFF: usize = 50;
const PLACES: usize = 5;
/// Changes of the desk under way at once.
const AT_ONCE: usize = 8;
/// Events of one batch of `assign`.
const BATCH: usize = 20;

/// What everyone at the desk shares.
struct Floor {
    app: App,
    staff: Vec<UserId>,
    /// Who hasn't come yet, last first.
    coming: Mutex<Vec<UserId>>,
    /// Every session as of its last step.
    sessions: Mutex<BTreeMap<SessionId, (i64, SessionState)>>,
    /// What every transaction did.
    done: Mutex<Vec<Changes>>,
    told: UnboundedSender<Event>,
}

async fn everyone_is_served_in_turn_by_one_who_has_a_place(world: &World) {
    let mut chance = chance("everyone_is_served_in_turn_by_one_who_has_a_place");
    let app = app(world).await;
    let (told, to_tell) = unbounded_channel();
    let coming = Mutex::new(visitors(&app, full_or_tenth(VISITORS)).await);
    let staff = staff(&app, full_or_tenth(STAFF)).await;
    let floor =
        Arc::new(Floor { app, staff, coming, sessions: Mutex::default(), done: Mutex::default(), told });
    let telling = tokio::spawn(tell_twice(floor.app.clone(), to_tell, StdRng::from_rng(&mut chance)));
    for &staff in &floor.staff {
        floor.stand(staff, Status::Online).await;
    }
    join_all((0..AT_ONCE).map(|_| work(floor.clone(), StdRng::from_rng(&mut chance)))).await;

    let floor = Arc::into_inner(floor).expect("everyone went home");
    drop(floor.told);
    telling.await.expect("all is told");
    assert_eq!(floor.app.outbox.backlog().await.unwrap().0, 0, "every event is settled");
    let done = floor.done.into_inner().unwrap();
    let longest = check(done, &log(world).await);
    println!("{} visitors, {longest} waited at once", full_or_tenth(VISITORS));
    assert!(longest > full_or_tenth(100), "there was a queue");
}

on_both! {
    everyone_is_served_in_turn_by_one_who_has_a_place,
}

async fn work(floor: Arc<Floor>, mut chance: StdRng) {
    while !floor.is_empty() {
        match chance.random_range(0..100) {
            0..50 => floor.arrive().await,
            50..82 => floor.end_one(&mut chance, SessionState::Active, ClosedBy::Staff).await,
            82..84 => floor.end_one(&mut chance, SessionState::Queued, ClosedBy::Visitor).await,
            84..90 => floor.hand_on(&mut chance).await,
            _ => floor.change_shift(&mut chance).await,
        }
    }
}

impl Floor {
    fn is_empty(&self) -> bool {
        let is_closed = |(_, state): &(i64, SessionState)| *state == SessionState::Closed;
        self.coming.lock().unwrap().is_empty() && self.sessions.lock().unwrap().values().all(is_closed)
    }

    fn note(&self, changes: Changes) {
        let mut known = self.sessions.lock().unwrap();
        for SessionChanged { event, session, .. } in &changes.sessions {
            let last = known.entry(session.id).or_insert((0, SessionState::Queued));
            if last.0 < *event {
                *last = (*event, session.state);
            }
        }
        drop(known);
        let sessions = changes.sessions.iter().cloned().map(|it| Event::SessionChanged(Box::new(it)));
        for event in sessions.chain(changes.staff.iter().cloned().map(Event::StaffChanged)) {
            self.told.send(event).expect("somebody tells");
        }
        self.done.lock().unwrap().push(changes);
    }

    fn terms(&self) -> shared::desk::Terms {
        self.app.config.support.terms(self.app.clock.now())
    }

    async fn arrive(&self) {
        let Some(visitor) = self.coming.lock().unwrap().pop() else { return };
        let new = NewSession { visitor, team: String::new(), subject: String::new(), out_of_hours: false };
        self.note(self.app.desk.open(new, self.terms()).await.expect("open").1);
    }

    /// One in that state, as far as is known.
    fn any(&self, chance: &mut StdRng, state: SessionState) -> Option<SessionId> {
        let known = self.sessions.lock().unwrap();
        let found: Vec<_> = known.iter().filter(|(_, last)| last.1 == state).map(|(id, _)| *id).collect();
        found.choose(chance).copied()
    }

    async fn end_one(&self, chance: &mut StdRng, state: SessionState, by: ClosedBy) {
        let Some(session) = self.any(chance, state) else { return };
        self.note(self.app.desk.close(session, by, None, self.terms()).await.expect("close").1);
    }

    async fn hand_on(&self, chance: &mut StdRng) {
        let Some(session) = self.any(chance, SessionState::Active) else { return };
        let by = *self.staff.choose(chance).expect("staff");
        let to = if chance.random_bool(0.2) { Destination::Queue } else { Destination::Person(by) };
        match self.app.desk.transfer(session, to, by, self.terms()).await {
            Ok((_, changes)) => self.note(changes),
            Err(DeskError::Store(StoreError::Unavailable(why) | StoreError::Internal(why))) => {
                panic!("{why}")
            }
            // Full, not there, or closed meanwhile.
            Err(_) => {}
        }
    }

    /// Somebody comes back, has a break, or goes, with or without coming back in time.
    async fn change_shift(&self, chance: &mut StdRng) {
        let staff = *self.staff.choose(chance).expect("staff");
        let choices = [Status::Online, Status::Online, Status::Online, Status::Busy, Status::Offline];
        let status = *choices.choose(chance).expect("a status");
        self.stand(staff, status).await;
        if status == Status::Offline && chance.random_bool(0.5) {
            let now = self.app.clock.now();
            let back = self.app.desk.return_sessions(Some(staff), now, self.terms()).await;
            self.note(back.expect("return"));
        }
    }

    async fn stand(&self, staff: UserId, status: Status) {
        self.note(self.app.desk.set_status(staff, status, self.terms()).await.expect("set status"));
    }
}

/// Hands every event to `assign` twice, in batches of any order.
async fn tell_twice(app: App, mut events: UnboundedReceiver<Event>, mut chance: StdRng) {
    let mut pending: Vec<Event> = Vec::new();
    let mut is_over = false;
    while !is_over || !pending.is_empty() {
        let mut came = Vec::new();
        if pending.len() < BATCH && !is_over {
            is_over = events.recv_many(&mut came, BATCH).await == 0;
        }
        pending.extend(came.iter().flat_map(|event| [event.clone(), event.clone()]));
        pending.shuffle(&mut chance);
        let batch = pending.split_off(pending.len().saturating_sub(BATCH));
        assign::handle(&app, event_of(batch)).await.expect("nothing is away");
    }
}

fn event_of(batch: Vec<Event>) -> RabbitMqEvent {
    let message = |event| {
        let envelope =
            Envelope { version: ENVELOPE_VERSION, id: Uuid::now_v7(), at: shared::clock::UnixMs(0), event };
        let body = serde_json::to_vec(&envelope).unwrap();
        RabbitMqMessage::new(BasicProperties::default(), false, &body)
    };
    RabbitMqEvent::of_queue(QUEUE_ASSIGNMENTS, "/", "arn", batch.into_iter().map(message).collect())
}

/// Goes through all transactions in the order of their commits; answers how many waited at the most.
fn check(mut done: Vec<Changes>, log: &[Step]) -> usize {
    done.retain(|changes| !changes.sessions.is_empty() || !changes.staff.is_empty());
    // Rows of the outbox are numbered while the desk is held.
    let first = |changes: &Changes| {
        let sessions = changes.sessions.iter().map(|changed| changed.outbox);
        sessions.chain(changes.staff.iter().map(|changed| changed.outbox)).min()
    };
    done.sort_by_key(first);
    let mut replay = Replay::of(PLACES);
    let mut logged = log.iter();
    for Changes { sessions, staff } in &done {
        for changed in staff {
            replay.stands(changed.member.user.id, changed.member.status);
        }
        for changed in sessions {
            let step = logged.next().expect("every step is logged");
            assert_eq!((step.session, step.kind), (changed.session.id, changed.step), "in this order");
            replay.take(step);
        }
        replay.check_nobody_waits_for_nothing();
    }
    assert_eq!(logged.next(), None, "nothing else happened");
    replay.assert_all_are_done();
    replay.longest
}

async fn app(world: &World) -> App {
    let posted = Arc::new(Posted::default());
    if !world.is_real() {
        return embedded_app(world.folder(), posted).await;
    }
    let variables: BTreeMap<String, String> = world.variables().into_iter().collect();
    let lookup = |key: &str| match key {
        "JWT_SECRET" => Some("0123456789abcdef0123456789abcdef".to_owned()),
        "DATABASE_MAX_CONNECTIONS" => Some("10".to_owned()),
        // Who holds the desk is waited for.
        "DATABASE_TIMEOUT_MS" => Some(Duration::from_secs(5).as_millis().to_string()),
        limit if UNLIMITED.contains(&limit) => Some("0".to_owned()),
        other => variables.get(other).cloned(),
    };
    let config = Config::from_vars(lookup).expect("the configuration");
    let app = App::with_services(config, posted, &[]).await.expect("the services");
    app.bus.declare().await.expect("the queues");
    app
}

async fn visitors(app: &App, count: usize) -> Vec<UserId> {
    let mut visitors = Vec::with_capacity(count);
    for n in 0..count {
        let mut key_digest = [0; 32];
        key_digest[..8].copy_from_slice(&n.to_be_bytes());
        let username = format!("visitor-{n}");
        let arrival = Arrival { key_digest, username, nickname: None, page: None, metadata: None };
        visitors.push(app.visitors.enter(arrival, app.clock.now()).await.expect("enter").user.id);
    }
    visitors
}

async fn staff(app: &App, count: usize) -> Vec<UserId> {
    let mut staff = Vec::with_capacity(count);
    for n in 0..count {
        let new = NewAccount {
            username: format!("staff{n}"),
            nickname: format!("Staff {n}"),
            email: None,
            password_hash: Some("$argon2id$".to_owned()),
            external: None,
            role: Role::Staff,
        };
        staff.push(app.accounts.create(new, app.clock.now()).await.expect("create").user.id);
    }
    staff
}
