use super::*;
use crate::ids::{MessageId, Seq, UserId};
use crate::model::Edited;

/// As it was written before a log had other entries than messages.
const OLD: &str = r#"{"version":1,"id":"019b791b-70b1-7000-8000-0000000000e1","at":1767263400124,
    "type":"message_stored","outbox":7,"message":{"message_id":"019b791b-70bb-7000-8000-000000000001",
    "room_id":1,"seq":2,"sender_id":3,"sender_name":"Bob","kind":"text","content":"Good morning",
    "metadata":{"n":9007199254740993},"timestamp":1767263400123},"left":{"who":"nobody"}}"#;

fn stored(entry: Entry) -> Envelope {
    let stored = MessageStored { outbox: OutboxId(7), entry, unposted: Unposted::everyone() };
    Envelope {
        version: ENVELOPE_VERSION,
        id: Uuid::now_v7(),
        at: UnixMs(1),
        event: Event::MessageStored(stored),
    }
}

#[test]
fn a_message_is_written_as_older_consumers_read_it() {
    let Event::MessageStored(old) = Envelope::decode(OLD.as_bytes()).unwrap().event else { panic!() };
    let Entry::Message(message) = &old.entry else { panic!("{old:?}") };
    assert_eq!((message.seq, message.edited_at, message.recalled), (Seq(2), None, false));
    let written = serde_json::to_value(stored(old.entry.clone())).unwrap();
    let before: serde_json::Value = serde_json::from_str(OLD).unwrap();
    assert_eq!(written["message"], before["message"]);
}

#[test]
fn an_edit_reads_back_from_its_body() {
    let edited = Edited {
        message_id: MessageId::fresh(),
        room_id: RoomId(1),
        seq: Seq(9),
        target_seq: Seq(2),
        sender_id: UserId(3),
        sender_name: "Bob".to_owned(),
        content: "Good evening".to_owned(),
        timestamp: UnixMs(5),
    };
    let envelope = stored(Entry::Edited(edited));
    let body = serde_json::to_vec(&envelope).unwrap();
    assert_eq!(Envelope::decode(&body).unwrap(), envelope);
}
