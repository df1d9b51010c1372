//! One instance of a function: starts, waits frozen for an event, handles it, waits again, is retired.

use std::io;
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

/// A started process that has asked for its first event, or for one more.
pub(super) struct Instance {
    program: Arc<Program>,
    process: Process,
    calls: mpsc::Receiver<Call>,
    /// Where the process waits for its next event; None while it has one.
    hand: Option<oneshot::Sender<Next>>,
    /// Of the event in hand.
    deadline: Instant,
    /// How long the start took, until it was told.
    started: Option<Duration>,
    _api: RuntimeApi,
}

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
        let started = Some(began.elapsed());
        Ok(Self {
            program: program.clone(),
            process,
            calls,
            hand: Some(hand),
            deadline: began,
            started,
            _api: api,
        })
    }

    /// Handles one event, till the function's answer, its end or its deadline.
    ///
    /// # Errors
    /// What the function reported, or that its process ended or ran into the deadline: it isn't ready again then.
    pub(super) async fn handle(&mut self, event: Bytes, trace: String) -> Result<Bytes, FunctionError> {
        let (id, began) = (request_id(), Instant::now());
        self.deadline = began + self.program.timeout;
        self.process.thaw();
        if let Some(hand) = self.hand.take() {
            // The process is gone when this fails, and the next thing heard is its end.
            drop(hand.send(next(&self.program, &id, event, trace)));
        }
        let outcome = self.outcome(&id).await;
        report(&self.program, &id, began, self.started.take(), &outcome);
        outcome
    }

    async fn outcome(&mut self, id: &str) -> Result<Bytes, FunctionError> {
        loop {
            tokio::select! {
                biased;
                call = self.calls.recv() => match call {
                    Some(Call::Done { id: of, outcome, taken }) if of == id => {
                        // The process may have hung up.
                        let _ = taken.send(());
                        return outcome;
                    }
                    // About another event, or a question before its answer: dropping it refuses it.
                    Some(_) => {}
                    None => return Err(FunctionError::exited(id, None)),
                },
                status = self.process.exited() => return Err(FunctionError::exited(id, status.ok())),
                () = sleep_until(self.deadline) => {
                    self.process.kill();
                    return Err(FunctionError::timed_out(id, self.program.timeout));
                }
            }
        }
    }

    /// Waits until it asks for another event: what it didn't wait for goes on so long. False when its process ends
    /// instead, or the deadline comes.
    pub(super) async fn is_ready(&mut self) -> bool {
        loop {
            tokio::select! {
                biased;
                call = self.calls.recv() => match call {
                    Some(Call::Next(hand)) => {
                        self.hand = Some(hand);
                        return true;
                    }
                    Some(Call::Done { .. } | Call::InitFailed(_)) => {}
                    None => return false,
                },
                _ = self.process.exited() => return false,
                () = sleep_until(self.deadline) => return false,
            }
        }
    }

    /// Stops its process where it stands.
    pub(super) fn freeze(&self) {
        self.process.freeze();
    }

    /// Whether its process is no more.
    pub(super) fn has_ended(&mut self) -> bool {
        self.process.has_exited()
    }

    /// Waits for the end of the process, which nobody asked it for.
    pub(super) async fn ended(&mut self) {
        drop(self.process.exited().await);
    }
}

fn next(program: &Program, id: &str, event: Bytes, trace: String) -> Next {
    let deadline = SystemTime::now() + program.timeout;
    Next { id: id.to_owned(), event, deadline, function: program.name.clone(), trace }
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
