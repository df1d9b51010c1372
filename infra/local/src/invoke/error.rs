//! What Lambda reports when an invocation fails.

use serde::{Deserialize, Serialize};
use std::{any::Any, process::ExitStatus, time::Duration};

/// A failed invocation, in the words that Lambda's Invoke API uses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{error_type}: {error_message}")]
#[serde(rename_all = "camelCase")]
pub struct FunctionError {
    /// The kind of failure, e.g. `Sandbox.Timedout` or the type of the handler's error.
    pub error_type: String,
    /// The failure in words.
    pub error_message: String,
    /// What the caller can decide on without comparing words.
    #[serde(skip)]
    pub failure: Failure,
}

/// Why an invocation failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failure {
    /// The handler returned an error or panicked.
    #[default]
    Unhandled,
    /// The handler was still running at its deadline.
    TimedOut,
    /// As many of its events as may be were being handled already.
    Throttled,
    /// The event is larger than Lambda takes.
    TooLarge,
    /// No function of that name.
    NotFound,
}

impl FunctionError {
    /// The handler returned `message`; `kind` names the error's type.
    pub fn unhandled(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: kind.into(), error_message: message.into(), failure: Failure::Unhandled }
    }

    /// The handler panicked; the message is the panic's, as `lambda_runtime` words it.
    pub fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let message = match said {
            Some(said) => format!("Lambda panicked: {said}"),
            None => "Lambda panicked".to_owned(),
        };
        Self::unhandled("panic", message)
    }

    /// The handler was still running after `limit`.
    pub fn timed_out(request_id: &str, limit: Duration) -> Self {
        Self {
            error_type: "Sandbox.Timedout".to_owned(),
            error_message: format!(
                "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
                limit.as_secs_f64()
            ),
            failure: Failure::TimedOut,
        }
    }

    /// What a runtime or an Invoke API says of an error: `{"errorType", "errorMessage"}`. One that says nothing
    /// readable failed all the same.
    pub fn reported(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Said {
            error_type: String,
            error_message: String,
        }
        let Said { error_type, error_message } = serde_json::from_slice(body).unwrap_or_default();
        Self::unhandled(error_type, error_message)
    }

    /// The process ended while it had an event, or before its first.
    pub fn exited(request_id: &str, status: Option<ExitStatus>) -> Self {
        let how = match status {
            Some(status) if !status.success() => format!("Runtime exited with error: {status}"),
            _ => "Runtime exited without providing a reason".to_owned(),
        };
        Self::unhandled("Runtime.ExitError", format!("RequestId: {request_id} Error: {how}"))
    }

    /// The answer has more than `most` bytes.
    pub fn answer_too_large(most: usize) -> Self {
        let message = format!("Response payload size exceeded maximum allowed payload size ({most} bytes).");
        Self::unhandled("Function.ResponseSizeTooLarge", message)
    }

    /// As many instances as there may be were busy all the time.
    pub fn throttled() -> Self {
        Self { failure: Failure::Throttled, ..Self::unhandled("TooManyRequestsException", "Rate Exceeded.") }
    }

    /// The event has `bytes` bytes, which is more than `most`.
    pub fn event_too_large(bytes: usize, most: usize) -> Self {
        let message = format!(
            "{bytes} byte payload is too large for the RequestResponse invocation type (limit {most} bytes)"
        );
        Self { failure: Failure::TooLarge, ..Self::unhandled("RequestEntityTooLargeException", message) }
    }

    /// There is no function called `name`.
    pub fn not_found(name: &str) -> Self {
        Self {
            error_type: "ResourceNotFoundException".to_owned(),
            error_message: format!("Function not found: {name}"),
            failure: Failure::NotFound,
        }
    }
}
