use metrics::{SharedString, Unit, counter, describe_counter, describe_histogram, histogram};

/// What is counted and measured. To record is an atomic and a look-up; where nothing is exported, nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    ColdStarts,
    ConnectionsOpened,
    ConnectionsClosed,
    ConnectionsRefused,
    MessagesStored,
    Recipients,
    Posts,
    DeliveryTime,
    Errors,
    EventsDelivered,
    EventsFailed,
    EventsDead,
    SessionsQueued,
    SessionsAssigned,
    SessionWait,
    OutboxOpen,
    OutboxAge,
    QueueMessages,
}

/// How CloudWatch gets a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One number for an event: their `Sum` says how many.
    Count,
    /// Each value, up to a hundred for an event: any statistic of them, percentiles too.
    Values,
}

/// One row of the table.
pub struct Row {
    pub metric: Metric,
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    /// The dimension besides `Function`, if it has one.
    pub dimension: Option<&'static str>,
    pub meaning: &'static str,
}

const fn count(metric: Metric, name: &'static str, meaning: &'static str) -> Row {
    Row { metric, name, kind: Kind::Count, unit: Unit::Count, dimension: None, meaning }
}

const fn values(metric: Metric, name: &'static str, unit: Unit, meaning: &'static str) -> Row {
    Row { metric, name, kind: Kind::Values, unit, dimension: None, meaning }
}

const fn by(dimension: &'static str, row: Row) -> Row {
    Row { dimension: Some(dimension), ..row }
}

/// Every metric, in the order of [`Metric`].
pub const METRICS: [Row; 18] = [
    count(Metric::ColdStarts, "ColdStarts", "instances that started"),
    count(Metric::ConnectionsOpened, "ConnectionsOpened", "sockets that opened"),
    count(Metric::ConnectionsClosed, "ConnectionsClosed", "sockets whose end was reported"),
    count(
        Metric::ConnectionsRefused,
        "ConnectionsRefused",
        "handshakes refused: no token or a bad one, an origin, a limit",
    ),
    count(Metric::MessagesStored, "MessagesStored", "messages committed; repeats aren't counted"),
    values(
        Metric::Recipients,
        "Recipients",
        Unit::Count,
        "of each message, edit and recall: the connections that it is for",
    ),
    count(Metric::Posts, "Posts", "frames that connections took"),
    values(
        Metric::DeliveryTime,
        "DeliveryTime",
        Unit::Milliseconds,
        "of each message, edit and recall: from its store to the end of its posts",
    ),
    by("Code", count(Metric::Errors, "Errors", "errors that clients were told, by [code](ERRORS.md)")),
    count(Metric::EventsDelivered, "EventsDelivered", "deliveries of events that a service took"),
    count(Metric::EventsFailed, "EventsFailed", "rounds of deliveries that failed and go on"),
    count(Metric::EventsDead, "EventsDead", "deliveries of events that were given up"),
    count(
        Metric::SessionsQueued,
        "SessionsQueued",
        "sessions that came into a queue: opened, handed on or taken back",
    ),
    count(Metric::SessionsAssigned, "SessionsAssigned", "sessions that somebody got, each time"),
    values(
        Metric::SessionWait,
        "SessionWait",
        Unit::Seconds,
        "of each session: from its opening until somebody got it first",
    ),
    values(Metric::OutboxOpen, "OutboxOpen", Unit::Count, "rows committed and not known to be delivered"),
    values(Metric::OutboxAge, "OutboxAge", Unit::Seconds, "age of the oldest of these; 0 without any"),
    by(
        "Queue",
        values(
            Metric::QueueMessages,
            "QueueMessages",
            Unit::Count,
            "messages that wait in a queue of the bus",
        ),
    ),
];

impl Metric {
    /// The metric's row of [`METRICS`].
    #[must_use]
    pub fn row(self) -> &'static Row {
        &METRICS[self as usize]
    }

    /// Counts so many.
    pub fn add(self, count: u64) {
        counter!(self.row().name).increment(count);
    }

    /// Counts one under a value of the metric's own dimension.
    pub fn add_by(self, value: &'static str) {
        let row = self.row();
        counter!(row.name, row.dimension.unwrap_or_default() => value).increment(1);
    }

    /// Records a value, in the metric's unit.
    pub fn record(self, value: f64) {
        histogram!(self.row().name).record(value);
    }

    /// The same under a value of the metric's own dimension.
    pub fn record_by(self, value: impl Into<SharedString>, number: f64) {
        let row = self.row();
        histogram!(row.name, row.dimension.unwrap_or_default() => value.into()).record(number);
    }
}

/// Tells the exporter the units.
pub(super) fn describe() {
    for Row { name, kind, unit, meaning, .. } in &METRICS {
        match kind {
            Kind::Count => describe_counter!(*name, *unit, *meaning),
            Kind::Values => describe_histogram!(*name, *unit, *meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_finds_its_row() {
        for (at, row) in METRICS.iter().enumerate() {
            assert_eq!(row.metric as usize, at, "{} is out of order", row.name);
            assert_eq!(format!("{:?}", row.metric), row.name);
        }
    }

    #[test]
    fn the_document_has_every_metric() {
        let document = include_str!("../../../docs/OPERATIONS.md");
        for Row { name, unit, dimension, meaning, .. } in &METRICS {
            let dimensions =
                dimension.map_or("`Function`".to_owned(), |more| format!("`Function`, `{more}`"));
            let unit = format!("{unit:?}").to_lowercase();
            let line = format!("| `{name}` | {unit} | {dimensions} | {meaning} |");
            assert!(document.contains(&line), "docs/OPERATIONS.md lacks\n{line}");
        }
    }
}
