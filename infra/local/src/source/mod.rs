//! The runner's event sources: what Lambda's Amazon MQ poller and EventBridge's schedules do in AWS.

mod batch;
mod in_process;
mod mapping;
mod rabbitmq;
mod schedule;
mod stop;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::embedded::bus::Queues;
use crate::invoke::{FunctionError, Invoker};
use crate::template::{QueueSource, Schedule};
use mapping::Mapping;
use schedule::Trigger;
use stop::Stop;

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
    stop: watch::Sender<bool>,
    triggers: HashMap<String, Trigger>,
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
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        for source in queues {
            tasks.spawn(Mapping::new(source, broker.clone(), invoker.clone()).run(Stop::new(&stop)));
        }
        let mut triggers = HashMap::new();
        for schedule in schedules {
            let (trigger, requests) = Trigger::new();
            triggers.insert(schedule.name.clone(), trigger.clone());
            triggers.entry(schedule.function.clone()).or_insert(trigger);
            tasks.spawn(schedule::run(schedule, invoker.clone(), requests, Stop::new(&stop)));
        }
        Self { tasks, stop, triggers }
    }

    /// Invokes a schedule's function now, or after the run under way, and gives its answer. `name` is the
    /// schedule's, or its function's.
    ///
    /// # Errors
    /// What the function failed with; `NotFound` when there is no such schedule.
    pub async fn run_schedule(&self, name: &str) -> Result<Bytes, FunctionError> {
        let trigger = self.triggers.get(name).ok_or_else(|| FunctionError::not_found(name))?;
        trigger.fire().await.unwrap_or_else(|| Err(FunctionError::not_found(name)))
    }

    /// Lets every source finish the batch in hand, gives the rest back to the queues, and returns when
    /// all have ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
