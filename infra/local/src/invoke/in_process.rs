//! Functions linked into the runner: a table from name to handler.

use super::{FunctionError, Invoker, Trace, admit};
use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use lambda_http::{Adapter, request::LambdaRequest};
use lambda_runtime::{Config, Context, Error, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use shared::http::answers;
use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::Semaphore;
use tower::Service;
use tracing::Instrument;

type Answer = Result<Bytes, FunctionError>;
type Handler = Box<dyn Fn(LambdaEvent<Bytes>) -> BoxFuture<'static, Answer> + Send + Sync>;

/// The handlers that are linked in, by function name.
///
/// Events and answers cross as JSON bytes, as they do in Lambda, so that a handler cannot be given or
/// give back anything that the wire would refuse.
pub struct Functions {
    table: HashMap<String, Function>,
    instances: usize,
}

struct Function {
    handler: Handler,
    config: Arc<Config>,
    instances: Semaphore,
}

impl Functions {
    /// An empty table, whose functions each handle so many events at once; the rest wait their turn
    /// before their time starts.
    pub fn new(instances: usize) -> Self {
        Self { table: HashMap::new(), instances }
    }

    /// Adds a socket, queue or schedule function: `handler` takes one typed event and answers with
    /// anything that serialises.
    #[must_use]
    pub fn event<E, R, F, H>(self, name: &str, handler: H) -> Self
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R, Error>> + Send + 'static,
        H: Fn(LambdaEvent<E>) -> F + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        self.add(
            name,
            Box::new(move |event| {
                let handler = handler.clone();
                async move { encode(&handler(decode(event)?).await.map_err(unhandled)?) }.boxed()
            }),
        )
    }

    /// Adds an HTTP function: `router` sees exactly what it sees under `lambda_http::run` in Lambda.
    #[must_use]
    pub fn http(self, name: &str, router: Router) -> Self {
        self.add(
            name,
            Box::new(move |event| {
                // Called before the first await: an `Adapter` is not `Send`, its future is. A router is
                // always ready.
                let call = decode::<LambdaRequest>(event)
                    .map(|event| Adapter::from(answers(router.clone())).call(event));
                async move { encode(&call?.await.map_err(unhandled)?) }.boxed()
            }),
        )
    }

    /// The names in the table, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.table.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    fn add(mut self, name: &str, handler: Handler) -> Self {
        let config = Arc::new(Config {
            function_name: name.to_owned(),
            version: "$LATEST".to_owned(),
            ..Config::default()
        });
        self.table
            .insert(name.to_owned(), Function { handler, config, instances: Semaphore::new(self.instances) });
        self
    }
}

#[async_trait]
impl Invoker for Functions {
    async fn invoke_traced(&self, function: &str, event: Bytes, limit: Duration, trace: &Trace) -> Answer {
        admit(&event)?;
        let Some(entry) = self.table.get(function) else {
            return Err(FunctionError::not_found(function));
        };
        // Err only when closed, which this never is: the event is then handled all the same.
        let _instance = entry.instances.acquire().await.ok();
        let context = context(entry, limit, trace);
        let request_id = context.request_id.clone();
        let span = tracing::info_span!("invoke", function, request_id);
        run(entry, LambdaEvent::new(event, context), &request_id, limit).instrument(span).await
    }
}

async fn run(function: &Function, event: LambdaEvent<Bytes>, request_id: &str, limit: Duration) -> Answer {
    // The handler is called inside the guarded future: it may panic before it gives its own future.
    let guarded = AssertUnwindSafe(async { (function.handler)(event).await }).catch_unwind();
    let answer = match tokio::time::timeout(limit, guarded).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(FunctionError::panicked(panic.as_ref())),
        Err(_) => Err(FunctionError::timed_out(request_id, limit)),
    };
    if let Err(error) = &answer {
        tracing::error!(error.kind = %error.error_type, error.message = %error.error_message, "function failed");
    }
    answer
}

fn context(function: &Function, limit: Duration, trace: &Trace) -> Context {
    let mut context = Context::default();
    context.request_id = uuid::Uuid::new_v4().to_string();
    context.deadline = millis(SystemTime::now() + limit);
    context.invoked_function_arn =
        format!("arn:aws:lambda:us-east-1:000000000000:function:{}", function.config.function_name);
    context.xray_trace_id = Some(trace.of_invocation());
    context.env_config = function.config.clone();
    context
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn decode<E: DeserializeOwned>(event: LambdaEvent<Bytes>) -> Result<LambdaEvent<E>, FunctionError> {
    let payload = serde_json::from_slice(&event.payload).map_err(|error| {
        FunctionError::unhandled(
            "lambda_runtime::deserializer::DeserializeError",
            format!("failed to deserialize the incoming data into the function's payload type: {error}"),
        )
    })?;
    Ok(LambdaEvent::new(payload, event.context))
}

fn encode<R: Serialize>(answer: &R) -> Answer {
    serde_json::to_vec(answer)
        .map(Bytes::from)
        .map_err(|error| FunctionError::unhandled("Runtime.MarshalError", error.to_string()))
}

fn unhandled(error: Error) -> FunctionError {
    FunctionError::unhandled("lambda_runtime::Error", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Barrier;

    const INSTANCES: usize = 4;
    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_handler_is_told_the_trace_of_its_event() {
        let functions = Functions::new(1).event("told", |event: LambdaEvent<serde_json::Value>| async move {
            Ok(event.context.xray_trace_id)
        });
        let root = "Root=1-67891233-abcdef012345678912345678";
        let event = Bytes::from_static(b"{}");
        let told = functions.invoke_traced("told", event, LIMIT, &Trace::of(Some(root))).await.unwrap();
        assert!(told.starts_with(format!("\"{root};Parent=").as_bytes()), "{told:?}");
    }

    #[tokio::test]
    async fn a_burst_is_handled_so_many_at_once_and_the_rest_wait_their_turn() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let together = Arc::new(Barrier::new(INSTANCES));
        let functions = Functions::new(INSTANCES).event("busy", {
            let (running, most) = (running.clone(), most.clone());
            move |_: LambdaEvent<serde_json::Value>| {
                let (running, most, together) = (running.clone(), most.clone(), together.clone());
                async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Nobody leaves before as many are in as fit.
                    together.wait().await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                }
            }
        });
        let burst = (0..3 * INSTANCES).map(|_| functions.invoke("busy", Bytes::from_static(b"{}"), LIMIT));
        let answers = join_all(burst).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(most.load(Ordering::SeqCst), INSTANCES);
    }
}
