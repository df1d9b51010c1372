use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::Body;
use shared::identity::{Caller, Permission};
use shared::ids::InstanceId;
use shared::model::ServiceInstance;
use shared::names::ServiceName;
use shared::ports::InstanceRef;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Heartbeat {
    service_name: ServiceName,
    instance_id: Option<InstanceId>,
    service_url: Option<String>,
    load: Option<Load>,
}

/// From 0, idle, to 1, full.
#[derive(Deserialize, ToSchema)]
#[serde(try_from = "f64")]
#[schema(minimum = 0, maximum = 1)]
struct Load(f64);

impl TryFrom<f64> for Load {
    type Error = &'static str;
    fn try_from(load: f64) -> Result<Self, &'static str> {
        if (0.0..=1.0).contains(&load) { Ok(Self(load)) } else { Err("must be 0 to 1") }
    }
}

/// `POST /api/v1/services/heartbeat`: the instance is alive, and so busy.
///
/// # Errors
/// `invalid`, naming the field; `not_found` for one that isn't registered, or was dropped: it registers again;
/// `forbidden` without `services.register`.
#[utoipa::path(
    post, path = "/api/v1/services/heartbeat", request_body = Heartbeat,
    responses((status = 200, description = "The instance.", body = ServiceInstance)),
)]
pub(crate) async fn heartbeat(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(heartbeat): Body<Heartbeat>,
) -> Result<Json<ServiceInstance>, Error> {
    caller.require(Permission::ServicesRegister)?;
    let Heartbeat { service_name, instance_id, service_url, load } = heartbeat;
    let which = which(instance_id, service_url)?;
    let which = which.ok_or_else(|| Error::invalid("instance_id", "is missing, and so is service_url"))?;
    let load = load.map(|load| load.0);
    Ok(Json(app.services.heard(&service_name, &which, load, app.clock.now()).await?))
}

/// An instance by its id or its URL; None when neither is given.
///
/// # Errors
/// `invalid` when both are.
pub(crate) fn which(id: Option<InstanceId>, url: Option<String>) -> Result<Option<InstanceRef>, Error> {
    match (id, url) {
        (Some(_), Some(_)) => {
            Err(Error::invalid("service_url", "stands beside instance_id: one of them says it"))
        }
        (Some(id), None) => Ok(Some(InstanceRef::Id(id))),
        (None, Some(url)) => Ok(Some(InstanceRef::Url(url.trim_end_matches('/').to_owned()))),
        (None, None) => Ok(None),
    }
}
