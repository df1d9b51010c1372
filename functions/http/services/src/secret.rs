use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::http::At;
use shared::identity::{Caller, Permission};
use shared::names::ServiceName;
use shared::webhook::SigningSecret;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = RotatedSecret)]
pub(crate) struct Rotated {
    service_name: ServiceName,
    /// Shown here and never again.
    secret: String,
    /// Until then events are signed with the one before, too.
    old_valid_until: UnixMs,
}

/// `POST /api/v1/services/{name}/secret`: another secret in the place of the one there is.
///
/// # Errors
/// `not_found`; `forbidden` without `services.register`.
#[utoipa::path(
    post, path = "/api/v1/services/{name}/secret", params(("name" = ServiceName, Path)),
    responses((status = 200, description = "The secret.", body = Rotated)),
)]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<ServiceName>,
) -> Result<Json<Rotated>, Error> {
    caller.require(Permission::ServicesRegister)?;
    let secret = SigningSecret::fresh();
    let overlap = i64::try_from(app.config.registry.secret_overlap.as_millis()).unwrap_or(i64::MAX);
    let old_valid_until = app.clock.now().plus(overlap);
    app.services.rotate_secret(&name, &secret, old_valid_until).await?;
    Ok(Json(Rotated { service_name: name, secret: secret.expose(), old_valid_until }))
}
