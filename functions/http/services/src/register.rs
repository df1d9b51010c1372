use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http::Uri;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::contract::Conflict;
use shared::http::Body;
use shared::identity::{Caller, Permission};
use shared::ids::InstanceId;
use shared::model::{EventType, ServiceInstance};
use shared::names::{Metadata, ServiceName};
use shared::ports::{NewInstance, Registered};
use shared::registry;
use shared::webhook::{Networks, SigningSecret};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewInstance)]
pub(crate) struct Registration {
    service_name: ServiceName,
    service_url: String,
    /// None: its heartbeats tell how it is.
    health_check_url: Option<String>,
    /// `/events` under `service_url` when missing.
    events_url: Option<String>,
    metadata: Option<Metadata>,
    /// Of the whole service; as they were when missing.
    subscriptions: Option<Vec<EventType>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RegisteredInstance)]
pub(crate) struct Answer {
    #[serde(flatten)]
    instance: ServiceInstance,
    /// What its events are signed with: shown with the first registration of a service and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// `POST /api/v1/services/register`: registers an instance: 201 with it, 200 when one of that `service_url` was known. It is
/// checked at once, so that the answer says whether it is up.
///
/// # Errors
/// `invalid`, naming the field; `forbidden` without `services.register`; `conflict` beyond `SERVICES_MAX` and
/// `SERVICE_INSTANCES_MAX`.
#[utoipa::path(
    post, path = "/api/v1/services/register", request_body = Registration,
    responses(
        (status = 201, description = "A new instance.", body = Answer),
        (status = 200, description = "One that was known.", body = Answer),
        Conflict,
    ),
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Json<Answer>), Error> {
    caller.require(Permission::ServicesRegister)?;
    let new = registration.checked(&app, &caller).await?;
    let known = app.services.register_instance(&new, app.config.registry.limits).await?;
    registry::tell(&app, known.change.as_slice()).await;
    let status = if known.instance.id == new.id { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Answer::of(known, &new.secret))))
}

impl Registration {
    async fn checked(self, app: &App, caller: &Caller) -> Result<NewInstance, Error> {
        let networks = app.config.registry.networks;
        registry::refuse_own_name("service_name", &self.service_name)?;
        let url = base(networks, &self.service_url)?;
        let events_url = self.events_url.unwrap_or_else(|| format!("{url}/events"));
        of_url(networks, "events_url", &events_url)?;
        let health = self.health_check_url.as_deref().map(|url| of_url(networks, "health_check_url", url));
        let health = health.transpose()?;
        let checked = match &health {
            Some(url) => Some(registry::is_well(&app.outbound, url).await),
            None => None,
        };
        let now = app.clock.now();
        let interval = i64::try_from(app.config.registry.check_interval.as_millis()).unwrap_or(i64::MAX);
        Ok(NewInstance {
            id: InstanceId::fresh(),
            service: self.service_name,
            url,
            events_url,
            health_check_url: self.health_check_url,
            metadata: self.metadata.map_or_else(|| serde_json::json!({}), Metadata::into_value),
            subscriptions: self.subscriptions,
            secret: SigningSecret::fresh(),
            checked,
            // One that isn't there yet may be in a moment.
            check_due_at: checked.map(|passed| if passed { now.plus(interval) } else { now }),
            by: caller.user,
            now,
        })
    }
}

impl Answer {
    fn of(known: Registered, secret: &SigningSecret) -> Self {
        let Registered { instance, service_is_new, .. } = known;
        let secret = service_is_new.then(|| secret.expose());
        Self { instance, secret }
    }
}

/// The URL that others are put behind, without the slash at its end.
fn base(networks: Networks, text: &str) -> Result<String, Error> {
    let url = of_url(networks, "service_url", text)?;
    if url.query().is_some() || text.contains('#') {
        return Err(Error::invalid("service_url", "must not have a query or a fragment"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn of_url(networks: Networks, field: &str, text: &str) -> Result<Uri, Error> {
    networks.url(text).map_err(|problem| {
        let hint = if problem.contains("private network") { ": see SERVICE_NETWORKS" } else { "" };
        Error::invalid(field, format!("{problem}{hint}"))
    })
}
