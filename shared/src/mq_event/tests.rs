use serde_json::{Value, json};

use super::*;
use crate::clock::UnixMs;
use crate::ids::RoomId;
use crate::parcel::Parcel;
use crate::ports::{Event, FanoutChunk};

/// As AWS sends it: one message with every property, one without any, priority null among them.
fn event() -> Value {
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:us-west-2:111122223333:broker:hark:b-0123",
        "rmqMessagesByQueue": { "chat.messages::/": [
            {
                "basicProperties": {
                    "contentType": "text/plain", "contentEncoding": null,
                    "headers": { "h": { "bytes": [118] }, "n": 10 },
                    "deliveryMode": 2, "priority": 3, "correlationId": null, "replyTo": null,
                    "expiration": "60000", "messageId": null, "timestamp": "Jan 1, 1970, 12:33:41 AM",
                    "type": null, "userId": "AIDACKCEVSQ6C2EXAMPLE", "appId": null, "clusterId": null,
                    "bodySize": 80
                },
                "redelivered": false,
                "data": "eyJ0aW1lb3V0IjowfQ=="
            },
            {
                "basicProperties": {
                    "contentType": null, "contentEncoding": null, "headers": null, "deliveryMode": null,
                    "priority": null, "correlationId": null, "replyTo": null, "expiration": null,
                    "messageId": null, "timestamp": null, "type": null, "userId": null, "appId": null,
                    "clusterId": null, "bodySize": 2
                },
                "redelivered": true,
                "data": "%%"
            }
        ] }
    })
}

fn parsed(value: Value) -> RabbitMqEvent {
    serde_json::from_value(value).expect("the event reads")
}

#[test]
fn an_event_of_aws_reads_and_writes_back_the_same() {
    let written = serde_json::to_value(parsed(event())).expect("it serialises");
    assert_eq!(written, event());
}

#[test]
fn a_message_with_nothing_but_data_reads() {
    let bare = json!({ "rmqMessagesByQueue": { "q::/": [{ "data": "e30=" }] } });
    assert_eq!(parsed(bare).envelopes()[0].body, b"{}");
}

#[test]
fn what_does_not_read_says_why_and_keeps_its_body() {
    let incoming = parsed(event()).envelopes();
    assert_eq!(incoming[0].queue, "chat.messages");
    assert_eq!(incoming[0].body, br#"{"timeout":0}"#);
    assert!(incoming[0].envelope.as_ref().is_err_and(|reason| reason.starts_with("no envelope")));
    assert_eq!(incoming[1].body, b"%%");
    assert!(incoming[1].redelivered);
    assert!(incoming[1].envelope.as_ref().is_err_and(|reason| reason.contains("base64")));
}

#[test]
fn messages_keep_their_order_around_one_that_does_not_read() {
    let chunk = |lane| FanoutChunk { lane, room: Some(RoomId(1)), ..FanoutChunk::default() };
    let body = |lane| Parcel::of_event(&Event::FanoutChunk(chunk(lane)), UnixMs(0), 1).body;
    let bodies = [body(1), bytes::Bytes::from_static(b"?"), body(2)];
    let messages = bodies.map(|body| RabbitMqMessage::new(BasicProperties::default(), false, &body));
    let event = RabbitMqEvent::of_queue("chat.fanout.0", "/", "arn", messages.into());
    let lanes: Vec<_> = event.envelopes().into_iter().map(|incoming| lane_of(incoming.envelope)).collect();
    assert_eq!(lanes, [Some(1), None, Some(2)]);
}

fn lane_of(envelope: Result<Envelope, String>) -> Option<u32> {
    match envelope.ok()?.event {
        Event::FanoutChunk(chunk) => Some(chunk.lane),
        _ => None,
    }
}

#[test]
fn a_time_is_written_as_lambda_writes_it() {
    assert_eq!(amqp_timestamp(2021).as_deref(), Some("Jan 1, 1970, 12:33:41 AM"));
    assert_eq!(amqp_timestamp(1_767_272_405).as_deref(), Some("Jan 1, 2026, 1:00:05 PM"));
}
