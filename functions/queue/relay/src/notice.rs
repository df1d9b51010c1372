use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use shared::ids::EventId;
use shared::model::{EventType, ServiceEvent};
use shared::names::ServiceName;

/// An event as it is posted.
#[derive(Serialize)]
struct Notice<'a> {
    id: &'a EventId,
    #[serde(rename = "type")]
    kind: EventType,
    /// When it was published, by RFC 3339.
    timestamp: String,
    source_service: &'a ServiceName,
    target_service: Option<&'a ServiceName>,
    priority: u8,
    data: &'a Value,
}

/// The body of every post of an event.
pub(crate) fn body(event: &ServiceEvent) -> Bytes {
    let notice = Notice {
        id: &event.id,
        kind: event.kind,
        timestamp: event.created_at.rfc3339(),
        source_service: &event.source_service,
        target_service: event.target_service.as_ref(),
        priority: event.priority,
        data: &event.data,
    };
    serde_json::to_vec(&notice).expect("it has only string keys, so it serialises").into()
}
