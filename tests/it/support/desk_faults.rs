//! Redis and RabbitMQ die while the desk is busy: it goes on, and afterwards nobody is forgotten.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use shared::ids::UserId;
use shared::model::{Role, Session, SessionState, Status};

use super::replay::{Replay, log};
use super::told::assigned;
use crate::broker::OwnBroker;
use crate::cost::OwnRedis;
use crate::hark::{Client, Hark, Socket, World, full_or_tenth, on_services};
use crate::soak::chance;

const VISITORS: usize = 300;
const STAFF: usize = 3;
const PLACES: usize = 2;
/// Longer than a row of the outbox stays open before it is due again.
const DUE: Duration = Duration::from_secs(11);

struct Desk<'a> {
    hark: &'a Hark,
    staff: Vec<Client>,
    visits: Vec<(Client, Socket, Session)>,
    chance: StdRng,
}

impl Desk<'_> {
    /// So many more visitors come; as many sessions end, give or take.
    async fn goes_on(&mut self, visitors: usize) {
        for _ in 0..visitors {
            let visitor = self.hark.visitor().await;
            let socket = self.hark.connect(&visitor).await;
            let session = self.hark.opened(&visitor).await;
            self.visits.push((visitor, socket, session));
            if self.chance.random_bool(0.5) {
                self.end_one().await;
            }
        }
    }

    /// Whoever serves a session ends it.
    async fn end_one(&mut self) -> bool {
        let mut active = Vec::new();
        for (_, _, session) in &self.visits {
            let session = self.hark.current(session.id).await;
            active.extend(Some(session).filter(|session| session.state == SessionState::Active));
        }
        let Some(session) = active.choose(&mut self.chance) else { return false };
        let id = session.staff.as_ref().expect("somebody").id.0;
        let staff = self.staff.iter().find(|staff| staff.id == id).expect("one of them");
        self.hark.closed(session.id, staff).await;
        true
    }

    /// What the log shows holds at every step and now.
    async fn check(&self, world: &World) -> Replay {
        let mut replay = Replay::of(PLACES);
        for step in log(world).await {
            replay.take(&step);
        }
        for staff in &self.staff {
            assert_eq!(self.hark.stands(staff).await, Some(Status::Online), "nothing was known of anybody");
            replay.stands(UserId(staff.id), Status::Online);
        }
        replay.check_nobody_waits_for_nothing();
        replay
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_without_redis_and_rabbitmq_goes_on_and_forgets_nobody() {
    on_services(async |world: &World| {
        let (mut redis, broker) = (OwnRedis::start().await, OwnBroker::start().await);
        let places = PLACES.to_string();
        let urls = [("REDIS_URL", redis.url.as_str()), ("RABBITMQ_URL", broker.url.as_str())];
        let hark = world.start_with(&[&urls[..], &[("STAFF_MAX_SESSIONS", &places)]].concat()).await;
        let (mut staff, mut sockets) = (Vec::new(), Vec::new());
        for n in 0..STAFF {
            let one = hark.user_as(&format!("staff{n}"), Role::Staff).await;
            sockets.push(hark.serves(&one).await);
            staff.push(one);
        }
        let chance = chance("a_desk_without_redis_and_rabbitmq_goes_on_and_forgets_nobody");
        let mut desk = Desk { hark: &hark, staff, visits: Vec::new(), chance };
        let part = full_or_tenth(VISITORS) / 5;
        desk.goes_on(part).await;
        redis.kill();
        desk.goes_on(part).await;
        futures::join!(broker.crash(), desk.goes_on(part));
        redis.start_again().await;
        desk.goes_on(part).await;
        futures::join!(broker.crash(), desk.goes_on(part));
        drop(desk.check(world).await);

        world.clock.turn(DUE);
        hark.running.schedules().run("upkeep").await.unwrap();
        hark.settled().await;
        drop(desk.check(world).await);
        while desk.end_one().await {}
        world.clock.turn(DUE);
        hark.running.schedules().run("upkeep").await.unwrap();
        hark.settled().await;
        for (_, socket, session) in &mut desk.visits {
            let session = hark.current(session.id).await;
            let by = desk.staff.iter().find(|staff| Some(staff.id) == session.staff.as_ref().map(|s| s.id.0));
            assigned(socket, &session, "closed", by).await;
        }
        desk.check(world).await.assert_all_are_done();
        hark.stop().await;
    })
    .await;
}
