//! Disconnections at random, in turned time: everything that was missed comes by `resume`.

use std::sync::atomic::Ordering;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use shared::ids::{RoomId, RoomRef, Seq, UserId};
use shared::model::RoomType;
use shared::ports::Window;

use super::reader::Reader;
use crate::hark::{World, full_or_tenth, on_both};
use crate::stage::{Device, Stage};

const SEED: u64 = 20_261_121;
const USERS: usize = 30;
const ROOMS: usize = 6;
/// Of every user's rooms beside their first.
const CHANCE_OF_A_ROOM: f64 = 0.3;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

struct Person {
    rooms: Vec<RoomId>,
    user: UserId,
    reader: Reader,
    /// None while they are away.
    device: Option<Device>,
    back_at: i64,
    /// Their own messages.
    said: Vec<Value>,
}

struct Play<'a> {
    stage: &'a Stage,
    people: Vec<Person>,
    random: StdRng,
}

impl<'a> Play<'a> {
    async fn begin(stage: &'a Stage, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut users = Vec::new();
        for n in 0..USERS {
            users.push(stage.user(&format!("user{n}")).await);
        }
        let mut of_user = vec![Vec::new(); USERS];
        for room in 0..ROOMS {
            let members: Vec<usize> =
                (0..USERS).filter(|n| n % ROOMS == room || random.random_bool(CHANCE_OF_A_ROOM)).collect();
            let ids: Vec<UserId> = members.iter().map(|n| users[*n]).collect();
            let room = stage.room(RoomType::Group, &format!("room {room}"), &ids).await;
            members.into_iter().for_each(|n| of_user[n].push(room));
        }
        let mut people = Vec::new();
        for (user, rooms) in users.into_iter().zip(of_user) {
            let reader = Reader::of(rooms.iter().map(|room| room.0));
            let device = Some(stage.connect(user).await);
            people.push(Person { rooms, user, reader, device, back_at: 0, said: Vec::new() });
        }
        Self { stage, people, random }
    }

    /// One of those who are here.
    fn present(&mut self) -> Option<usize> {
        let here: Vec<usize> = (0..USERS).filter(|n| self.people[*n].device.is_some()).collect();
        here.choose(&mut self.random).copied()
    }

    async fn leave(&mut self, who: usize) {
        let away_for = self.random.random_range(0..=120_000);
        let person = &mut self.people[who];
        let device = person.device.take().unwrap();
        // What came in time is read first.
        self.stage.posted(&device).iter().for_each(|frame| person.reader.take(frame));
        self.stage.disconnect(&device).await;
        person.back_at = self.stage.now() + away_for;
    }

    /// Connects again and resumes: one answer from one query brings all that was missed, in order.
    async fn come_back(&mut self, who: usize) -> usize {
        let person = &mut self.people[who];
        let device = self.stage.connect(person.user).await;
        let asked = person.reader.resume();
        let queries = self.stage.resumes.load(Ordering::Relaxed);
        let resumed = self.stage.ask(&device, &asked).await;
        assert_eq!(self.stage.resumes.load(Ordering::Relaxed) - queries, 1);
        assert_eq!((&resumed["type"], &resumed["more"]), (&json!("resumed"), &json!(false)), "{resumed}");
        assert_eq!(resumed["gaps"], json!([]));
        let messages = resumed["messages"].as_array().unwrap();
        for room in &person.rooms {
            let of_room = messages.iter().filter(|entry| entry["room_id"] == room.0);
            let seqs: Vec<i64> = of_room.map(|entry| entry["seq"].as_i64().unwrap()).collect();
            let key = room.to_string();
            let first = asked["rooms"][&key].as_i64().unwrap() + 1;
            let last = resumed["rooms"][&key].as_i64().unwrap();
            assert_eq!(seqs, (first..=last).collect::<Vec<_>>(), "room {room}");
        }
        messages.iter().for_each(|entry| person.reader.take(entry));
        person.reader.epoch = Some(resumed["epoch"].clone());
        person.device = Some(device);
        messages.len()
    }

    /// Somebody who is here says something, or changes or takes back what they said.
    async fn act(&mut self) {
        let Some(who) = self.present() else { return };
        let room = *self.people[who].rooms.choose(&mut self.random).unwrap();
        let earlier = self.people[who].said.choose(&mut self.random).cloned();
        let content = format!("word {}", self.random.random::<u32>());
        let (kind, mut frame) = match (self.random.random_range(0..10), earlier) {
            (0..=1, Some(said)) => {
                ("edited", json!({"type": "edit", "message_id": said["message_id"], "content": content}))
            }
            (2, Some(said)) => ("recalled", json!({"type": "recall", "message_id": said["message_id"]})),
            _ => ("message", json!({"type": "message", "room_id": room.0, "content": content})),
        };
        let person = &mut self.people[who];
        let ack = self.stage.ask(person.device.as_ref().unwrap(), &frame).await;
        if ack["type"] == "error" {
            // Recalled before, or too late by now.
            assert!(kind != "message" && (ack["code"] == "conflict" || ack["code"] == "forbidden"), "{ack}");
            return;
        }
        // One's own connection has the ack, and makes the entry of it.
        let target = person.said.iter().find(|said| said["message_id"] == ack["message_id"]);
        if let Some(target) = target {
            frame["target_seq"] = target["seq"].clone();
        }
        for field in ["message_id", "room_id", "seq"] {
            frame[field] = ack[field].clone();
        }
        frame["type"] = json!(kind);
        person.reader.take(&frame);
        if kind == "message" {
            person.said.push(frame);
        }
    }

