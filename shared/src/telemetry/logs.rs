//! JSON logs on standard error, one line per event.

use tracing_subscriber::EnvFilter;

/// Targets that would log what people write: lapin logs a returned message whole.
const NEVER: [&str; 1] = ["lapin::returned_messages"];

/// Starts logging for the process; later calls change nothing, so that tests may start many runners.
pub fn init(level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = NEVER.iter().fold(filter, |filter, target| match format!("{target}=off").parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    });
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    // Err means that somebody has set a subscriber already: theirs stays.
    drop(lines);
}
