//! A client that comes beside a commit: it gets the message pushed, or finds it by `resume`.

use serde_json::{Value, json};
use shared::ids::{RoomId, UserId};
use shared::model::RoomType;

use crate::hark::{World, full_or_tenth, on_both};
use crate::stage::{Device, Point, Stage};

const POINTS: [Point; 3] = [Point::BeforeTheCommit, Point::AfterTheCommit, Point::AtThePost];

/// What the client does while the sender stands at the gate; the rest it does afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Nothing, and then everything.
    Nothing,
    /// It connects, or joins, and resumes when the send is over.
    Coming,
    /// All of it.
    ComingAndResuming,
}

const BESIDE: [Beside; 3] = [Beside::Nothing, Beside::Coming, Beside::ComingAndResuming];

/// Who sends, and somebody who is there already, so that there is a post to stop at.
struct Scene<'a> {
    stage: &'a Stage,
    room: RoomId,
    sender: Device,
    listener: Device,
}

impl<'a> Scene<'a> {
    async fn set(stage: &'a Stage) -> Self {
        let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
        let room = stage.room(RoomType::Public, "square", &[ann, bob]).await;
        Self { stage, room, sender: stage.connect(ann).await, listener: stage.connect(bob).await }
    }

    /// Sends one message, and does `beside` while the send stands at `point`; the ack.
    async fn send_beside(&self, point: Point, beside: impl AsyncFnOnce()) -> Value {
        let frame = json!({"type": "message", "room_id": self.room.0, "content": "beside"});
        self.stage.gate.set(point);
        let work = async {
            self.stage.gate.arrival().await;
            beside().await;
            self.stage.gate.open();
        };
        let (ack, ()) = futures::join!(self.stage.ask(&self.sender, &frame), work);
        assert_eq!(ack["type"], "ack", "{ack}");
        self.stage.posted(&self.listener);
        ack
    }

    /// Everything after `since`, by seq.
    async fn resume(&self, device: &Device, since: i64) -> Vec<Value> {
        let ask = json!({"type": "resume", "rooms": {self.room.to_string(): since}});
        let resumed = self.stage.ask(device, &ask).await;
        assert_eq!(resumed["type"], "resumed", "{resumed}");
        resumed["messages"].as_array().unwrap().clone()
    }

    /// Somebody new who comes as `come` says, beside a send; fails unless they have its message in the end.
    async fn round(&self, n: usize, is_member: bool, come: impl AsyncFn(UserId) -> Device) {
        let (point, beside) = (POINTS[n % 3], BESIDE[n / 3 % 3]);
        let user = self.stage.user(&format!("user{n}")).await;
        if is_member {
            let now = self.stage.app.clock.now();
            self.stage.app.rooms.add_members(self.room, &[user], 10_000, now).await.unwrap();
        }
        let since = i64::try_from(n).unwrap();
        let (mut device, mut resumed) = (None, None);
        let ack = self
            .send_beside(point, async || {
                if beside != Beside::Nothing {
                    device = Some(come(user).await);
                }
                if beside == Beside::ComingAndResuming {
                    resumed = Some(self.resume(device.as_ref().unwrap(), since).await);
                }
            })
            .await;
        let device = match device {
            Some(device) => device,
            None => come(user).await,
        };
        let resumed = match resumed {
            Some(resumed) => resumed,
            None => self.resume(&device, since).await,
        };
        let pushed = self.stage.posted(&device);
        let has_it = pushed.iter().chain(&resumed).any(|frame| frame["message_id"] == ack["message_id"]);
        assert!(has_it, "round {n}: {beside:?} at {point:?} missed {ack}: {pushed:?} {resumed:?}");
        self.stage.disconnect(&device).await;
        self.stage.app.rooms.remove_member(self.room, user).await.unwrap();
    }
}

async fn who_connects_and_resumes_beside_a_commit_never_misses_it(world: &World) {
    let stage = Stage::on(world).await;
    let scene = Scene::set(&stage).await;
    for n in 0..full_or_tenth(200) {
        scene.round(n, true, async |user| stage.connect(user).await).await;
    }
}

async fn who_joins_and_resumes_beside_a_commit_never_misses_it(world: &World) {
    let stage = Stage::on(world).await;
    let scene = Scene::set(&stage).await;
    for n in 0..full_or_tenth(200) {
        let come = async |user| {
            let device = stage.connect(user).await;
            let joined = stage.ask(&device, &json!({"type": "join_room", "room_id": scene.room.0})).await;
            assert_eq!(joined["type"], "ack", "{joined}");
            device
        };
        scene.round(n, false, come).await;
    }
}

on_both! {
    who_connects_and_resumes_beside_a_commit_never_misses_it,
    who_joins_and_resumes_beside_a_commit_never_misses_it,
}