    /// Brings everybody back who is due.
    async fn return_those_due(&mut self) -> usize {
        let mut caught_up = 0;
        for who in 0..USERS {
            let person = &self.people[who];
            if person.device.is_none() && person.back_at <= self.stage.now() {
                caught_up += self.come_back(who).await;
            }
        }
        caught_up
    }

    /// Everyone has every entry, and shows what the history shows.
    async fn everyone_has_everything(&mut self) {
        let stage = self.stage;
        for person in &mut self.people {
            stage.posted(person.device.as_ref().unwrap()).iter().for_each(|frame| person.reader.take(frame));
            for (room, log) in person.reader.rooms() {
                let found = stage.app.rooms.find(&RoomRef::Id(RoomId(room))).await.unwrap().unwrap();
                assert_eq!(
                    (log.complete_to(), log.len()),
                    (found.last_seq.0, usize::try_from(found.last_seq.0).unwrap())
                );
                assert_eq!(log.shown(), history(stage, RoomId(room)).await, "room {room}");
            }
        }
    }
}

async fn history(stage: &Stage, room: RoomId) -> Vec<(i64, String)> {
    let window = Window::After { seq: Seq(0), limit: 1_000_000 };
    let listing = stage.app.messages.history(room, Seq(0), window, Seq(0)).await.unwrap();
    listing.items.into_iter().map(|message| (message.seq.0, message.content)).collect()
}

async fn what_was_missed_comes_in_order_by_one_query_each(world: &World) {
    let stage = Stage::on(world).await;
    let mut play = Play::begin(&stage, SEED).await;
    let (mut disconnections, mut caught_up) = (0, 0);
    let enough = full_or_tenth(1_000);
    while disconnections < enough {
        stage.pass(play.random.random_range(100..2_000));
        caught_up += play.return_those_due().await;
        if play.random.random_bool(0.5)
            && let Some(who) = play.present()
        {
            play.leave(who).await;
            disconnections += 1;
        }
        play.act().await;
        play.act().await;
    }
    stage.pass(120_000);
    caught_up += play.return_those_due().await;
    play.everyone_has_everything().await;
    println!("seed {SEED}: {disconnections} disconnections, {caught_up} entries by resume");
    assert!(caught_up >= enough, "only {caught_up} entries were missed");
}

async fn past_retention_there_is_a_gap(world: &World) {
    let stage = Stage::on(world).await;
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let [old, young] = [
        stage.room(RoomType::Group, "old", &[ann, bob]).await,
        stage.room(RoomType::Group, "young", &[ann, bob]).await,
    ];
    let anns = stage.connect(ann).await;
    let say = async |room: RoomId| {
        let ack = stage.ask(&anns, &json!({"type": "message", "room_id": room.0, "content": "word"})).await;
        assert_eq!(ack["type"], "ack", "{ack}");
    };
    for _ in 0..3 {
        say(old).await;
    }
    stage.pass(DAY_MS);
    say(old).await;
    say(young).await;
    // At the limit everything is kept, a moment past it the first three are gone.
    let bobs = stage.connect(bob).await;
    let ask = json!({"type": "resume", "rooms": {old.to_string(): 1, young.to_string(): 0}});
    stage.upkeep().await;
    let resumed = stage.ask(&bobs, &ask).await;
    assert_eq!((&resumed["gaps"], resumed["messages"].as_array().unwrap().len()), (&json!([]), 4));
    stage.pass(1);
    stage.upkeep().await;
    let resumed = stage.ask(&bobs, &ask).await;
    assert_eq!(resumed["gaps"], json!([{"room_id": old, "reason": "retention", "first_seq": 4}]));
    let seqs: Vec<_> =
        resumed["messages"].as_array().unwrap().iter().map(|m| (&m["room_id"], &m["seq"])).collect();
    assert_eq!(seqs, [(&json!(old), &json!(4)), (&json!(young), &json!(1))]);
    // Who had all of it misses nothing.
    let ask = json!({"type": "resume", "rooms": {old.to_string(): 3}});
    assert_eq!(stage.ask(&bobs, &ask).await["gaps"], json!([]));
}

on_both! {
    what_was_missed_comes_in_order_by_one_query_each,
    past_retention_there_is_a_gap,
}
