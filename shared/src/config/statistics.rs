use super::reader::{Reader, Secret};
use crate::calendar::Calendar;

/// Figures by hour and day.
#[derive(Debug, Clone)]
pub struct StatisticsConfig {
    /// `STATISTICS_TIME_ZONE` (`UTC`): where days and hours begin, as the IANA names it. What was counted in
    /// another one stays as it was until it is rebuilt.
    pub calendar: Calendar,
    /// `STATISTICS_BACKLOG_FULL` (1,000): so many open outbox rows are a system load of 1.
    pub backlog_full: u32,
    /// `METRICS_TOKEN`: who scrapes `/metrics` has to show it; None: everybody may.
    pub metrics_token: Option<Secret>,
}

impl StatisticsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            calendar: calendar(reader).unwrap_or_default(),
            metrics_token: reader.secret("METRICS_TOKEN"),
            backlog_full: reader.number("STATISTICS_BACKLOG_FULL", 1_000, 1..=10_000_000),
        }
    }
}

fn calendar(reader: &mut Reader<'_>) -> Option<Calendar> {
    let name = reader.text("STATISTICS_TIME_ZONE")?;
    let calendar = Calendar::of(&name);
    if calendar.is_none() {
        reader.problem("STATISTICS_TIME_ZONE", "must be a time zone of the IANA, such as Europe/Berlin");
    }
    calendar
}
