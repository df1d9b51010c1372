use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{At, Body};
use shared::identity::{Caller, Permission};
use shared::ids::InstanceId;
use shared::names::ServiceName;
use shared::ports::InstanceRef;
use shared::registry;
use utoipa::ToSchema;

use crate::heartbeat::which;

#[derive(Deserialize, ToSchema)]
#[schema(as = Unregistration)]
pub(crate) struct Farewell {
    service_name: ServiceName,
    instance_id: Option<InstanceId>,
    service_url: Option<String>,
}

/// `POST /api/v1/services/unregister`: takes out one instance, or the whole service when none is named.
///
/// # Errors
/// `invalid`, naming the field; `not_found`; `forbidden` without `services.unregister`.
#[utoipa::path(
    post, path = "/api/v1/services/unregister", request_body = Farewell,
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn by_body(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(Farewell { service_name, instance_id, service_url }): Body<Farewell>,
) -> Result<StatusCode, Error> {
    forget(&app, &caller, &service_name, which(instance_id, service_url)?).await
}

/// `DELETE /api/v1/services/{name}`: forgets a service: all its instances, its secret and what it subscribed to.
///
/// # Errors
/// `not_found`; `forbidden` without `services.unregister`.
#[utoipa::path(
    delete, path = "/api/v1/services/{name}", params(("name" = ServiceName, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn service(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<ServiceName>,
) -> Result<StatusCode, Error> {
    forget(&app, &caller, &name, None).await
}

/// `DELETE /api/v1/services/{name}/instances/{id}`: takes one instance out.
///
/// # Errors
/// `not_found`; `forbidden` without `services.unregister`.
#[utoipa::path(
    delete,
    path = "/api/v1/services/{name}/instances/{id}",
    params(("name" = ServiceName, Path), ("id" = InstanceId, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn instance(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((name, id)): At<(ServiceName, InstanceId)>,
) -> Result<StatusCode, Error> {
    forget(&app, &caller, &name, Some(InstanceRef::Id(id))).await
}

async fn forget(
    app: &App,
    caller: &Caller,
    name: &ServiceName,
    which: Option<InstanceRef>,
) -> Result<StatusCode, Error> {
    caller.require(Permission::ServicesUnregister)?;
    let gone = app.services.unregister(name, which.as_ref()).await?;
    registry::tell(app, &gone).await;
    Ok(StatusCode::NO_CONTENT)
}
