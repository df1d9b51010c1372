use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{At, Body};
use shared::identity::{Caller, Permission};
use shared::model::{EventType, Service};
use shared::names::ServiceName;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[schema(as = SubscribedTypes)]
pub(crate) struct Subscriptions {
    types: Vec<EventType>,
}

/// `PUT /api/v1/services/{name}/subscriptions`: what the service is sent from now on, besides what names it.
///
/// # Errors
/// `invalid`, naming the field; `not_found`; `forbidden` without `services.register`.
#[utoipa::path(
    put,
    path = "/api/v1/services/{name}/subscriptions",
    params(("name" = ServiceName, Path)),
    request_body = Subscriptions,
    responses((status = 200, description = "The service as it is then.", body = Service)),
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<ServiceName>,
    Body(Subscriptions { types }): Body<Subscriptions>,
) -> Result<Json<Service>, Error> {
    caller.require(Permission::ServicesRegister)?;
    Ok(Json(app.services.set_subscriptions(&name, &types).await?))
}
