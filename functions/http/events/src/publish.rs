use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use shared::Error;
use shared::app::App;
use shared::contract::Conflict;
use shared::events;
use shared::http::Body;
use shared::identity::{Caller, Permission};
use shared::ids::{ClientMessageId, EventId};
use shared::model::{DeliveryState, ServiceEvent};
use shared::names::ServiceName;
use shared::ports::{NewEvent, StoredEvent};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::draft::Asked;
use crate::key;

/// One event as it was stored, and whom it goes to.
#[derive(Serialize, ToSchema)]
#[schema(as = PublishedEvent)]
pub(crate) struct Published {
    #[serde(flatten)]
    event: ServiceEvent,
    deliveries: Vec<Onward>,
}

/// A service that an event goes to.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryOnward)]
pub(crate) struct Onward {
    service: ServiceName,
    state: DeliveryState,
}

/// As it was asked: one, or a list.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PublishedEvents)]
pub(crate) enum Answer {
    Batch { events: Vec<Published> },
    One(Box<Published>),
}

/// `POST /api/v1/events/publish`: publishes one event, or `{"events": [...]}`, all or none of them. What is answered is stored;
/// it is delivered afterwards. A repeat with the same id (`id`, or the `Idempotency-Key` header where there is none)
/// and the same body is answered as it stands.
///
/// # Errors
/// `forbidden` without `events.publish`; `invalid` and `too_large`, naming the field; `conflict` for an id that was
/// used for another event.
#[utoipa::path(
    post,
    path = "/api/v1/events/publish",
    params(("Idempotency-Key" = Option<ClientMessageId>, Header)),
    request_body = Asked,
    responses((status = 202, description = "Stored, and delivered from now on.", body = Answer), Conflict),
)]
pub(crate) async fn publish(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<(StatusCode, Json<Answer>), Error> {
    caller.require(Permission::EventsPublish)?;
    let asked = Asked::read(&body, app.config.events.batch_size)?;
    let is_batch = asked.is_batch;
    let key = key::id_of(&headers, &caller)?;
    let mut new = asked.events(|n| id(key, n, is_batch))?;
    new.iter_mut().for_each(|event: &mut NewEvent| event.published_by = Some(caller.user));
    let mut stored = events::publish(&app, &new).await?;
    tracing::info!(events = stored.len(), by = %caller.user, "published");
    let answer = match stored.pop() {
        Some(one) if !is_batch => Answer::One(Box::new(one.into())),
        last => Answer::Batch { events: stored.into_iter().chain(last).map(Published::from).collect() },
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Of an event that has none of its own.
fn id(key: Option<Uuid>, n: usize, is_batch: bool) -> EventId {
    let text = match key {
        Some(key) if is_batch => format!("key-{key}-{n}"),
        Some(key) => format!("key-{key}"),
        None => return EventId::fresh(),
    };
    EventId::parse(&text).unwrap_or_else(|_| EventId::fresh())
}

impl From<StoredEvent> for Published {
    fn from(stored: StoredEvent) -> Self {
        let deliveries = stored.deliveries.into_iter();
        let deliveries =
            deliveries.map(|delivery| Onward { service: delivery.service, state: delivery.state });
        Self { event: stored.event, deliveries: deliveries.collect() }
    }
}
