use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge as Number;
use prometheus_client::registry::Registry;
use shared::Error;
use shared::app::App;
use shared::contract::Unauthenticated;
use shared::ports::{DeskNow, InstanceTally, OnlineCount, QueueDepth, Tally};
use subtle::ConstantTimeEq;

use crate::health::{Service, ping};
use crate::online;

/// What Prometheus 2.5 and later ask for (<https://github.com/prometheus/OpenMetrics>).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Gauge = Number<f64, AtomicU64>;
type Labelled = Family<Vec<(&'static str, String)>, Gauge>;

/// What a scrape sees: the stores and the queues, which all instances share. What can't be known is left out.
#[derive(Default)]
struct Seen {
    services: Vec<(&'static str, Service)>,
    online: Option<OnlineCount>,
    /// How many rows are open, and for how many seconds the oldest.
    outbox: Option<(i64, f64)>,
    desk: Option<DeskNow>,
    today: Option<Tally>,
    /// Deliveries of events that are pending, and those that were given up.
    deliveries: Option<(i64, i64)>,
    instances: Option<InstanceTally>,
    queues: Vec<QueueDepth>,
}

/// `GET /metrics`: the figures for Prometheus. With `METRICS_TOKEN` set, for whoever shows it as the bearer.
///
/// # Errors
/// `unauthenticated`.
#[utoipa::path(
    get, path = "/metrics", security(()),
    responses(
        (status = 200, description = "The figures.", body = String, content_type = "application/openmetrics-text"),
        Unauthenticated,
    ),
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    check(&app, &headers)?;
    let seen = look(&app).await;
    let mut text = String::new();
    encode(&mut text, &seen.registry()).map_err(|error| {
        tracing::error!(%error, "metrics that can't be written");
        Error::internal()
    })?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

fn check(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    let Some(token) = &app.config.statistics.metrics_token else { return Ok(()) };
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match shown {
        Some(shown) if bool::from(shown.ct_eq(token.expose().as_bytes())) => Ok(()),
        _ => Err(Error::unauthenticated("METRICS_TOKEN is set: show it as the bearer")),
    }
}

async fn look(app: &App) -> Seen {
    let (database, redis, rabbitmq, online, outbox, desk, today, pending, dead, instances, queues) = tokio::join!(
        ping("database", app.database.ping()),
        ping("redis", app.presence.ping()),
        ping("rabbitmq", app.bus.ping()),
        online::count(app),
        app.outbox.backlog(),
        app.statistics.now(app.config.support.staff_max_sessions),
        today(app),
        app.events.event_backlog(),
        app.events.dead_deliveries(),
        app.services.instances(),
        app.bus.depths(),
    );
    let age_s = |oldest: shared::clock::UnixMs| (app.clock.now().0 - oldest.0).max(0) as f64 / 1000.0;
    Seen {
        services: vec![("database", database), ("redis", redis), ("rabbitmq", rabbitmq)],
        online,
        outbox: outbox.ok().map(|(open, oldest)| (open, oldest.map_or(0.0, age_s))),
        desk: desk.ok(),
        today,
        deliveries: pending.ok().map(|(pending, _)| pending).zip(dead.ok()),
        instances: instances.ok(),
        queues: queues.unwrap_or_default(),
    }
}

async fn today(app: &App) -> Option<Tally> {
    let day = app.config.statistics.calendar().ok()?.day_of(app.clock.now());
    let kept = app.statistics.kept(&(day..=day)).await.ok()?;
    let mut tally = Tally::default();
    for (_, _, of_hour) in kept.hours {
        tally += of_hour;
    }
    Some(tally)
}

impl Seen {
    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("hark");
        self.of_services(&mut registry);
        if let Some(online) = self.online {
            gauge(&mut registry, "connections", "Sockets that are open", online.connections as f64);
            gauge(&mut registry, "users_online", "Users who are online", online.users as f64);
        }
        if let Some((open, age_s)) = self.outbox {
            gauge(&mut registry, "outbox_open", "Committed and not yet known to be delivered", open as f64);
            gauge(&mut registry, "outbox_oldest_seconds", "Age of the oldest of these", age_s);
        }
        if let Some(desk) = self.desk {
            of_desk(&mut registry, desk);
        }
        if let Some(today) = self.today {
            gauge(&mut registry, "messages_today", "Messages counted since midnight", today.messages as f64);
            gauge(&mut registry, "sessions_today", "Sessions opened since midnight", today.sessions as f64);
        }
        if let Some((pending, dead)) = self.deliveries {
            let states = [("pending", pending), ("dead", dead)];
            labelled(&mut registry, "event_deliveries", "Deliveries of events to services", "state", states);
        }
        if let Some(InstanceTally { unknown, up, down }) = self.instances {
            let states = [("unknown", unknown), ("up", up), ("down", down)];
            labelled(&mut registry, "service_instances", "Running copies of services", "health", states);
        }
        self.of_queues(&mut registry);
        registry
    }

    fn of_services(&self, registry: &mut Registry) {
        let (up, latency) = (Labelled::default(), Labelled::default());
        for (name, service) in &self.services {
            let label = vec![("service", (*name).to_owned())];
            up.get_or_create(&label).set(f64::from(u8::from(service.is_well())));
            latency.get_or_create(&label).set(service.latency_ms as f64 / 1000.0);
        }
        registry.register("up", "1 when the service answers, else 0", up);
        registry.register("ping_seconds", "How long it took to answer", latency);
    }

    fn of_queues(&self, registry: &mut Registry) {
        let waiting = Labelled::default();
        for depth in &self.queues {
            waiting.get_or_create(&vec![("queue", depth.queue.clone())]).set(depth.messages as f64);
        }
        registry.register("queue_messages", "Messages that wait in a queue", waiting);
    }
}

fn of_desk(registry: &mut Registry, desk: DeskNow) {
    let sessions = [("active", desk.active_sessions), ("queued", desk.queued)];
    labelled(registry, "sessions", "Sessions of customer service that are open", "state", sessions);
    gauge(registry, "staff_online", "Staff who are there", desk.online_staff as f64);
    gauge(registry, "staff_places", "Sessions that they may have at once", desk.places as f64);
}

/// One gauge for each value of a label.
fn labelled<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    counts: [(&str, i64); N],
) {
    let family = Labelled::default();
    for (value, count) in counts {
        family.get_or_create(&vec![(label, value.to_owned())]).set(count as f64);
    }
    registry.register(name, help, family);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
