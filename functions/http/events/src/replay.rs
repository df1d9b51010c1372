use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::events;
use shared::http::{At, Body};
use shared::identity::{Caller, Permission};
use shared::ids::EventId;
use shared::model::Delivery;
use shared::names::ServiceName;
use utoipa::ToSchema;

use crate::show::known;

#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Replay {
    /// Every service that it was given up for when missing.
    service: Option<ServiceName>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Deliveries {
    deliveries: Vec<Delivery>,
}

/// `POST /api/v1/events/{id}/replay`: tries an event again, now and with all its rounds, what was given up; the rest stays as it
/// is. Answers every delivery of the event as it stands then.
///
/// # Errors
/// `forbidden` without `events.publish`; `not_found`, also for a service that it doesn't go to.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/replay",
    params(("id" = EventId, Path)),
    request_body = Option<Replay>,
    responses((status = 200, description = "Its deliveries as they stand then.", body = Deliveries)),
)]
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<String>,
    body: Option<Body<Replay>>,
) -> Result<Json<Deliveries>, Error> {
    caller.require(Permission::EventsPublish)?;
    let Replay { service } = body.map(|Body(replay)| replay).unwrap_or_default();
    let event = known(&app, &id).await?;
    let due = app.events.revive(&event.id, service.as_ref(), app.clock.now()).await?;
    let revived = due.len();
    events::announce(&app, due).await;
    let deliveries: Vec<Delivery> =
        app.events.deliveries(&event.id).await?.into_iter().map(|(delivery, _)| delivery).collect();
    if let Some(service) = service
        && deliveries.iter().all(|delivery| delivery.service != service)
    {
        return Err(Error::not_found("service: the event doesn't go to it"));
    }
    tracing::info!(event = %event.id, revived, by = %caller.user, "replayed");
    Ok(Json(Deliveries { deliveries }))
}
