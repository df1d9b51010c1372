//! Stands in for API Gateway: one port for sockets, HTTP and, embedded, `@connections`.

mod answer;
mod clock;
pub(crate) mod http;
mod ids;
mod listener;
mod management;
mod parameters;
pub mod sockets;
mod websocket;

#[cfg(test)]
mod tests;

pub use listener::Listener;
pub use management::Credentials;
pub use websocket::Limits;

use crate::{invoke::Invoker, template::Template};
use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use http::HttpFront;
use http_body_util::Full;
use hyper::body::Incoming;
use management::Management;
use sockets::Sockets;
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use websocket::WebSocketFront;

/// Who may use `@connections` and `/_faults`, and where.
#[derive(Clone, Debug)]
pub enum ManagementAccess {
    /// Callers on this machine, on the main port.
    Loopback,
    /// Callers that sign with these credentials, on a port of its own.
    Signed(Credentials),
}

/// What everything that runs beside the listener shares.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifecycle {
    /// Everything that must be done before the runner has stopped.
    pub(crate) tasks: TaskTracker,
    /// Set when the runner stops.
    pub(crate) stopping: CancellationToken,
}

/// The fronts behind the main port.
pub(crate) struct Gateway {
    websocket: Option<Arc<WebSocketFront>>,
    http: Option<Arc<HttpFront>>,
    management: Option<Management>,
    lifecycle: Lifecycle,
}

impl Gateway {
    /// The gateway that `template` describes.
    pub(crate) fn new(
        template: &Template,
        invoker: &Arc<dyn Invoker>,
        sockets: &Sockets,
        limits: Limits,
        access: &ManagementAccess,
        lifecycle: &Lifecycle,
    ) -> Self {
        let websocket = template.websocket.clone().map(|api| {
            Arc::new(WebSocketFront {
                api,
                invoker: invoker.clone(),
                sockets: sockets.clone(),
                limits,
                tasks: lifecycle.tasks.clone(),
                stopping: lifecycle.stopping.clone(),
            })
        });
        let http = template.http.clone();
        Self {
            websocket,
            http: http.map(|api| Arc::new(HttpFront::new(api, invoker.clone(), sockets.clock().clone()))),
            management: match access {
                ManagementAccess::Loopback => Some(Management::new(sockets.clone(), names(template), None)),
                ManagementAccess::Signed(_) => None,
            },
            lifecycle: lifecycle.clone(),
        }
    }

    /// Answers one request of the main port.
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        if let Some(front) = &self.websocket
            && websocket::is_upgrade(request.headers())
        {
            return self.detached(front.clone().open(request, peer)).await;
        }
        if let Some(management) = &self.management
            && let Some(resource) = management::resource_of(request.uri().path())
        {
            return match peer.ip().to_canonical().is_loopback() {
                true => management.answer(&resource, request).await,
                false => management::forbidden(),
            };
        }
        match self.http.clone() {
            Some(front) => self.detached(async move { front.answer(request, peer).await }).await,
            None => http::plain(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    /// Runs an invocation to its end even when the client hangs up: Lambda doesn't stop either.
    async fn detached<F>(&self, answer: F) -> Response<Full<Bytes>>
    where
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let answered = self.lifecycle.tasks.spawn(answer).await;
        answered.unwrap_or_else(|_| http::plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))
    }

    /// Tells every open socket that the runner goes away.
    pub(crate) fn close_all(&self) {
        if let Some(front) = &self.websocket {
            front.sockets.close_all(&websocket::GOING_AWAY);
        }
    }
}

/// The management API on a port of its own.
pub(crate) struct SignedManagement {
    management: Management,
}

impl SignedManagement {
    pub(crate) fn new(template: &Template, sockets: Sockets, credentials: Credentials) -> Self {
        Self { management: Management::new(sockets, names(template), Some(credentials)) }
    }
}

fn names(template: &Template) -> BTreeSet<String> {
    template.functions.keys().cloned().collect()
}

/// What answers the requests of a port.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Answers one request from `peer`.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

impl Answers for Gateway {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        Gateway::answer(self, request, peer).await
    }
}

impl Answers for SignedManagement {
    async fn answer(&self, request: Request<Incoming>, _: SocketAddr) -> Response<Full<Bytes>> {
        match management::resource_of(request.uri().path()) {
            Some(resource) => self.management.answer(&resource, request).await,
            None => management::forbidden(),
        }
    }
}
