//! Events that nobody waits for and that failed: Lambda tries them again, and gives them up in the end. Source: "How
//! Lambda handles errors and retries with asynchronous invocation".

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::invoke::{Failure, FunctionError};
use crate::template::Schedule;

/// How long an event waits that a function failed with, before its second and its third try.
const AFTER_ERRORS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// How long an event waits that was throttled: at first, doubled each time, and at most.
const THROTTLED_FIRST: Duration = Duration::from_secs(1);
const THROTTLED_LONGEST: Duration = Duration::from_secs(300);

/// An event, and what became of it so far.
pub(super) struct Attempt {
    /// The same each time, so that a function may know a repeat by its `id`.
    pub(super) event: Bytes,
    since: Instant,
    errors: u32,
    throttled: u32,
}

impl Attempt {
    pub(super) fn first(event: &Value) -> Self {
        Self { event: event.to_string().into(), since: Instant::now(), errors: 0, throttled: 0 }
    }

    /// How long it waits after `error`; None when there were as many errors as may be.
    fn pause(&mut self, schedule: &Schedule, error: &FunctionError) -> Option<Duration> {
        if error.failure == Failure::Throttled {
            let pause = THROTTLED_FIRST.saturating_mul(2_u32.saturating_pow(self.throttled));
            self.throttled += 1;
            return Some(pause.min(THROTTLED_LONGEST));
        }
        self.errors += 1;
        let nth = usize::try_from(self.errors).unwrap_or(usize::MAX) - 1;
        let may = self.errors <= schedule.retries.attempts;
        may.then(|| AFTER_ERRORS[nth.min(AFTER_ERRORS.len() - 1)])
    }
}

/// Those that wait for their next try.
#[derive(Default)]
pub(super) struct Retrying {
    waiting: Vec<(Instant, Attempt)>,
}

impl Retrying {
    /// Puts it off, or gives it up: in AWS it then goes to the dead letters, here into the log.
    pub(super) fn failed(&mut self, schedule: &Schedule, mut attempt: Attempt, error: &FunctionError) {
        let Schedule { name, function, retries, .. } = schedule;
        let due = attempt.pause(schedule, error).map(|pause| Instant::now() + pause);
        match due.filter(|due| *due - attempt.since <= retries.max_age) {
            Some(due) => {
                tracing::warn!(schedule = name, function, %error, "the scheduled run failed and is tried again");
                self.waiting.push((due, attempt));
            }
            None => {
                tracing::error!(schedule = name, function, %error, errors = attempt.errors, "the scheduled event is given up");
            }
        }
    }

    /// Waits for the one that is due first; for ever when none waits.
    pub(super) async fn due(&mut self) -> Attempt {
        let first = (0..self.waiting.len()).min_by_key(|index| self.waiting[*index].0);
        let Some(index) = first else { return std::future::pending().await };
        sleep_until(self.waiting[index].0).await;
        self.waiting.swap_remove(index).1
    }
}
