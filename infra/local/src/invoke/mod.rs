//! Invoking a function: bytes of JSON in, bytes of JSON out, or the error that Lambda would report.
//!
//! Every way of running a function (in process, as a child process, through an Invoke API) is an
//! [`Invoker`], so nothing above it knows where the code runs.

mod api;
mod error;
mod in_process;
mod processes;
mod recorder;
mod trace;

pub use api::InvokeApi;
pub use error::{Failure, FunctionError};
pub use in_process::Functions;
pub use processes::{Described, INSTANCES_DEFAULT, Processes};
pub use recorder::Recorder;
pub use trace::{TRACE_HEADER, Trace};

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// Runs functions by name.
#[async_trait]
pub trait Invoker: Send + Sync + 'static {
    /// Invokes `function` once with `event`, a JSON document, and gives its answer, a JSON document.
    ///
    /// `limit` is how long the caller waits: the function's timeout, or the integration's when that is
    /// shorter.
    ///
    /// # Errors
    /// What Lambda reports in `X-Amz-Function-Error`: the handler returned an error, panicked or ran
    /// into `limit`; or there is no such function.
    async fn invoke(&self, function: &str, event: Bytes, limit: Duration) -> Result<Bytes, FunctionError> {
        self.invoke_traced(function, event, limit, &Trace::start()).await
    }

    /// The same for an event that belongs to a request, which the function is told.
    ///
    /// # Errors
    /// As [`Invoker::invoke`].
    async fn invoke_traced(
        &self,
        function: &str,
        event: Bytes,
        limit: Duration,
        trace: &Trace,
    ) -> Result<Bytes, FunctionError>;
}

/// The largest event of a synchronous invocation, in bytes: "Lambda quotas".
pub const EVENT_MAX_BYTES: usize = 6 * 1024 * 1024;

/// Refuses an event that Lambda would not take.
fn admit(event: &Bytes) -> Result<(), FunctionError> {
    if event.len() > EVENT_MAX_BYTES {
        return Err(FunctionError::event_too_large(event.len(), EVENT_MAX_BYTES));
    }
    Ok(())
}
