//! The instances of one function: the one that was busy last is taken first, and what nobody needs ends.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Program;
use super::instance::Instance;
use crate::invoke::{FunctionError, Trace};

/// How long an instance waits for an event before it is retired.
const IDLE: Duration = Duration::from_secs(300);

/// How long an answer is held back for its instance to ask again. What it didn't wait for may take longer.
const ASKS_WITHIN: Duration = Duration::from_millis(10);

/// An event on its way through an instance.
struct Invocation {
    event: Bytes,
    /// As the function is told it.
    trace: String,
    /// Whoever waits for the outcome may have left.
    outcome: oneshot::Sender<Result<Bytes, FunctionError>>,
}

/// An event with its place among those that are handled at once.
type Work = (Invocation, OwnedSemaphorePermit);

pub(super) struct Pool {
    program: Arc<Program>,
    places: Arc<Semaphore>,
    /// Lambda's limit of the function, where it has one.
    reserved: Option<Semaphore>,
    /// Where free instances take their next event; the last was busy last.
    free: Arc<Free>,
}

#[derive(Default)]
struct Free(Mutex<Vec<mpsc::Sender<Work>>>);

impl Free {
    fn put(&self, instance: mpsc::Sender<Work>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
    }

    fn take(&self) -> Option<mpsc::Sender<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Pool {
    pub(super) fn new(program: Arc<Program>, instances: usize, reserved: Option<usize>) -> Self {
        let places = Arc::new(Semaphore::new(instances));
        Self { program, places, reserved: reserved.map(Semaphore::new), free: Arc::default() }
    }

    /// Gives `event` to an instance and waits for its outcome, `limit` at most: the function goes on then, as in
    /// Lambda, and nobody hears of it.
    pub(super) async fn invoke(
        &self,
        event: Bytes,
        limit: Duration,
        trace: &Trace,
    ) -> Result<Bytes, FunctionError> {
        let reserved = self.reserved.as_ref().map(Semaphore::try_acquire);
        let _reserved = reserved.transpose().map_err(|_| FunctionError::throttled())?;
        let ends = Instant::now() + limit;
        let Ok(place) = timeout_at(ends, self.places.clone().acquire_owned()).await else {
            return Err(FunctionError::throttled());
        };
        // Err only when closed, which this never is.
        let place = place.map_err(|_| FunctionError::throttled())?;
        let (outcome, heard) = oneshot::channel();
        self.hand((Invocation { event, trace: trace.of_invocation(), outcome }, place));
        match timeout_at(ends, heard).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(FunctionError::exited("", None)),
            Err(_) => Err(FunctionError::timed_out("", limit)),
        }
    }

    /// How many instances wait frozen for an event.
    pub(super) fn resting(&self) -> usize {
        self.free.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// To a free instance, else to a new one.
    fn hand(&self, mut work: Work) {
        while let Some(free) = self.free.take() {
            match free.try_send(work) {
                Ok(()) => return,
                // Retired, or it died.
                Err(error) => work = error.into_inner(),
            }
        }
        tokio::spawn(live(self.program.clone(), work, Arc::downgrade(&self.free)));
    }
}

/// From the start of an instance to its end. An event that was handed to one that just ended goes to a fresh one.
async fn live(program: Arc<Program>, mut work: Work, free: Weak<Free>) {
    loop {
        let started = match Instance::start(&program).await {
            Ok(started) => started,
            Err(error) => {
                tracing::error!(function = program.name, %error, "cannot start");
                drop(work.0.outcome.send(Err(error)));
                return;
            }
        };
        match serve(started, work, &free).await {
            Some(left) => work = left,
            None => return,
        }
    }
}

/// Handles one event after the other, frozen between them, until nobody needs the instance or its process is no
/// more; then what it was given and hasn't begun.
async fn serve(mut instance: Instance, mut work: Work, free: &Weak<Free>) -> Option<Work> {
    loop {
        if instance.has_ended() {
            return Some(work);
        }
        let mut inbox = handle(&mut instance, work, free).await?;
        work = tokio::select! {
            next = inbox.recv() => next,
            () = instance.ended() => taken_back(inbox),
            () = sleep(IDLE) => taken_back(inbox),
        }?;
    }
}

/// Handles one event and offers the instance again; where the next one comes, None when its process is no more.
async fn handle(instance: &mut Instance, work: Work, free: &Weak<Free>) -> Option<mpsc::Receiver<Work>> {
    let (Invocation { event, trace, outcome: waiting }, place) = work;
    let outcome = instance.handle(event, trace).await;
    // Mostly it asks at once: who sends the next event on hearing of this one then meets it free.
    let asked = timeout(ASKS_WITHIN, instance.is_ready()).await;
    if let Ok(is_ready) = asked {
        let inbox = if is_ready { offer(instance, free) } else { None };
        drop(place);
        // Whoever waited may have left.
        drop(waiting.send(outcome));
        return inbox;
    }
    drop(waiting.send(outcome));
    if instance.is_ready().await { offer(instance, free) } else { None }
}

/// None when the pool is no more.
fn offer(instance: &Instance, free: &Weak<Free>) -> Option<mpsc::Receiver<Work>> {
    instance.freeze();
    let (sender, inbox) = mpsc::channel(1);
    free.upgrade()?.put(sender);
    Some(inbox)
}

/// Takes nothing more, and what came in the same moment.
fn taken_back(mut inbox: mpsc::Receiver<Work>) -> Option<Work> {
    inbox.close();
    inbox.try_recv().ok()
}
