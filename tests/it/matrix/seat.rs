//! One place of the matrix with its people, and the rooms that are made for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use shared::ids::{RoomId, RoomRef, Seq, UserId};
use shared::model::{MemberRole, Page, RoomType};
use shared::ports::{NewBan, NewRoom, Window};
use tokio::sync::Mutex;

use super::action::{Action, Outcome, Way};
use super::expected::{Place, Standing};
use crate::hark::{Client, Hark, Socket};

/// How many messages of the actor and of the subject a room starts with.
const MESSAGES_EACH: usize = 3;

/// Longer than any case.
const BAN_MS: i64 = 3_600_000;

/// Where the seats are.
pub struct House<'a> {
    hark: &'a Hark,
    taken: AtomicUsize,
}

/// Somebody in their place, with a room of their own for it.
pub struct Seat<'a> {
    hark: &'a Hark,
    number: usize,
    pub place: Place,
    actor: Client,
    socket: Mutex<Socket>,
    /// Makes the room and stays in it.
    keeper: Client,
    /// A member.
    subject: Client,
    newcomer: Client,
    pub room: Room,
}

/// A room, and the ids of what the actor and another said in it.
#[derive(Default)]
pub struct Room {
    pub id: i64,
    own: Vec<String>,
    others: Vec<String>,
}

impl<'a> House<'a> {
    pub fn new(hark: &'a Hark) -> Self {
        Self { hark, taken: AtomicUsize::new(0) }
    }
}

impl<'a> Seat<'a> {
    pub async fn take(house: &House<'a>, place: Place) -> Self {
        let (hark, number) = (house.hark, house.taken.fetch_add(1, Ordering::Relaxed));
        let actor = hark.user_as(&format!("actor-{number}-"), place.role).await;
        // Open while the room is made, so that presence has to forget it where the actor goes.
        let socket = Mutex::new(hark.connect(&actor).await);
        let other = async |name: &str| hark.user(&format!("{name}-{number}-")).await;
        let (keeper, subject, newcomer) =
            (other("keeper").await, other("subject").await, other("newcomer").await);
        let room = Room::default();
        let mut seat = Self { hark, number, place, actor, socket, keeper, subject, newcomer, room };
        seat.room = seat.make_room().await;
        seat
    }

    /// What was said in this seat's room, and nowhere else.
    pub fn word(&self) -> String {
        format!("secret{}x", self.number)
    }

    /// Over HTTP, as far as it goes there, so that presence goes through all of it.
    async fn make_room(&self) -> Room {
        let id = self.made().await;
        let was_inside = self.place.standing != Standing::Outsider;
        let own = if was_inside { self.say(&self.actor, id).await } else { Vec::new() };
        let others = self.say(&self.subject, id).await;
        self.send(&self.keeper, id).await;
        self.settle(id).await;
        let own = if own.is_empty() { others.clone() } else { own };
        Room { id, own, others }
    }

    /// With the subject and whoever isn't an outsider as members.
    async fn made(&self) -> i64 {
        let is_outsider = self.place.standing == Standing::Outsider;
        let mut members = vec![self.subject.id];
        if !is_outsider {
            members.push(self.actor.id);
        }
        match self.place.kind {
            RoomType::Direct if is_outsider => self.direct(&self.keeper).await,
            RoomType::Direct => self.direct(&self.actor).await,
            RoomType::Support => self.support(&members).await,
            kind => {
                let name = format!("vault-{}-{}", self.number, uuid::Uuid::now_v7());
                let body = json!({"name": name, "type": kind, "member_ids": members});
                let room = self.hark.post(&self.keeper, "/api/v1/rooms", &body).await.expect(201);
                room["id"].as_i64().unwrap()
            }
        }
    }

    async fn direct(&self, peer: &Client) -> i64 {
        let app = self.hark.running.app();
        let room = app.rooms.direct(UserId(peer.id), UserId(self.subject.id), app.clock.now()).await.unwrap();
        room.id.0
    }

    /// No request makes one alone.
    async fn support(&self, members: &[i64]) -> i64 {
        let app = self.hark.running.app();
        let new = NewRoom {
            kind: RoomType::Support,
            name: format!("vault-{}-", self.number),
            description: String::new(),
            history_before_joining: true,
            creator: UserId(self.keeper.id),
            members: members.iter().map(|id| UserId(*id)).collect(),
        };
        app.rooms.create(new, 100, app.clock.now()).await.unwrap().id.0
    }

    /// Three messages; their ids.
    async fn say(&self, sender: &Client, room: i64) -> Vec<String> {
        let mut ids = Vec::with_capacity(MESSAGES_EACH);
        for _ in 0..MESSAGES_EACH {
            ids.push(self.send(sender, room).await);
        }
        ids
    }

    async fn send(&self, sender: &Client, room: i64) -> String {
        // The keeper of a direct room of others isn't in it.
        let sender = if self.is_in(sender, room).await { sender } else { &self.subject };
        let path = format!("/api/v1/rooms/{room}/messages");
        let ack = self.hark.post(sender, &path, &json!({"content": format!("{} here", self.word())})).await;
        ack.expect(201)["message_id"].as_str().unwrap().to_owned()
    }

