//! What is asked to be published, before it is known to be allowed.

use serde::Deserialize;
use serde_json::Value;
use shared::frames::decode_body;
use shared::ids::EventId;
use shared::model::{EventType, HARK, PublishedType};
use shared::names::{EventData, EventPriority, ServiceName};
use shared::ports::NewEvent;
use shared::{Error, contract};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Ids that are paths beside `/api/v1/events/{id}`.
const PATHS: [&str; 2] = ["publish", "dead"];

/// One event as it is asked for.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewEvent)]
pub(crate) struct Draft {
    /// Made when there is none.
    id: Option<EventId>,
    #[serde(rename = "type")]
    #[schema(value_type = PublishedType)]
    kind: EventType,
    source_service: ServiceName,
    /// None: for those who subscribed to the type alone.
    target_service: Option<ServiceName>,
    data: EventData,
    #[serde(default)]
    priority: EventPriority,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewEvents)]
struct Batch {
    #[schema(min_items = 1)]
    events: Vec<Draft>,
}

/// A body that is one event, or `{"events": [...]}`.
pub(crate) struct Asked {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) is_batch: bool,
}

impl PartialSchema for Asked {
    fn schema() -> RefOr<Schema> {
        contract::either::<Draft, Batch>()
    }
}

impl ToSchema for Asked {
    fn schemas(schemas: &mut contract::Schemas) {
        contract::add::<Batch>(schemas);
    }
}

impl Asked {
    /// # Errors
    /// `invalid`, naming the field, `events[3].data` in a batch; `too_large` for more than `most` events.
    pub(crate) fn read(body: &Value, most: usize) -> Result<Self, Error> {
        let json = body.to_string();
        if body.get("events").is_none() {
            return Ok(Self { drafts: vec![decode_body(json.as_bytes())?], is_batch: false });
        }
        check_size(&body["events"], most)?;
        let Batch { events } = decode_body(json.as_bytes())?;
        Ok(Self { drafts: events, is_batch: true })
    }

    /// What an error calls the `n`th of them.
    fn place(&self, n: usize) -> String {
        if self.is_batch { format!("events[{n}].") } else { String::new() }
    }

    /// The events, those without an id under those of `ids`.
    ///
    /// # Errors
    /// `invalid`, naming the field, for what only Hark publishes.
    pub(crate) fn events(self, ids: impl Fn(usize) -> EventId) -> Result<Vec<NewEvent>, Error> {
        let places: Vec<String> = (0..self.drafts.len()).map(|n| self.place(n)).collect();
        let drafts = self.drafts.into_iter().zip(places).enumerate();
        drafts.map(|(n, (draft, place))| draft.event(|| ids(n), &place)).collect()
    }
}

fn check_size(events: &Value, most: usize) -> Result<(), Error> {
    match events.as_array().map_or(0, Vec::len) {
        0 if events.is_array() => Err(Error::invalid("events", "must not be empty")),
        n if n > most => Err(Error::too_large("events", format!("has {n} events, {most} at most"))),
        _ => Ok(()),
    }
}

impl Draft {
    fn event(self, id: impl FnOnce() -> EventId, place: &str) -> Result<NewEvent, Error> {
        let Self { id: own_id, kind, source_service, target_service, data, priority } = self;
        let refused = |field: &str, problem: &str| Error::invalid(&format!("{place}{field}"), problem);
        if !kind.is_published() {
            return Err(refused("type", "is told by Hark alone"));
        }
        if source_service.as_str() == HARK {
            return Err(refused("source_service", "is Hark's own name"));
        }
        if own_id.as_ref().is_some_and(|id| PATHS.contains(&id.as_str())) {
            return Err(refused("id", "is the name of a path"));
        }
        let (data, priority) = (data.into_value(), priority.level());
        let digest = NewEvent::digest_of(kind, &source_service, target_service.as_ref(), &data, priority);
        Ok(NewEvent {
            id: own_id.unwrap_or_else(id),
            kind,
            source_service,
            target_service,
            data,
            priority,
            published_by: None,
            digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use shared::Code;
    use shared::names::EVENT_DATA_MAX_BYTES;

    fn read(body: &Value) -> Result<Vec<NewEvent>, Error> {
        Asked::read(body, 3)?.events(|n| EventId::parse(&format!("made-{n}")).unwrap())
    }

    fn good() -> Value {
        json!({"type": "user_action", "source_service": "chat-service", "data": {"action": "create"}})
    }

    /// The event with another value in one place.
    fn with(field: &str, value: Value) -> Value {
        let mut event = good();
        event[field] = value;
        event
    }

    #[test]
    fn one_event_reads_with_what_it_leaves_out() {
        let events = read(&good()).unwrap();
        assert_eq!((events.len(), events[0].id.as_str(), events[0].priority), (1, "made-0", 5));
        assert_eq!(events[0].target_service, None);
        assert_eq!(read(&with("id", json!("mine"))).unwrap()[0].id.as_str(), "mine");
    }

    #[test]
    fn a_refusal_names_the_field() {
        let long = "x".repeat(65);
        for (field, value) in [
            ("type", json!("coffee_break")),
            ("type", json!("message.stored")),
            ("source_service", json!("hark")),
            ("source_service", json!("")),
            ("source_service", json!(long)),
            ("target_service", json!("a b")),
            ("data", json!([1])),
            ("data", json!("text")),
            ("priority", json!(10)),
            ("priority", json!(-1)),
            ("id", json!("a.b")),
            ("id", json!("")),
            ("id", json!(long)),
            ("id", json!("dead")),
        ] {
            let refused =
                read(&with(field, value.clone())).err().map(|error| error.message).unwrap_or_default();
            assert!(refused.starts_with(&format!("{field}: ")), "{field} {value}: {refused}");
            let batch = json!({"events": [good(), with(field, value)]});
            let refused = read(&batch).err().map(|error| error.message).unwrap_or_default();
            assert!(refused.starts_with(&format!("events[1].{field}: ")), "{refused}");
        }
        for field in ["type", "source_service", "data"] {
            let mut event = good();
            event.as_object_mut().unwrap().remove(field);
            let refused = read(&event).err().map(|error| error.message).unwrap_or_default();
            assert!(refused.contains(field), "{refused}");
        }
    }

    #[test]
    fn what_is_at_its_limit_is_taken_and_one_past_is_not() {
        let of = |n: usize| json!({ "k": "x".repeat(n - r#"{"k":""}"#.len()) });
        assert!(read(&with("data", of(EVENT_DATA_MAX_BYTES))).is_ok());
        assert!(read(&with("data", of(EVENT_DATA_MAX_BYTES + 1))).is_err());
        assert!(read(&with("priority", json!(0))).is_ok() && read(&with("priority", json!(9))).is_ok());
        assert!(read(&with("id", json!("x".repeat(64)))).is_ok());
        assert!(read(&with("source_service", json!("x".repeat(64)))).is_ok());
        assert_eq!(read(&json!({"events": vec![good(); 3]})).unwrap().len(), 3);
        let refused = read(&json!({"events": vec![good(); 4]})).err().unwrap();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (Code::TooLarge, "events: has 4 events, 3 at most")
        );
        assert!(read(&json!({"events": []})).err().unwrap().message.starts_with("events: "));
        assert!(read(&json!({"events": 1})).err().unwrap().message.starts_with("events: "));
    }
}
