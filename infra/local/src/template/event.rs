//! The `Events` of a function: HTTP routes, queues and schedules.

use super::{HttpRoute, QueueSource, Result, Schedule, http, mapping, node::Node, resources::Collector};
use std::time::Duration;

/// Reads every event of one function.
///
/// # Errors
/// An event type or a property that is not known.
pub(super) fn read_all<'a>(resource: &Node<'a>, collector: &mut Collector<'a>) -> Result<()> {
    let properties = resource.need("Properties")?;
    let Some(events) = properties.get("Events") else {
        return Ok(());
    };
    let function = function_name(resource, collector)?;
    for (name, event) in events.entries()? {
        read(name, &event, &function, collector)?;
    }
    Ok(())
}

fn function_name(resource: &Node<'_>, collector: &Collector<'_>) -> Result<String> {
    let id = resource.place.rsplit('.').next().unwrap_or_default();
    let reference = serde_json::json!({ "Ref": id });
    collector.function(&Node::new(&reference, resource.place.clone()))
}

fn read(name: &str, event: &Node<'_>, function: &str, collector: &mut Collector<'_>) -> Result<()> {
    let kind = event.need("Type")?;
    match kind.text()?.as_str() {
        "HttpApi" => {
            let route = http_route(event, function, collector)?;
            http::add(route, event, collector)
        }
        "MQ" => queues(event, function, collector),
        "Schedule" | "ScheduleV2" => schedule(name, event, function, collector),
        other => Err(kind.error(format!("{other} is not known to the local runner"))),
    }
}

fn http_route(event: &Node<'_>, function: &str, collector: &mut Collector<'_>) -> Result<HttpRoute> {
    const KNOWN: [&str; 5] = ["ApiId", "Method", "Path", "PayloadFormatVersion", "TimeoutInMillis"];
    let properties = event.need("Properties")?;
    collector.check(&properties, "HttpApi event", &KNOWN, &["RouteSettings"])?;
    if let Some(version) = properties.get("PayloadFormatVersion")
        && version.text()? != "2.0"
    {
        return Err(version.error("must be \"2.0\""));
    }
    let limit = match properties.get("TimeoutInMillis") {
        Some(millis) => Duration::from_millis(millis.number()?),
        None => http::INTEGRATION_LIMIT,
    };
    let method = properties.need("Method")?.text()?.to_ascii_uppercase();
    let path = properties.need("Path")?.text()?;
    let timeout = limit.min(collector.template.timeout(function));
    Ok(HttpRoute {
        method: (!matches!(method.as_str(), "ANY" | "*")).then_some(method),
        path,
        function: function.to_owned(),
        timeout,
    })
}

fn queues(event: &Node<'_>, function: &str, collector: &mut Collector<'_>) -> Result<()> {
    const DEPLOYMENT: [&str; 5] =
        ["Broker", "DynamicPolicyName", "KmsKeyArn", "SecretsManagerKmsKeyId", "SourceAccessConfigurations"];
    let properties = event.need("Properties")?;
    collector.check(&properties, "MQ event", &mapping::BATCHING, &DEPLOYMENT)?;
    let sources: Vec<QueueSource> = mapping::sources(&properties, function, collector)?;
    collector.template.queues.extend(sources);
    Ok(())
}

fn schedule(name: &str, event: &Node<'_>, function: &str, collector: &mut Collector<'_>) -> Result<()> {
    const KNOWN: [&str; 4] = ["Enabled", "Schedule", "ScheduleExpression", "State"];
    const DEPLOYMENT: [&str; 6] = [
        "DeadLetterConfig",
        "Description",
        "FlexibleTimeWindow",
        "Name",
        "PermissionsBoundary",
        "RetryPolicy",
    ];
    let properties = event.need("Properties")?;
    collector.check(&properties, "Schedule event", &KNOWN, &DEPLOYMENT)?;
    if !enabled(&properties)? {
        return Ok(());
    }
    let expression = match properties.get("ScheduleExpression") {
        Some(expression) => expression,
        None => properties.need("Schedule")?,
    };
    let schedule = Schedule {
        name: name.to_owned(),
        function: function.to_owned(),
        timeout: collector.template.timeout(function),
        rate: rate(&expression)?,
        retries: collector
            .template
            .functions
            .get(function)
            .map(|function| function.retries)
            .unwrap_or_default(),
    };
    collector.template.schedules.push(schedule);
    Ok(())
}

fn enabled(properties: &Node<'_>) -> Result<bool> {
    let enabled = match properties.get("Enabled") {
        Some(flag) => flag.flag()?,
        None => true,
    };
    let state = match properties.get("State") {
        Some(state) => state.text()? != "DISABLED",
        None => true,
    };
    Ok(enabled && state)
}

/// `rate(5 minutes)` as a duration.
fn rate(expression: &Node<'_>) -> Result<Duration> {
    let unknown = || expression.error("must be rate(N minutes), rate(N hours) or rate(N days)");
    let text = expression.text()?;
    let inner = text.strip_prefix("rate(").and_then(|text| text.strip_suffix(')'));
    let (count, unit) = inner.and_then(|text| text.trim().split_once(' ')).ok_or_else(unknown)?;
    let count: u64 = count.parse().map_err(|_| unknown())?;
    let seconds = match unit.trim().trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return Err(unknown()),
    };
    if count == 0 {
        return Err(unknown());
    }
    Ok(Duration::from_secs(count * seconds))
}
