//! A client that keeps the rule: drop a seq that is known, show by seq.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What one client has of one room's log, by seq.
#[derive(Debug, Clone, Default)]
pub struct Log(BTreeMap<i64, Value>);

/// Everything that one client has.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    rooms: BTreeMap<i64, Log>,
    pub epoch: Option<Value>,
}

impl Reader {
    pub fn of(rooms: impl IntoIterator<Item = i64>) -> Self {
        Self { rooms: rooms.into_iter().map(|room| (room, Log::default())).collect(), epoch: None }
    }

    /// Takes a frame in, unless it is known or no entry of a log.
    pub fn take(&mut self, frame: &Value) {
        let kinds = ["message", "edited", "recalled"];
        if !kinds.iter().any(|kind| frame["type"] == *kind) {
            return;
        }
        let (room, seq) = (frame["room_id"].as_i64().unwrap(), frame["seq"].as_i64().unwrap());
        let log = self.rooms.entry(room).or_default();
        log.0.entry(seq).or_insert_with(|| frame.clone());
    }

    /// The frame that asks for what came since.
    pub fn resume(&self) -> Value {
        let rooms: BTreeMap<String, i64> =
            self.rooms.iter().map(|(room, log)| (room.to_string(), log.complete_to())).collect();
        let mut frame = json!({"type": "resume", "rooms": rooms});
        if let Some(epoch) = &self.epoch {
            frame["epoch"] = epoch.clone();
        }
        frame
    }

    pub fn rooms(&self) -> impl Iterator<Item = (i64, &Log)> {
        self.rooms.iter().map(|(room, log)| (*room, log))
    }
}

impl Log {
    /// The seq up to which nothing is missing.
    pub fn complete_to(&self) -> i64 {
        (1..).find(|seq| !self.0.contains_key(seq)).unwrap_or(i64::MAX) - 1
    }

    /// How many entries are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What is shown: the messages by seq, each with what it says now.
    pub fn shown(&self) -> Vec<(i64, String)> {
        let mut shown: BTreeMap<i64, String> = BTreeMap::new();
        for (seq, entry) in &self.0 {
            let content = entry["content"].as_str().unwrap_or_default().to_owned();
            let place = entry["target_seq"].as_i64().unwrap_or(*seq);
            shown.insert(place, content);
        }
        shown.into_iter().collect()
    }
}
