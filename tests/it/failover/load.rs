//! Senders who write down what they were promised.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::hark::{Client, Hark, Socket, eventually};

/// Between two sends of one sender.
const PAUSE: Duration = Duration::from_millis(50);

/// What became of one send that was acknowledged.
pub struct Entry {
    pub content: String,
    pub message_id: String,
    pub seq: i64,
    /// False when the reply was `not_broadcast`.
    pub broadcast: bool,
    pub replied: Instant,
}

/// A few who send all the time.
pub struct Load {
    stop: Arc<AtomicBool>,
    /// Acks since the last look.
    acks: Vec<Arc<AtomicUsize>>,
    senders: Vec<JoinHandle<Vec<Entry>>>,
}

impl Load {
    /// Each of `senders` opens a socket and begins.
    pub async fn start(hark: &Hark, room: i64, senders: &[Client]) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let mut load = Self { stop, acks: vec![], senders: vec![] };
        for sender in senders {
            let acks = Arc::<AtomicUsize>::default();
            let socket = hark.connect(sender).await;
            let sending = send_on(socket, room, sender.username.clone(), load.stop.clone(), acks.clone());
            load.senders.push(tokio::spawn(sending));
            load.acks.push(acks);
        }
        load
    }

    /// Waits until every sender was acked so often from now on.
    pub async fn until_acked(&self, times: usize) {
        self.acks.iter().for_each(|acks| acks.store(0, Ordering::SeqCst));
        eventually(async || self.acks.iter().all(|acks| acks.load(Ordering::SeqCst) >= times)).await;
    }

    /// Ends it; the ledgers of all.
    pub async fn stop(self) -> Vec<Entry> {
        self.stop.store(true, Ordering::SeqCst);
        let mut ledger = Vec::new();
        for sender in self.senders {
            ledger.extend(sender.await.expect("a sender ends well"));
        }
        ledger
    }
}

async fn send_on(
    mut socket: Socket,
    room: i64,
    name: String,
    stop: Arc<AtomicBool>,
    acks: Arc<AtomicUsize>,
) -> Vec<Entry> {
    let mut ledger = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let content = format!("{name} {n}");
        let frame = json!({"type": "message", "room_id": room, "content": content, "id": content});
        let reply = socket.ask(&frame).await;
        if let Some(entry) = entry(content, &reply) {
            acks.fetch_add(usize::from(entry.broadcast), Ordering::SeqCst);
            ledger.push(entry);
        }
        tokio::time::sleep(PAUSE).await;
    }
    socket.close().await;
    ledger
}

/// None when nothing was promised.
fn entry(content: String, reply: &Value) -> Option<Entry> {
    let broadcast = reply["type"] == "ack";
    if !broadcast && reply["code"] != "not_broadcast" {
        return None;
    }
    assert!(broadcast || reply["persisted"] == true, "{reply}");
    Some(Entry {
        content,
        message_id: reply["message_id"].as_str().expect("an id").to_owned(),
        seq: reply["seq"].as_i64().expect("a seq"),
        broadcast,
        replied: Instant::now(),
    })
}

/// Reads the room from its beginning and compares: what was promised is there once, and nothing is missing
/// between.
pub async fn compare(hark: &Hark, reader: &Client, room: i64, ledger: &[Entry]) {
    let stored = catch_up(hark, reader, room).await;
    let seqs: Vec<i64> = stored.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "in order");
    let mut by_content: HashMap<&str, Vec<&Value>> = HashMap::new();
    for message in &stored {
        by_content.entry(message["content"].as_str().unwrap()).or_default().push(message);
    }
    for entry in ledger {
        let found = by_content.get(entry.content.as_str()).map(Vec::as_slice);
        let [message] = found.unwrap_or_default() else {
            panic!("{} was promised and is stored {found:?}", entry.content);
        };
        assert_eq!(message["message_id"], entry.message_id);
        assert_eq!(message["seq"], entry.seq);
    }
    assert_eq!(hark.standing(room).await.last_seq, *seqs.last().expect("messages"));
}

async fn catch_up(hark: &Hark, reader: &Client, room: i64) -> Vec<Value> {
    let (mut messages, mut after) = (Vec::new(), Some(0));
    while let Some(seq) = after {
        let path = format!("/api/v1/rooms/{room}/messages?after={seq}&page_size=100");
        let mut window = hark.get(reader, &path).await.expect(200);
        after = window["next"].as_i64();
        messages.append(window["messages"].as_array_mut().expect("messages"));
    }
    messages
}
