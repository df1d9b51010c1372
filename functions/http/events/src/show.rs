use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::http::At;
use shared::identity::{Caller, Permission};
use shared::ids::EventId;
use shared::model::{Attempt, Delivery, ServiceEvent};
use utoipa::ToSchema;

/// An event with everything that was tried.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownEvent)]
pub(crate) struct Shown {
    #[serde(flatten)]
    event: ServiceEvent,
    /// By service.
    deliveries: Vec<Tried>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TriedDelivery)]
pub(crate) struct Tried {
    #[serde(flatten)]
    delivery: Delivery,
    /// In order; a round may have tried several instances.
    attempts: Vec<Attempt>,
}

/// `GET /api/v1/events/{id}`: an event with its deliveries, and each post of these.
///
/// # Errors
/// `forbidden` without `events.view`; `not_found`.
#[utoipa::path(
    get, path = "/api/v1/events/{id}", params(("id" = EventId, Path)),
    responses((status = 200, description = "The event and all that was tried.", body = Shown)),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<String>,
) -> Result<Json<Shown>, Error> {
    caller.require(Permission::EventsView)?;
    let event = known(&app, &id).await?;
    let deliveries = app.events.deliveries(&event.id).await?.into_iter();
    let deliveries = deliveries.map(|(delivery, attempts)| Tried { delivery, attempts }).collect();
    Ok(Json(Shown { event, deliveries }))
}

/// # Errors
/// `not_found`, also for what is no id.
pub(crate) async fn known(app: &App, id: &str) -> Result<ServiceEvent, Error> {
    let found = match EventId::parse(id) {
        Ok(id) => app.events.event(&id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Error::not_found("no such event"))
}
