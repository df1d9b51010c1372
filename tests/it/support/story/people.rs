//! Who is in the story, and what can be asked about it meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::UnixMs;
use shared::kept_figures;
use shared::model::{Role, Session};

use crate::hark::{Client, Hark, Socket, World, ten_to};
use crate::support::desk::at;
use crate::support::told::{GRACES, ONE_PLACE, position};

/// The story as far as it was told.
pub(super) struct Story<'a> {
    world: &'a World,
    pub(super) hark: Hark,
    /// Ten minutes to ten by the clocks of `zone`.
    pub(super) began: UnixMs,
    pub(super) zone: String,
    /// Seconds since then.
    passed: u64,
    /// Sees figures, and isn't there.
    pub(super) root: Client,
}

/// Somebody with a page open, and their session.
pub(super) struct Visitor {
    pub(super) client: Client,
    pub(super) socket: Socket,
    pub(super) session: Session,
}

/// Somebody who serves one visitor at a time.
pub(super) struct Staff {
    pub(super) client: Client,
    pub(super) socket: Socket,
}

impl Visitor {
    pub(super) fn room(&self) -> i64 {
        self.session.room_id.0
    }

    /// The next place in the queue that they are told, and the estimate in seconds.
    pub(super) async fn told_place(&mut self) -> (i64, Option<i64>) {
        position(&mut self.socket, &self.session).await
    }
}

impl<'a> Story<'a> {
    pub(super) async fn begin(world: &'a World) -> Self {
        let (began, zone) = ten_to(10);
        world.clock.stand_at(began);
        let variables = [ONE_PLACE, GRACES[0], ("STATISTICS_TIME_ZONE", &*zone)];
        let hark = world.start_with(&variables).await;
        hark.running.schedules().hold(true);
        let root = hark.user_as("root", Role::Admin).await;
        Self { world, hark, began, zone, passed: 0, root }
    }

    /// Goes on to that second, when all before it is told and settled.
    pub(super) async fn at(&mut self, second: u64) {
        self.hark.settled().await;
        self.world.clock.turn(Duration::from_secs(second - self.passed));
        self.passed = second;
    }

    /// That second by the clock.
    pub(super) fn moment(&self, second: i64) -> UnixMs {
        self.began.plus(second * 1000)
    }

    /// A visitor who comes now and opens a session.
    pub(super) async fn visitor(&self, name: &str) -> Visitor {
        let client = self.hark.visitor_called(name).await;
        let socket = self.hark.connect(&client).await;
        let session = self.hark.opened(&client).await;
        Visitor { client, socket, session }
    }

    /// A staff member who comes now.
    pub(super) async fn serves(&self, name: &str) -> Staff {
        let client = self.hark.user_as(name, Role::Staff).await;
        let socket = self.hark.serves(&client).await;
        Staff { client, socket }
    }

    /// What the schedule does each minute, which only happens here.
    pub(super) async fn upkeep(&self) {
        self.hark.running.schedules().run("upkeep").await.unwrap();
    }

    pub(super) async fn rates(&self, visitor: &Visitor, rating: &Value) {
        let path = at(&json!({"id": visitor.session.id}), "/rating");
        self.hark.post(&visitor.client, &path, rating).await.expect(200);
    }

    /// A path of the statistics as whoever sees figures is answered.
    pub(super) async fn figures(&self, path: &str) -> Value {
        self.hark.settled().await;
        // Not those of a moment ago.
        assert!(kept_figures::recounted(self.hark.running.app()).await);
        self.hark.get(&self.root, &format!("/api/chatstatistics/{path}")).await.expect(200)
    }

    /// How things stand now: users online, staff online, sessions active, visitors queued; the waiting time in
    /// seconds and the load.
    pub(super) async fn stands(&self, [users, staff, active, queued]: [i64; 4], wait: f64, load: f64) {
        let expected = json!({
            "onlineUsers": users, "onlineStaff": staff, "activeSessions": active, "queuedVisitors": queued,
            "averageWaitTime": wait, "systemLoad": load
        });
        assert_eq!(self.figures("realtime").await, expected, "at {} s", self.passed);
    }
}
