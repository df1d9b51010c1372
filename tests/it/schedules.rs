//! The runner invokes schedules as EventBridge does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use local::embedded::bus::Queues;
use local::invoke::{Failure, FunctionError, Invoker, Trace};
use local::source::{Broker, Sources};
use local::template::{Retries, Schedule};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Takes `length` for each run and reports when it began, with the event.
struct Upkeep {
    length: Duration,
    running: AtomicUsize,
    runs: mpsc::UnboundedSender<(Instant, Value)>,
    failures: Mutex<VecDeque<FunctionError>>,
}

#[async_trait]
impl Invoker for Upkeep {
    async fn invoke_traced(
        &self,
        function: &str,
        event: Bytes,
        _: Duration,
        _: &Trace,
    ) -> Result<Bytes, FunctionError> {
        assert_eq!(self.running.fetch_add(1, SeqCst), 0, "{function} runs once at a time");
        let event = serde_json::from_slice(&event).expect("the event is JSON");
        let _ = self.runs.send((Instant::now(), event));
        tokio::time::sleep(self.length).await;
        self.running.fetch_sub(1, SeqCst);
        let failure = self.failures.lock().expect("no test panicked in here").pop_front();
        failure.map_or(Ok(Bytes::from_static(b"\"done\"")), Err)
    }
}

type Runs = mpsc::UnboundedReceiver<(Instant, Value)>;

fn start(length: Duration) -> (Sources, Runs) {
    start_failing(length, vec![], Retries::default())
}

/// Fails with `failures`, one after the other, and then no more.
fn start_failing(length: Duration, failures: Vec<FunctionError>, retries: Retries) -> (Sources, Runs) {
    let (runs, recorded) = mpsc::unbounded_channel();
    let failures = Mutex::new(failures.into());
    let function: Arc<dyn Invoker> =
        Arc::new(Upkeep { length, running: AtomicUsize::new(0), runs, failures });
    let schedule = Schedule {
        name: "EveryMinute".to_owned(),
        function: "upkeep".to_owned(),
        timeout: Duration::from_secs(30),
        rate: Duration::from_secs(60),
        retries,
    };
    let broker = Broker::InProcess(Arc::new(Queues::default()));
    (Sources::start(vec![], vec![schedule], &broker, &function), recorded)
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_held_runs_only_when_asked() {
    let (sources, mut runs) = start(Duration::ZERO);
    runs.recv().await.expect("the first run");
    sources.schedules().hold(true);
    tokio::time::sleep(Duration::from_secs(150)).await;
    assert!(runs.try_recv().is_err(), "two were due");
    sources.run_schedule("EveryMinute").await.expect("it runs");
    runs.recv().await.expect("the run that was asked for");
    sources.schedules().hold(false);
    runs.recv().await.expect("the next of its own");
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_schedule_runs_soon_after_the_start_and_then_at_its_rate() {
    let began = Instant::now();
    let (sources, mut runs) = start(Duration::ZERO);
    let mut next = async || runs.recv().await.expect("it runs");
    let (first, event) = next().await;
    assert!(first - began <= Duration::from_secs(1));
    assert_eq!(event["detail-type"], "Scheduled Event");
    let (second, _) = next().await;
    assert_eq!((second - first).as_secs(), 60);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_longer_than_the_rate_is_followed_by_one_and_not_by_all_that_were_missed() {
    let (sources, mut runs) = start(Duration::from_secs(150));
    let mut next = async || runs.recv().await.expect("it runs").0;
    let (first, second, third) = (next().await, next().await, next().await);
    assert_eq!((second - first).as_secs(), 150, "at once, for the ticks at 60 and 120 s");
    assert_eq!((third - second).as_secs(), 150, "at 300 s, for those at 180 and 240 s");
    sources.stop().await;
}

#[tokio::test]
async fn a_schedule_can_be_run_at_once_by_either_name() {
    let (sources, _runs) = start(Duration::ZERO);
    assert_eq!(sources.run_schedule("EveryMinute").await.expect("it runs"), "\"done\"");
    assert_eq!(sources.run_schedule("upkeep").await.expect("it runs"), "\"done\"");
    let unknown = sources.run_schedule("unheard-of").await.expect_err("there is none");
    assert_eq!(unknown.failure, Failure::NotFound);
    sources.stop().await;
}

fn failure() -> FunctionError {
    FunctionError::unhandled("unavailable", "the database is away")
}

/// A schedule that is due once a minute, each minute's event apart from the others by its `id`; the seconds after the
/// first event at which that one came again.
async fn repeats_of_the_first(runs: &mut Runs, until: Duration) -> Vec<u64> {
    let (first, event) = runs.recv().await.expect("the first run");
    let mut repeats = Vec::new();
    while let Ok(Some((at, again))) = timeout_at(first + until, runs.recv()).await {
        if again["id"] == event["id"] {
            repeats.push((at - first).as_secs());
        }
    }
    repeats
}

const LONG: Duration = Duration::from_secs(1_000);

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_comes_again_after_one_minute_and_after_two_more() {
    // The first, its repeat beside the second minute's own event, and its last: whoever comes when, all fail.
    let (sources, mut runs) = start_failing(Duration::ZERO, vec![failure(); 100], Retries::default());
    assert_eq!(repeats_of_the_first(&mut runs, LONG).await, [60, 180]);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_succeeds_at_the_second_try_does_not_come_again() {
    let (sources, mut runs) = start_failing(Duration::ZERO, vec![failure()], Retries::default());
    assert_eq!(repeats_of_the_first(&mut runs, LONG).await, [60]);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_may_want_no_second_try() {
    let none = Retries { attempts: 0, ..Retries::default() };
    let (sources, mut runs) = start_failing(Duration::ZERO, vec![failure(); 100], none);
    assert!(repeats_of_the_first(&mut runs, LONG).await.is_empty());
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_would_be_too_old_at_its_next_try_is_given_up() {
    for (seconds, repeats) in [(179, vec![60]), (180, vec![60, 180])] {
        let young = Retries { max_age: Duration::from_secs(seconds), ..Retries::default() };
        let (sources, mut runs) = start_failing(Duration::ZERO, vec![failure(); 100], young);
        assert_eq!(repeats_of_the_first(&mut runs, LONG).await, repeats, "{seconds} s");
        sources.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_throttled_comes_again_sooner_each_time_later_and_does_not_count() {
    let throttled = vec![FunctionError::throttled(); 4];
    let none = Retries { attempts: 0, ..Retries::default() };
    let (sources, mut runs) = start_failing(Duration::ZERO, throttled, none);
    // After 1, 2, 4 and 8 s.
    assert_eq!(repeats_of_the_first(&mut runs, LONG).await, [1, 3, 7, 15]);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_asked_for_is_its_askers_and_does_not_come_again() {
    let (sources, mut runs) = start_failing(Duration::ZERO, vec![failure()], Retries::default());
    let asked = sources.run_schedule("EveryMinute").await;
    assert_eq!(asked.expect_err("it fails").error_type, "unavailable");
    assert!(repeats_of_the_first(&mut runs, LONG).await.is_empty());
    sources.stop().await;
}
