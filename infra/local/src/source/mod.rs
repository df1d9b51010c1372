//! The runner's event sources: what Lambda's Amazon MQ poller and EventBridge's schedules do in AWS.

mod batch;
mod in_process;
mod mapping;
mod rabbitmq;
mod retrying;
mod schedule;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Background;
use crate::embedded::bus::Queues;
use crate::invoke::{FunctionError, Invoker};
use crate::template::{QueueSource, Schedule};
use mapping::Mapping;
use schedule::Trigger;

/// Where the queues are.
#[derive(Clone)]
pub enum Broker {
    InProcess(Arc<Queues>),
    /// The URL of a RabbitMQ that has the topology.
    RabbitMq(String),
}

/// The running sources: one task per queue, which is one consumer, and one per schedule.
///
/// Dropping it ends them at once; [`Sources::stop`] lets them finish.
pub struct Sources {
    tasks: JoinSet<()>,
    stopping: CancellationToken,
    schedules: Schedules,
}

/// Runs schedules between their times, and holds them.
#[derive(Clone, Default)]
pub struct Schedules {
    by_name: HashMap<String, Trigger>,
    are_held: Arc<AtomicBool>,
}

impl Sources {
    /// Starts to feed `queues` and `schedules` to their functions. Must be called inside a runtime.
    ///
    /// A broker that isn't there, or goes away, is tried again until it is.
    pub fn start(
        queues: Vec<QueueSource>,
        schedules: Vec<Schedule>,
        broker: &Broker,
        invoker: &Arc<dyn Invoker>,
    ) -> Self {
        let stopping = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for source in queues {
            tasks.spawn(Mapping::new(source, broker.clone(), invoker.clone()).run(stopping.clone()));
        }
        let mut by_name = Schedules::default();
        for schedule in schedules {
            let requests = by_name.add(&schedule);
            let held = by_name.are_held.clone();
            tasks.spawn(schedule::run(schedule, invoker.clone(), requests, held, stopping.clone()));
        }
        Self { tasks, stopping, schedules: by_name }
    }

    /// A handle by which schedules can be run, also after [`Sources::into_background`].
    #[must_use]
    pub fn schedules(&self) -> Schedules {
        self.schedules.clone()
    }

    /// See [`Schedules::run`].
    ///
    /// # Errors
    /// As there.
    pub async fn run_schedule(&self, name: &str) -> Result<Bytes, FunctionError> {
        self.schedules.run(name).await
    }

    /// Lets every source finish the batch in hand, gives the rest back to the queues, and returns when
    /// all have ended.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    /// The sources as a part of the runner, which stops them with itself.
    #[must_use]
    pub fn into_background(self) -> Background {
        Box::new(|runner_stops| {
            Box::pin(async move {
                runner_stops.cancelled().await;
                self.stop().await;
            })
        })
    }
}

impl Schedules {
    /// Invokes a schedule's function now, or after the run under way, and gives its answer. `name` is the
    /// schedule's, or its function's.
    ///
    /// # Errors
    /// What the function failed with; `NotFound` when there is no such schedule, or it has ended.
    pub async fn run(&self, name: &str) -> Result<Bytes, FunctionError> {
        let trigger = self.by_name.get(name).ok_or_else(|| FunctionError::not_found(name))?;
        trigger.fire().await.unwrap_or_else(|| Err(FunctionError::not_found(name)))
    }

    /// Lets no schedule run by itself until it is taken back: what is asked for runs all the same.
    pub fn hold(&self, held: bool) {
        self.are_held.store(held, Ordering::SeqCst);
    }

    fn add(&mut self, schedule: &Schedule) -> schedule::Requests {
        let (trigger, requests) = Trigger::new();
        self.by_name.insert(schedule.name.clone(), trigger.clone());
        self.by_name.entry(schedule.function.clone()).or_insert(trigger);
        requests
    }
}
