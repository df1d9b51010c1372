//! EventBridge schedules: a function invoked at a rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::retrying::{Attempt, Retrying};
use crate::invoke::{FunctionError, Invoker};
use crate::template::Schedule;

/// The first run comes soon, to catch up with what waits since the last stop.
const FIRST_RUN_AFTER: Duration = Duration::from_secs(1);

/// How long a run under way may go on when the runner stops. An `upkeep` that watches the outbox would wait for
/// deliveries that nobody makes any more; what it leaves is found by the first run after the next start.
const LAST_RUN: Duration = Duration::from_secs(5);

type Answer = Result<Bytes, FunctionError>;
pub(super) type Requests = mpsc::Receiver<oneshot::Sender<Answer>>;

/// Asks a schedule's task for a run between its own.
#[derive(Clone)]
pub(super) struct Trigger(mpsc::Sender<oneshot::Sender<Answer>>);

impl Trigger {
    pub(super) fn new() -> (Self, Requests) {
        let (sender, requests) = mpsc::channel(1);
        (Self(sender), requests)
    }

    /// The answer of a run that starts after this call; None when the task has ended.
    pub(super) async fn fire(&self) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        self.0.send(reply).await.ok()?;
        answer.await.ok()
    }
}

/// Why a run begins.
enum Cause {
    /// It is time for one.
    Tick,
    /// One that failed is tried again.
    Retry(Attempt),
    /// Somebody asks, and wants to hear the answer.
    Asked(oneshot::Sender<Answer>),
}

/// Runs the schedule until it is `stopping`, one run after another. A run of its own that fails is tried again as Lambda
/// does with an event that nobody waits for; one that was asked for is its asker's.
pub(super) async fn run(
    schedule: Schedule,
    invoker: Arc<dyn Invoker>,
    mut requests: Requests,
    is_held: Arc<AtomicBool>,
    stopping: CancellationToken,
) {
    let (mut ticks, mut waiting) = (ticks(schedule.rate), Retrying::default());
    loop {
        let next = next(&mut ticks, &mut requests, &mut waiting, &is_held);
        let Some(cause) = stopping.run_until_cancelled(next).await else { return };
        let (attempt, reply) = match cause {
            Cause::Retry(attempt) => (attempt, None),
            Cause::Tick => (fresh(&schedule), None),
            Cause::Asked(reply) => (fresh(&schedule), Some(reply)),
        };
        let run = invoker.invoke(&schedule.function, attempt.event.clone(), schedule.timeout);
        let Some(answer) = unless_stopped(&stopping, run).await else { return };
        match reply {
            // Whoever asked may have left.
            Some(reply) => drop(reply.send(answer)),
            None => {
                if let Err(error) = answer {
                    waiting.failed(&schedule, attempt, &error);
                }
            }
        }
    }
}

fn fresh(schedule: &Schedule) -> Attempt {
    Attempt::first(&scheduled_event(&schedule.name, OffsetDateTime::now_utc()))
}

/// None when it was cut off.
async fn unless_stopped(stopping: &CancellationToken, run: impl Future<Output = Answer>) -> Option<Answer> {
    let stopped = async {
        stopping.cancelled().await;
        sleep(LAST_RUN).await;
    };
    tokio::select! {
        answer = run => Some(answer),
        () = stopped => None,
    }
}

fn ticks(rate: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + FIRST_RUN_AFTER.min(rate), rate);
    // A run longer than the rate is followed by one, not by all that were missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

/// Waits for the next run.
async fn next(
    ticks: &mut Interval,
    requests: &mut Requests,
    waiting: &mut Retrying,
    is_held: &AtomicBool,
) -> Cause {
    loop {
        let cause = tokio::select! {
            biased;
            Some(reply) = requests.recv() => return Cause::Asked(reply),
            attempt = waiting.due() => Cause::Retry(attempt),
            _ = ticks.tick() => Cause::Tick,
        };
        // What comes while it is held is left out, as if the schedule were disabled.
        if !is_held.load(Ordering::SeqCst) {
            return cause;
        }
    }
}

/// The event of a rule called `rule`, as the EventBridge User Guide shows it.
fn scheduled_event(rule: &str, at: OffsetDateTime) -> Value {
    let seconds = at.replace_nanosecond(0).unwrap_or(at);
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": seconds.format(&Rfc3339).unwrap_or_default(),
        "region": "us-east-1",
        "resources": [format!("arn:aws:events:us-east-1:000000000000:rule/{rule}")],
        "detail": {}
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_eventbridges() {
        let at = OffsetDateTime::from_unix_timestamp(1_767_272_405).expect("a time");
        let event = scheduled_event("EveryMinute", at);
        assert_eq!(event["time"], "2026-01-01T13:00:05Z");
        assert_eq!(event["detail-type"], "Scheduled Event");
        assert_eq!(event["resources"][0], "arn:aws:events:us-east-1:000000000000:rule/EveryMinute");
    }
}
