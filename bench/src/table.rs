//! The table of a report: a column for each load, a row for each figure.

use std::collections::BTreeMap;

use crate::measure::Percentiles;
use crate::outcome::Outcome;

/// A row: its name and what a load says to it.
type Row = (&'static str, fn(&Outcome) -> String);

const ROWS: [Row; 18] = [
    ("", |run| format!("{} {}", run.scenario, run.mode)),
    ("sockets", |run| run.sockets.to_string()),
    ("connects/s", |run| format!("{:.0}", run.connects_per_second)),
    ("ack ms p50/p99/p99.9", |run| millis(run.members.ack.as_ref())),
    ("end to end ms", |run| millis(run.members.end_to_end.as_ref())),
    ("driver late ms", |run| millis(run.members.lateness.as_ref())),
    ("sent", |run| run.members.sent.to_string()),
    ("acked", |run| run.members.acked.to_string()),
    ("unanswered", |run| run.members.unanswered.to_string()),
    ("errors", |run| codes(&run.members.errors)),
    ("deliveries", |run| run.members.deliveries.to_string()),
    ("deliveries/s", |run| format!("{:.0}", run.deliveries_per_second)),
    ("missing", |run| run.members.missing.to_string()),
    ("duplicates", |run| run.members.duplicates.to_string()),
    ("closed by server", |run| run.closed_early.to_string()),
    ("server CPU cores", |run| number(run.server_cores, 1.0)),
    ("CPU us/delivery", |run| number(run.cpu_us_per_delivery, 1.0)),
    ("KiB/idle socket", |run| number(run.idle_bytes_per_socket, 1024.0)),
];

/// Loads beside each other.
pub(crate) fn table(runs: &[Outcome]) -> String {
    let mut lines = Vec::new();
    let columns: Vec<Vec<String>> =
        runs.iter().map(|run| ROWS.iter().map(|(_, cell)| cell(run)).collect()).collect();
    for (row, (name, _)) in ROWS.iter().enumerate() {
        let mut line = format!("{name:<21}");
        for cells in &columns {
            let width = cells.iter().map(String::len).max().unwrap_or(0) + 2;
            line += &format!("{:>width$}", cells[row]);
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// `p50/p99/p99.9` in milliseconds.
pub(crate) fn millis(latency: Option<&Percentiles>) -> String {
    latency.map_or_else(dash, |latency| {
        let ms = |us: f64| us / 1000.0;
        let (p50, p99, p999) = (ms(latency.p50_us), ms(latency.p99_us), ms(latency.p999_us));
        format!("{p50:.2}/{p99:.2}/{p999:.2}")
    })
}

fn number(value: Option<f64>, unit: f64) -> String {
    value.map_or_else(dash, |value| format!("{:.2}", value / unit))
}

fn codes(errors: &BTreeMap<String, u64>) -> String {
    match errors.is_empty() {
        true => "0".into(),
        false => {
            let each: Vec<String> = errors.iter().map(|(code, count)| format!("{code}:{count}")).collect();
            each.join(",")
        }
    }
}

fn dash() -> String {
    "-".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_shown_in_milliseconds() {
        let latency =
            Percentiles { count: 1, p50_us: 1234.0, p99_us: 5000.0, p999_us: 60_000.0, max_us: 60_000.0 };
        assert_eq!(millis(Some(&latency)), "1.23/5.00/60.00");
        assert_eq!(millis(None), "-");
    }

    #[test]
    fn errors_are_listed_by_code() {
        let errors = BTreeMap::from([("rate_limited".into(), 2), ("unavailable".into(), 1)]);
        assert_eq!(codes(&errors), "rate_limited:2,unavailable:1");
        assert_eq!(codes(&BTreeMap::new()), "0");
    }
}
