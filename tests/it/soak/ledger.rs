//! What senders were told and what readers heard, to be compared with what is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use serde_json::Value;
use sqlx::PgConnection;
use tokio::time::Instant;

/// What was acknowledged: the client's id, and where the message stands.
#[derive(Default)]
pub struct Ledger(Mutex<HashMap<String, Place>>);

/// A message's room, `seq` and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub room: i64,
    pub seq: i64,
    pub message: String,
}

impl Ledger {
    /// Puts down what a reply promises: an ack, or a `not_broadcast` that says it is stored.
    pub fn promised(&self, id: &str, reply: &Value) {
        let place = Place {
            room: reply["room_id"].as_i64().unwrap_or_else(|| panic!("a room: {reply}")),
            seq: reply["seq"].as_i64().unwrap_or_else(|| panic!("a seq: {reply}")),
            message: reply["message_id"].as_str().unwrap_or_else(|| panic!("an id: {reply}")).to_owned(),
        };
        let before = self.0.lock().unwrap().insert(id.to_owned(), place.clone());
        assert!(before.is_none_or(|before| before == place), "{id} was promised twice: {place:?}");
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Every promise stands in the database, and every room is numbered without a gap; answers how many rows
    /// there are in all.
    pub async fn compare(&self, database: &mut PgConnection) -> usize {
        let rows: Vec<(i64, i64, String, String)> =
            sqlx::query_as("select room_id, seq, id::text, client_id from messages order by room_id, seq")
                .fetch_all(database)
                .await
                .expect("the rows");
        let mut last: HashMap<i64, i64> = HashMap::new();
        let mut stored: HashMap<String, Place> = HashMap::new();
        for (room, seq, message, client_id) in rows {
            let before = last.insert(room, seq).unwrap_or(0);
            assert_eq!(seq, before + 1, "room {room} has a gap");
            let twice = stored.insert(client_id, Place { room, seq, message });
            assert_eq!(twice, None, "stored twice");
        }
        for (id, place) in self.0.lock().unwrap().iter() {
            assert_eq!(stored.get(id), Some(place), "{id} was acknowledged");
        }
        stored.len()
    }
}

/// The messages that one reader has, by `seq`, over all its sockets: a known `seq` is dropped.
#[derive(Default)]
pub struct Heard(Mutex<Shown>);

#[derive(Default)]
struct Shown {
    /// By room and `seq`: the message's id, and when it came first.
    messages: BTreeMap<(i64, i64), (String, Instant)>,
    repeats: usize,
}

impl Heard {
    /// Takes in a message, pushed or resumed; other frames are none of its business.
    pub fn note(&self, frame: &Value, at: Instant) {
        if frame["type"] != "message" {
            return;
        }
        let room = frame["room_id"].as_i64().expect("a room");
        let seq = frame["seq"].as_i64().expect("a seq");
        let id = frame["message_id"].as_str().expect("an id").to_owned();
        let mut shown = self.0.lock().unwrap();
        match shown.messages.get(&(room, seq)) {
            Some((known, _)) => {
                assert_eq!(*known, id, "{seq} of {room} is one message");
                shown.repeats += 1;
            }
            None => drop(shown.messages.insert((room, seq), (id, at))),
        }
    }

    /// The messages of a room in their order, by id.
    pub fn list(&self, room: i64) -> Vec<String> {
        let shown = self.0.lock().unwrap();
        shown.messages.range((room, 0)..(room + 1, 0)).map(|(_, (id, _))| id.clone()).collect()
    }

    pub fn count(&self, room: i64) -> usize {
        self.0.lock().unwrap().messages.range((room, 0)..(room + 1, 0)).count()
    }

    /// When the last of a room's messages came that were new.
    pub fn newest_at(&self, room: i64) -> Option<Instant> {
        let shown = self.0.lock().unwrap();
        shown.messages.range((room, 0)..(room + 1, 0)).map(|(_, (_, at))| *at).max()
    }

    /// The highest `seq` up to which nothing is missing.
    pub fn whole_up_to(&self, room: i64) -> i64 {
        let shown = self.0.lock().unwrap();
        let seqs = shown.messages.range((room, 0)..(room + 1, 0)).map(|((_, seq), _)| *seq);
        seqs.zip(1..).take_while(|(seq, n)| seq == n).last().map_or(0, |(seq, _)| seq)
    }

    pub fn repeats(&self) -> usize {
        self.0.lock().unwrap().repeats
    }

    /// When a message came.
    pub fn came_at(&self, room: i64, seq: i64) -> Option<Instant> {
        self.0.lock().unwrap().messages.get(&(room, seq)).map(|(_, at)| *at)
    }
}
