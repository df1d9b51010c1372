//! A message ready to be published: the same bytes and properties on the real bus and on the embedded one.

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::clock::UnixMs;
use crate::ports::{Delay, ENVELOPE_VERSION, Event};
use crate::rabbitmq::topology::DEAD_LETTER_EXCHANGE;

/// The AMQP `app_id` of everything that Hark publishes.
pub const APP_ID: &str = "hark";

/// Longest reason that a dead letter carries, in characters: headers must fit into one frame.
const REASON_MAX_CHARS: usize = 1_000;

/// Where a message is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// The one that leads to every queue by its name.
    Events,
    /// Those whose messages wait first.
    Waiting(Delay),
    DeadLetters,
}

impl Exchange {
    /// Its name on the broker, where the first one is called `events`.
    #[must_use]
    pub const fn name(self, events: &str) -> &str {
        match self {
            Self::Events => events,
            Self::Waiting(delay) => delay.queue(),
            Self::DeadLetters => DEAD_LETTER_EXCHANGE,
        }
    }
}

/// A message with everything that a broker is told about it.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub exchange: Exchange,
    pub routing_key: String,
    pub id: Uuid,
    /// The AMQP `type`.
    pub tag: &'static str,
    pub priority: u8,
    pub at: UnixMs,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

/// [`crate::ports::Envelope`] with its event borrowed: a chunk may name thousands of connections.
#[derive(Serialize)]
struct EnvelopeOf<'a> {
    version: u32,
    id: Uuid,
    at: UnixMs,
    #[serde(flatten)]
    event: &'a Event,
}

impl Parcel {
    /// Wraps an event into an envelope with a fresh id.
    #[must_use]
    pub fn of_event(event: &Event, now: UnixMs, fanout_queues: u32) -> Self {
        let envelope = EnvelopeOf { version: ENVELOPE_VERSION, id: Uuid::now_v7(), at: now, event };
        let body = serde_json::to_vec(&envelope).expect("an envelope has only string keys, so it serialises");
        Self {
            exchange: Exchange::Events,
            routing_key: event.routing_key(fanout_queues),
            id: envelope.id,
            tag: event.tag(),
            priority: event.priority(),
            at: now,
            content_type: "application/json",
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The same, to wait first. Its routing key stays: that is how it finds its queue afterwards.
    #[must_use]
    pub fn delayed(self, delay: Delay) -> Self {
        Self { exchange: Exchange::Waiting(delay), ..self }
    }

    /// A message that fails by itself, as it was, with the queue it came from and why it is here.
    #[must_use]
    pub fn dead(queue: &str, body: &[u8], reason: &str, now: UnixMs) -> Self {
        let reason: String = reason.chars().take(REASON_MAX_CHARS).collect();
        Self {
            exchange: Exchange::DeadLetters,
            routing_key: queue.to_owned(),
            id: Uuid::now_v7(),
            tag: "dead_letter",
            priority: 0,
            at: now,
            content_type: "application/octet-stream",
            headers: vec![("queue", queue.to_owned()), ("reason", reason)],
            body: Bytes::copy_from_slice(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RoomId;
    use crate::ports::{Envelope, FanoutChunk, fanout_queue};

    fn chunk(lane: u32) -> Event {
        Event::FanoutChunk(FanoutChunk {
            lane,
            room: Some(RoomId(1)),
            frame: "{}".to_owned(),
            ..FanoutChunk::default()
        })
    }

    #[test]
    fn a_parcels_body_reads_back_as_its_envelope() {
        let parcel = Parcel::of_event(&chunk(0), UnixMs(7), 1);
        let envelope = Envelope::decode(&parcel.body).expect("it reads");
        assert_eq!((envelope.id, envelope.at), (parcel.id, UnixMs(7)));
        assert_eq!(envelope.event, chunk(0));
    }

    #[test]
    fn the_tag_is_the_type_in_the_body() {
        let parcel = Parcel::of_event(&chunk(0), UnixMs(7), 1);
        let body: serde_json::Value = serde_json::from_slice(&parcel.body).expect("it is JSON");
        assert_eq!(body["type"], parcel.tag);
    }

    #[test]
    fn a_lane_is_taken_modulo_the_number_of_queues() {
        assert_eq!(Parcel::of_event(&chunk(5), UnixMs(0), 4).routing_key, fanout_queue(1));
        assert_eq!(Parcel::of_event(&chunk(5), UnixMs(0), 0).routing_key, fanout_queue(0));
    }

    #[test]
    fn an_envelope_of_a_newer_version_is_refused_by_name() {
        let reason = Envelope::decode(br#"{"version":2,"type":"unheard_of"}"#).expect_err("it is newer");
        assert!(reason.contains("version 2"), "{reason}");
    }
}
