//! `AWS::Lambda::EventSourceMapping` over Amazon MQ: a queue that feeds a function.

use super::{QueueSource, Result, node::Node, resources::Collector};
use std::time::Duration;

/// The properties that decide which batches a function gets.
pub(super) const BATCHING: [&str; 4] = [
    "BatchSize",
    "Enabled",
    "MaximumBatchingWindowInSeconds",
    "Queues",
];

const DEFAULT_BATCH_SIZE: u64 = 100;
/// Lambda's own default when no window is stated for Amazon MQ.
const DEFAULT_WINDOW: Duration = Duration::from_millis(500);

/// Reads one mapping.
///
/// # Errors
/// A function that isn't the template's, or a property that is not known.
pub(super) fn read(resource: &Node<'_>, collector: &mut Collector<'_>) -> Result<()> {
    const DEPLOYMENT: [&str; 4] = [
        "EventSourceArn",
        "KmsKeyArn",
        "SourceAccessConfigurations",
        "Tags",
    ];
    let properties = resource.need("Properties")?;
    let known = [&BATCHING[..], &["FunctionName"]].concat();
    collector.check(&properties, "EventSourceMapping", &known, &DEPLOYMENT)?;
    let function = collector.function(&properties.need("FunctionName")?)?;
    let sources = sources(&properties, &function, collector)?;
    collector.template.queues.extend(sources);
    Ok(())
}

/// The queue sources that `properties` describe; none when they are disabled.
pub(super) fn sources(
    properties: &Node<'_>,
    function: &str,
    collector: &Collector<'_>,
) -> Result<Vec<QueueSource>> {
    if let Some(enabled) = properties.get("Enabled")
        && !enabled.flag()?
    {
        return Ok(Vec::new());
    }
    let batch_size = batch_size(properties)?;
    let window = match properties.get("MaximumBatchingWindowInSeconds") {
        Some(seconds) => Duration::from_secs(seconds.number()?),
        None => DEFAULT_WINDOW,
    };
    let source = |queue: Node<'_>| {
        Ok(QueueSource {
            queue: queue.text()?,
            function: function.to_owned(),
            timeout: collector.template.timeout(function),
            batch_size,
            window,
        })
    };
    properties.need("Queues")?.items().map(source).collect()
}

fn batch_size(properties: &Node<'_>) -> Result<usize> {
    let Some(stated) = properties.get("BatchSize") else {
        return Ok(usize::try_from(DEFAULT_BATCH_SIZE).unwrap_or(usize::MAX));
    };
    match stated.number()? {
        size @ 1..=10_000 => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
        _ => Err(stated.error("must be 1 to 10000")),
    }
}
