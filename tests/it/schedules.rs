//! The runner invokes schedules as EventBridge does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use local::embedded::bus::Queues;
use local::invoke::{Failure, FunctionError, Invoker};
use local::source::{Broker, Sources};
use local::template::Schedule;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Takes `length` for each run and reports when it began, with the event.
struct Upkeep {
    length: Duration,
    running: AtomicUsize,
    runs: mpsc::UnboundedSender<(Instant, Value)>,
}

#[async_trait]
impl Invoker for Upkeep {
    async fn invoke(&self, function: &str, event: Bytes, _: Duration) -> Result<Bytes, FunctionError> {
        assert_eq!(self.running.fetch_add(1, SeqCst), 0, "{function} runs once at a time");
        let event = serde_json::from_slice(&event).expect("the event is JSON");
        let _ = self.runs.send((Instant::now(), event));
        tokio::time::sleep(self.length).await;
        self.running.fetch_sub(1, SeqCst);
        Ok(Bytes::from_static(b"\"done\""))
    }
}

fn start(length: Duration) -> (Sources, mpsc::UnboundedReceiver<(Instant, Value)>) {
    let (runs, recorded) = mpsc::unbounded_channel();
    let function: Arc<dyn Invoker> = Arc::new(Upkeep { length, running: AtomicUsize::new(0), runs });
    let schedule = Schedule {
        name: "EveryMinute".to_owned(),
        function: "upkeep".to_owned(),
        timeout: Duration::from_secs(30),
        rate: Duration::from_secs(60),
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
