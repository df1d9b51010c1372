use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::app::App;
use shared::clock::UnixMs;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

/// A service that takes longer counts as away.
const PING_DEADLINE: Duration = Duration::from_secs(1);

/// `Degraded` when messages are stored but not all of the rest works, `Unhealthy` when none are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) enum Health {
    Healthy,
    Degraded,
    Unhealthy,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HealthReport)]
pub(crate) struct Report {
    status: Health,
    services: Services,
    timestamp: UnixMs,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HealthOfServices)]
struct Services {
    database: Service,
    redis: Service,
    rabbitmq: Service,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ServiceHealth)]
pub(crate) struct Service {
    status: Health,
    pub(crate) latency_ms: u64,
}

impl Service {
    pub(crate) fn is_well(&self) -> bool {
        self.status == Health::Healthy
    }
}

impl Health {
    /// Of the whole: nothing works without the database, and something without the others.
    pub(crate) fn of(database: &Service, others: &[&Service]) -> Self {
        match (database.is_well(), others.iter().all(|service| service.is_well())) {
            (false, _) => Self::Unhealthy,
            (true, false) => Self::Degraded,
            (true, true) => Self::Healthy,
        }
    }

    pub(crate) fn code(self) -> StatusCode {
        match self {
            Self::Healthy | Self::Degraded => StatusCode::OK,
            Self::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// `GET /health`: pings the services side by side. 503 when the database is away, which nothing works
/// without.
#[utoipa::path(
    get, path = "/health", security(()),
    responses(
        (status = 200, description = "Messages are stored.", body = Report),
        (status = 503, description = "The database is away.", body = Report),
    ),
)]
pub(crate) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Report>) {
    let (database, redis, rabbitmq) = tokio::join!(
        ping("database", app.database.ping()),
        ping("redis", app.presence.ping()),
        ping("rabbitmq", app.bus.ping()),
    );
    let status = Health::of(&database, &[&redis, &rabbitmq]);
    let services = Services { database, redis, rabbitmq };
    (status.code(), Json(Report { status, services, timestamp: app.clock.now() }))
}

pub(crate) async fn ping<E: Display>(service: &str, ping: impl Future<Output = Result<(), E>>) -> Service {
    let started = Instant::now();
    let status = match timeout(PING_DEADLINE, ping).await {
        Ok(Ok(())) => Health::Healthy,
        Ok(Err(error)) => {
            tracing::warn!(service, %error, "doesn't answer");
            Health::Unhealthy
        }
        Err(_) => {
            tracing::warn!(service, "doesn't answer in time");
            Health::Unhealthy
        }
    };
    let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Service { status, latency_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_makes_it_unhealthy() {
        let of = |database, redis, rabbitmq| {
            let service =
                |up| Service { status: if up { Health::Healthy } else { Health::Unhealthy }, latency_ms: 0 };
            Health::of(&service(database), &[&service(redis), &service(rabbitmq)])
        };
        assert_eq!(of(true, true, true), Health::Healthy);
        assert_eq!(of(true, false, true), Health::Degraded);
        assert_eq!(of(true, true, false), Health::Degraded);
        assert_eq!(of(false, true, true), Health::Unhealthy);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_hangs_is_waited_for_a_second() {
        let hangs = ping("redis", std::future::pending::<Result<(), std::fmt::Error>>()).await;
        assert_eq!((hangs.status, hangs.latency_ms), (Health::Unhealthy, 1000));
    }
}
