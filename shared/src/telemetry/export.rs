use std::io::Write;
use std::sync::OnceLock;

use metrics_cloudwatch_embedded::{Builder, Collector};
use tower::util::MapResult;
use tower::{Service, ServiceExt};

use super::Metric;
use super::metric::describe;

/// Of the process: a function is one thing, and stays so.
static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

type Flush<T, E> = fn(Result<T, E>) -> Result<T, E>;

/// A handler after each of whose events the figures are written.
pub type Measured<S, T, E> = MapResult<S, Flush<T, E>>;

/// Keeps figures from now on, for the CloudWatch namespace given; an empty one keeps none. To be called once.
///
/// They are written as CloudWatch's embedded metric format, which Lambda reads from the function's standard output:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
pub fn export(namespace: &str, function: &'static str) {
    if namespace.is_empty() || COLLECTOR.get().is_some() {
        return;
    }
    let builder =
        Builder::new().cloudwatch_namespace(namespace.to_owned()).with_dimension("Function", function);
    match builder.init() {
        Ok(collector) => drop(COLLECTOR.set(collector)),
        Err(error) => return tracing::error!(%error, "no figures are exported"),
    }
    describe();
    Metric::ColdStarts.add(1);
}

/// Whether anybody gets figures: those that have to be fetched first are worth it only then.
#[must_use]
pub fn is_exported() -> bool {
    COLLECTOR.get().is_some()
}

/// Has the figures of each event written before its answer is given back, also when it fails: an instance that has
/// answered is frozen, perhaps for good.
pub fn measured<E, S: Service<E>>(handler: S) -> Measured<S, S::Response, S::Error> {
    handler.map_result(flushed)
}

fn flushed<T, E>(outcome: Result<T, E>) -> Result<T, E> {
    if let Some(collector) = COLLECTOR.get()
        && let Err(error) = write(collector, std::io::stdout().lock())
    {
        tracing::warn!(%error, "figures are missing");
    }
    outcome
}

/// In one piece, so that no other line comes between.
fn write(collector: &Collector, mut to: impl Write) -> std::io::Result<()> {
    let mut documents = Vec::new();
    collector.flush(&mut documents)?;
    to.write_all(&documents)?;
    to.flush()
}
