//! One instance of a function: starts, waits frozen for an event, handles it, waits again, is retired.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use super::Program;
use super::child::Process;
use super::runtime_api::{Call, Next, RuntimeApi};
use crate::invoke::FunctionError;

/// How long a start may take before it is tried a second time, with the function's own timeout. Lambda's.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// An event on its way through an instance.
pub(super) struct Invocation {
    pub(super) event: Bytes,
    /// Whoever waits for the outcome may have left.
    pub(super) outcome: oneshot::Sender<Result<Bytes, FunctionError>>,
}

/// A started process that has asked for its first event, or for one more.
pub(super) struct Instance {
    program: Arc<Program>,
    process: Process,
    calls: Calls,
    /// Where the process waits for its next event.
    hand: oneshot::Sender<Next>,
    started: Option<Duration>,
    _api: RuntimeApi,
}

type Calls = mpsc::Receiver<Call>;

impl Instance {
    /// Starts a process and waits until it asks for its first event.
    ///
    /// # Errors
    /// What the process reported, or how it ended. One that needs longer than 10 s is started once more.
    pub(super) async fn start(program: &Arc<Program>) -> Result<Self, FunctionError> {
        match timeout(INIT_LIMIT, Self::init(program)).await {
            Ok(started) => started,
            Err(_) => timeout(program.timeout, Self::init(program))
                .await
                .unwrap_or_else(|_| Err(FunctionError::timed_out(&request_id(), program.timeout))),
        }
    }

    async fn init(program: &Arc<Program>) -> Result<Self, FunctionError> {
        let began = Instant::now();
        let (api, mut calls) = RuntimeApi::bind().await.map_err(cannot_start)?;
        let stream = Uuid::new_v4().simple().to_string();
        let mut process = Process::start(program, api.address(), &stream).map_err(cannot_start)?;
        let hand = loop {
            tokio::select! {
                biased;
                call = calls.recv() => match call {
                    Some(Call::Next(hand)) => break hand,
                    Some(Call::InitFailed(error)) => return Err(error),
                    Some(Call::Done { .. }) => {}
                    None => return Err(FunctionError::exited(&request_id(), None)),
                },
                status = process.exited() => return Err(FunctionError::exited(&request_id(), status.ok())),
            }
        };
        Ok(Self { program: program.clone(), process, calls, hand, started: Some(began.elapsed()), _api: api })
    }

    /// Stops its process where it stands.
    pub(super) fn freeze(&self) {
        self.process.freeze();
    }

    /// Handles one event. None when the process is no more: it ended, or ran into its deadline.
    pub(super) async fn handle(self, invocation: Invocation) -> Option<Self> {
        let Self { program, mut process, mut calls, hand, started, _api } = self;
        let (id, began) = (request_id(), Instant::now());
        let deadline = began + program.timeout;
        process.thaw();
        // The process is gone when this fails, and the next thing heard is its end.
        drop(hand.send(next(&program, &id, invocation.event)));
        let outcome = match done(&mut calls, &mut process, &id, deadline).await {
            Came::Answer(outcome) => outcome,
            Came::Exit(status) => Err(FunctionError::exited(&id, status)),
            Came::Late => Err(FunctionError::timed_out(&id, program.timeout)),
        };
        report(&program, &id, began, started, &outcome);
        // Whoever waited may have left.
        drop(invocation.outcome.send(outcome));
        // What it didn't wait for goes on until it asks again, or until the deadline.
        let hand = asked(&mut calls, &mut process, deadline).await?;
        Some(Self { program, process, calls, hand, started: None, _api })
    }

    /// Waits for the end of the process, which nobody asked it for.
    pub(super) async fn ended(&mut self) {
        drop(self.process.exited().await);
    }
}

/// What came of an event.
enum Came {
    Answer(Result<Bytes, FunctionError>),
    Exit(Option<ExitStatus>),
    Late,
}

/// Waits until the process is done with the event called `id`.
async fn done(calls: &mut Calls, process: &mut Process, id: &str, deadline: Instant) -> Came {
    loop {
        tokio::select! {
            biased;
            call = calls.recv() => match call {
                Some(Call::Done { id: of, outcome, taken }) if of == id => {
                    // The process may have hung up.
                    let _ = taken.send(());
                    return Came::Answer(outcome);
                }
                // About another event, or a question before its answer: dropping it refuses it.
                Some(_) => {}
                None => return Came::Exit(None),
            },
            status = process.exited() => return Came::Exit(status.ok()),
            () = sleep_until(deadline) => return Came::Late,
        }
    }
}

/// Waits until the process asks for an event; None when it ends before, or is late.
async fn asked(calls: &mut Calls, process: &mut Process, deadline: Instant) -> Option<oneshot::Sender<Next>> {
    loop {
        tokio::select! {
            biased;
            call = calls.recv() => match call? {
                Call::Next(hand) => return Some(hand),
                Call::Done { .. } | Call::InitFailed(_) => {}
            },
            _ = process.exited() => return None,
            () = sleep_until(deadline) => return None,
        }
    }
}

fn next(program: &Program, id: &str, event: Bytes) -> Next {
    let deadline = SystemTime::now() + program.timeout;
    Next { id: id.to_owned(), event, deadline, function: program.name.clone() }
}

fn cannot_start(error: io::Error) -> FunctionError {
    FunctionError::unhandled("Runtime.InvalidEntrypoint", error.to_string())
}

fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// What Lambda writes into its REPORT line.
fn report(
    program: &Program,
    request_id: &str,
    began: Instant,
    started: Option<Duration>,
    outcome: &Result<Bytes, FunctionError>,
) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let (function, took_ms) = (&program.name, milliseconds(began.elapsed()));
    let init_ms = started.map(milliseconds);
    match outcome {
        Ok(_) => tracing::info!(function, request_id, took_ms, init_ms, "invoked"),
        Err(FunctionError { error_type, error_message, .. }) => {
            tracing::error!(function, request_id, took_ms, init_ms, error.kind = %error_type, error.message = %error_message, "function failed");
        }
    }
}
