//! JSON logs on standard error, one line per event.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Targets that would log what people write: lapin logs a returned message whole.
const NEVER: [&str; 1] = ["lapin::returned_messages"];

/// Starts logging for the process; later calls change nothing, so that tests may start many runners.
pub fn init(level: &str) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    let started = tracing_subscriber::registry().with(lines).with(filter(level)).try_init();
    // Err means that somebody has set a subscriber already: theirs stays.
    drop(started);
}

/// What is logged by targets: a filter of spans, which `EnvFilter` has too, would bring an engine for regular
/// expressions into every function.
fn filter(level: &str) -> Targets {
    let wanted = level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    wanted.with_targets(NEVER.map(|target| (target, LevelFilter::OFF)))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_a_level_or_one_for_each_target() {
        assert!(filter("debug").would_enable("lapin", &Level::DEBUG));
        assert!(!filter("info").would_enable("lapin", &Level::DEBUG));
        let shared = filter("shared=debug,info");
        assert!(shared.would_enable("shared::chat", &Level::DEBUG));
        assert!(shared.would_enable("lapin", &Level::INFO) && !shared.would_enable("lapin", &Level::DEBUG));
        assert!(!filter("off").would_enable("shared", &Level::ERROR));
    }

    #[test]
    fn what_is_no_filter_is_info() {
        let filter = filter("shared=loud");
        assert!(filter.would_enable("shared", &Level::INFO) && !filter.would_enable("shared", &Level::DEBUG));
    }

    #[test]
    fn what_people_write_is_never_logged() {
        for level in ["trace", "lapin=trace", "lapin::returned_messages=trace"] {
            assert!(!filter(level).would_enable("lapin::returned_messages", &Level::ERROR), "{level}");
        }
    }
}
