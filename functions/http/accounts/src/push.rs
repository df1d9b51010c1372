//! The devices that a user wants pushes on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::contract::Conflict;
use shared::http::{At, Body};
use shared::identity::Caller;
use shared::ids::PushSubscriptionId;
use shared::names::DeviceName;
use shared::ports::{NewSubscription, PushSubscription};
use shared::push::{AuthSecret, DeviceKey, PushEndpoint};
use utoipa::ToSchema;

/// `PushSubscription.toJSON()` of a browser, and a name for the device.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PushDescription)]
pub(crate) struct Description {
    endpoint: String,
    #[serde(default)]
    expiration_time: Option<i64>,
    keys: Keys,
    #[serde(default)]
    device: Option<DeviceName>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PushKeys)]
struct Keys {
    p256dh: DeviceKey,
    auth: AuthSecret,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PushSubscriptions)]
pub(crate) struct Subscriptions {
    subscriptions: Vec<PushSubscription>,
}

/// What browsers take as `applicationServerKey`.
#[derive(Serialize, ToSchema)]
#[schema(as = PushKey)]
pub(crate) struct Key {
    public_key: String,
}

/// `GET /api/v1/users/me/push-key`: what browsers take as `applicationServerKey`.
///
/// # Errors
/// `not_found` where Web Push isn't configured.
#[utoipa::path(
    get, path = "/api/v1/users/me/push-key",
    responses((status = 200, description = "The key.", body = Key)),
)]
pub(crate) async fn key(State(app): State<Arc<App>>, _: Caller) -> Result<Json<Key>, Error> {
    let key = app.push.public_key().ok_or_else(|| Error::not_found("Web Push is not configured"))?;
    Ok(Json(Key { public_key: key.to_owned() }))
}

/// `GET /api/v1/users/me/push-subscriptions`: the caller's devices, oldest first.
///
/// # Errors
/// `unauthenticated`, `unavailable`.
#[utoipa::path(
    get, path = "/api/v1/users/me/push-subscriptions",
    responses((status = 200, description = "All of them.", body = Subscriptions)),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Subscriptions>, Error> {
    let subscriptions = app.push_subscriptions.subscriptions(caller.user, app.clock.now()).await?;
    Ok(Json(Subscriptions { subscriptions }))
}

/// `POST /api/v1/users/me/push-subscriptions`: a device that wants pushes; again without harm: a known endpoint is described anew.
///
/// # Errors
/// `invalid`, naming the field; `conflict` beyond `PUSH_SUBSCRIPTIONS_MAX`.
#[utoipa::path(
    post, path = "/api/v1/users/me/push-subscriptions", request_body = Description,
    responses((status = 201, description = "The subscription.", body = PushSubscription), Conflict),
)]
pub(crate) async fn subscribe(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(description): Body<Description>,
) -> Result<(StatusCode, Json<PushSubscription>), Error> {
    let now = app.clock.now();
    let new = checked(description, app.config.push.allow_private, now)?;
    let most = app.config.push.subscriptions_max;
    let subscription = app.push_subscriptions.subscribe(caller.user, &new, most, now).await?;
    Ok((StatusCode::CREATED, Json(subscription)))
}

/// `DELETE /api/v1/users/me/push-subscriptions/{id}`: a device that wants none any more.
///
/// # Errors
/// `not_found` for another one's, too.
#[utoipa::path(
    delete, path = "/api/v1/users/me/push-subscriptions/{id}", params(("id" = PushSubscriptionId, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn unsubscribe(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<PushSubscriptionId>,
) -> Result<StatusCode, Error> {
    if app.push_subscriptions.unsubscribe(caller.user, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::not_found("no such subscription"))
    }
}

fn checked(description: Description, allow_private: bool, now: UnixMs) -> Result<NewSubscription, Error> {
    let Description { endpoint, expiration_time, keys, device } = description;
    PushEndpoint::parse(&endpoint, allow_private).map_err(|problem| Error::invalid("endpoint", problem))?;
    if expiration_time.is_some_and(|at| at <= now.0) {
        return Err(Error::invalid("expirationTime", "has passed"));
    }
    Ok(NewSubscription {
        endpoint,
        key: keys.p256dh,
        auth: keys.auth,
        expires_at: expiration_time.map(UnixMs),
        device: device.map(DeviceName::into_string),
    })
}
