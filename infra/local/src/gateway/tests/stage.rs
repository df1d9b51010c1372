//! A runner on a free port, with the functions of these tests behind it.

use super::{
    client::Client,
    functions::{Desk, functions},
};
use crate::{
    Options, Parts, Ports, Runner,
    faults::FaultyInvoker,
    gateway::{ManagementAccess, sockets::Sockets},
    template::{Overrides, Template},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc},
    time::timeout,
};

/// The longest that any test waits for one thing.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Stage {
    pub(super) runner: Runner,
    pub(super) gate: Arc<Semaphore>,
    pub(super) events: mpsc::UnboundedReceiver<Value>,
}

impl Stage {
    pub(super) fn start() -> Self {
        Self::with(ManagementAccess::Loopback, |_| {})
    }

    pub(super) fn with(access: ManagementAccess, change: impl FnOnce(&mut Options)) -> Self {
        Self::serving(template(), access, change)
    }

    /// Of another template than that of these tests.
    pub(super) fn serving(
        template: Template,
        access: ManagementAccess,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = Options { port: 0, ..Options::defaults() };
        change(&mut options);
        let (sender, events) = mpsc::unbounded_channel();
        let desk = Desk { sockets: Sockets::new(), events: sender, gate: Arc::new(Semaphore::new(0)) };
        let http = ["site".to_owned()].into();
        let invoker = FaultyInvoker::new(Arc::new(functions(&desk)), desk.sockets.clone(), http);
        let parts = Parts {
            template,
            sockets: desk.sockets.clone(),
            invoker: Arc::new(invoker),
            background: Vec::new(),
        };
        let ports = Ports::bind(&options, access).expect("a free port");
        let runner = Runner::start(&options, ports, parts);
        Self { runner, gate: desk.gate, events }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.runner.address())
    }

    pub(super) fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.runner.address())
    }

    /// Opens a socket that the authorizer lets in; its `CONNECT` event is taken.
    pub(super) async fn socket(&mut self) -> Client {
        let client = Client::open(&self.url("/?token=good")).await.expect("it is let in");
        let event = self.event().await;
        assert_eq!(event["requestContext"]["eventType"], "CONNECT");
        client.named(event["requestContext"]["connectionId"].as_str().expect("it has an id"))
    }

    /// These go wrong from now on, in place of those that did before.
    pub(super) fn go_wrong<const N: usize>(&self, specs: [&str; N]) {
        let faults = specs.map(|spec| spec.parse().expect("a fault"));
        self.runner.sockets().faults().set(faults);
    }

    /// The next event that a socket function got.
    pub(super) async fn event(&mut self) -> Value {
        let event = timeout(PATIENCE, self.events.recv()).await;
        event.expect("an event in time").expect("the functions live")
    }

    /// Whether no further event has come.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.events.try_recv().is_err()
    }
}

pub(super) fn template() -> Template {
    let text = include_str!("../../../tests/fixtures/template.yaml");
    Template::parse(text, &Overrides::new()).expect("the template is right")
}
