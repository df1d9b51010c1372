use super::reader::{ConfigError, Reader, Secret};
use crate::calendar::Calendar;

const TIME_ZONE: &str = "STATISTICS_TIME_ZONE";

/// Figures by hour and day.
#[derive(Debug, Clone)]
pub struct StatisticsConfig {
    /// `STATISTICS_TIME_ZONE` (`UTC`): where days and hours begin, as the IANA names it. What was counted in
    /// another one stays as it was until it is rebuilt. See [`StatisticsConfig::calendar`].
    time_zone: String,
    /// `STATISTICS_BACKLOG_FULL` (1,000): so many open outbox rows are a system load of 1.
    pub backlog_full: u32,
    /// `METRICS_TOKEN`: who scrapes `/metrics` has to show it; None: everybody may.
    pub metrics_token: Option<Secret>,
    /// `METRICS_NAMESPACE`: where functions export their figures to in CloudWatch; empty: nowhere.
    pub metrics_namespace: String,
}

impl StatisticsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            time_zone: reader.text(TIME_ZONE).unwrap_or_else(|| "UTC".to_owned()),
            metrics_token: reader.secret("METRICS_TOKEN"),
            metrics_namespace: namespace(reader).unwrap_or_default(),
            backlog_full: reader.number("STATISTICS_BACKLOG_FULL", 1_000, 1..=10_000_000),
        }
    }

    /// The days and hours of the time zone. It is looked up by those who count, so that only their functions carry the
    /// zones of the world; `migrate` looks whether it is known, before traffic.
    ///
    /// # Errors
    /// When it isn't known, naming the key.
    pub fn calendar(&self) -> Result<Calendar, ConfigError> {
        Calendar::of(&self.time_zone).ok_or_else(|| ConfigError {
            problems: vec![format!("{TIME_ZONE}: must be a time zone of the IANA, such as Europe/Berlin")],
        })
    }
}

/// Longest name of a namespace of CloudWatch, in characters.
const NAMESPACE_MAX_CHARS: usize = 255;

/// As CloudWatch takes them; those of AWS itself begin with `AWS/`.
fn namespace(reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text("METRICS_NAMESPACE")?;
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_/#:".contains(&b);
    if name.len() > NAMESPACE_MAX_CHARS || !name.bytes().all(is_allowed) || name.starts_with("AWS/") {
        reader.problem(
            "METRICS_NAMESPACE",
            format!(
                "must be up to {NAMESPACE_MAX_CHARS} letters, digits and . - _ / # :, not beginning with AWS/"
            ),
        );
    }
    Some(name)
}