    async fn is_in(&self, client: &Client, room: i64) -> bool {
        let rooms = self.hark.running.app().rooms.rooms_of(UserId(client.id)).await.unwrap();
        rooms.contains(&RoomId(room))
    }

    /// Brings the member to where the place says.
    async fn settle(&self, room: i64) {
        match self.place.standing {
            Standing::Outsider | Standing::Member => {}
            Standing::RoomAdmin => self.promote(room, MemberRole::Admin).await,
            Standing::Owner => self.promote(room, MemberRole::Owner).await,
            Standing::Former => self.remove(room).await,
            Standing::Banned => self.ban(room).await,
        }
    }

    async fn promote(&self, room: i64, role: MemberRole) {
        let rooms = &self.hark.running.app().rooms;
        rooms.set_role(room.into(), UserId(self.actor.id), role).await.unwrap();
    }

    async fn remove(&self, room: i64) {
        if self.place.kind == RoomType::Support {
            let rooms = &self.hark.running.app().rooms;
            rooms.remove_member(room.into(), UserId(self.actor.id)).await.unwrap();
            return;
        }
        let path = format!("/api/v1/rooms/{room}/members/{}", self.actor.id);
        self.hark.request(reqwest::Method::DELETE, &path, &self.keeper.token, None).await.expect(204);
    }

    async fn ban(&self, room: i64) {
        let app = self.hark.running.app();
        let now = app.clock.now();
        let (user, by) = (UserId(self.actor.id), UserId(self.keeper.id));
        let ban = NewBan { user, until: now.plus(BAN_MS), reason: "noise".to_owned(), by, now };
        app.bans.ban_from_room(room.into(), &ban).await.unwrap();
    }

    /// `may`: whether it will be done, which a silent frame doesn't tell.
    pub async fn act(&self, action: &Action, may: bool) -> Outcome {
        match &action.way {
            Way::Frame { json, silent } => self.frame(&self.fill(json), *silent && may).await,
            Way::Request { method, path, body } => {
                let body = self.fill(body);
                let body: Option<Value> =
                    (!body.is_empty()).then(|| serde_json::from_str(&body).expect("JSON"));
                let path = self.fill(path);
                let answer = self.hark.request(method.clone(), &path, &self.actor.token, body.as_ref()).await;
                Outcome::of_answer(answer.status, &answer.body)
            }
        }
    }

    async fn frame(&self, json: &str, silent: bool) -> Outcome {
        let mut socket = self.socket.lock().await;
        let frame: Value = serde_json::from_str(json).expect("JSON");
        socket.send(&frame).await;
        if silent {
            socket.send(&json!({"type": "heartbeat"})).await;
        }
        Outcome::of_frame(&socket.reply().await)
    }

    fn fill(&self, template: &str) -> String {
        let mut filled =
            template.replace("{room}", &self.room.id.to_string()).replace("{word}", &self.word());
        let people = [("actor", &self.actor), ("subject", &self.subject), ("newcomer", &self.newcomer)];
        for (name, client) in people {
            filled = filled.replace(&format!("{{{name}}}"), &client.id.to_string());
        }
        for (name, ids) in [("own", &self.room.own), ("other", &self.room.others)] {
            for (n, id) in (1..).zip(ids) {
                filled = filled.replace(&format!("{{{name}{n}}}"), id);
            }
        }
        filled
    }

    /// Everything of a room that an action could change, as the subject, who stays in it, sees it.
    pub async fn state(&self) -> Value {
        let app = self.hark.running.app();
        let (id, page) = (RoomId(self.room.id), Page { number: 1, size: 100 });
        let found = app.rooms.find(&RoomRef::Id(id)).await.unwrap();
        let members = app.rooms.members(id, page).await.unwrap().items;
        let log = app.messages.history(id, Seq(0), Window::Page(page), Seq(0)).await.unwrap().items;
        json!({"room": found, "members": members, "log": log})
    }

    /// Has something said in the room; what the actor's socket was told since it opened.
    pub async fn overheard(&self) -> Vec<Value> {
        self.send(&self.subject, self.room.id).await;
        self.socket.lock().await.everything().await
    }

    /// What a text tells the actor that is not theirs to know.
    pub fn leak(&self, text: &str) -> Option<&'static str> {
        let place = self.place;
        let said = if place.is_inside() { text.replace(&self.word(), "") } else { text.to_owned() };
        let folded = text.to_lowercase();
        let people = [&self.keeper, &self.subject, &self.newcomer];
        let names_people = people.iter().any(|client| folded.contains(&client.username));
        let names_room = text.contains(&format!("vault-{}-", self.number));
        [
            (said.contains("secret"), "what was said"),
            (names_people && !place.is_inside(), "who is there"),
            (names_room && !place.knows_name(), "the room's name"),
        ]
        .into_iter()
        .find_map(|(leaks, what)| leaks.then_some(what))
    }
}
