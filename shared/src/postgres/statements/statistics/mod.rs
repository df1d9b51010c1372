//! The statements of the statistics. What counts is written once (`said.sql` of messages, `stepped.sql` of
//! steps of sessions) and put together with where the things come from and what is done with the sums.

/// Entries settled, and the messages among them counted.
pub const SETTLE_MESSAGES: &str = concat!(
    include_str!("settle_messages.sql"),
    include_str!("said.sql"),
    include_str!("of_messages.sql"),
    include_str!("write.sql"),
    include_str!("settled_messages.sql"),
);
/// Steps of sessions settled and counted.
pub const SETTLE_STEPS: &str = concat!(
    include_str!("settle_steps.sql"),
    include_str!("stepped.sql"),
    include_str!("of_steps.sql"),
    include_str!("write.sql"),
    include_str!("settled_steps.sql"),
);
/// Days counted anew.
pub const REBUILD: &str = concat!(
    include_str!("rebuild.sql"),
    include_str!("said.sql"),
    include_str!("stepped.sql"),
    include_str!("of_both.sql"),
    include_str!("write.sql"),
    include_str!("rebuilt.sql"),
);
/// What is kept by the hour.
pub const KEPT_HOURS: &str = include_str!("kept_hours.sql");
/// How many were active by day.
pub const KEPT_DAYS: &str = include_str!("kept_days.sql");
/// How many were active on any of the days.
pub const KEPT_ACTIVES: &str = include_str!("kept_actives.sql");
/// What staff did.
pub const STAFF: &str = include_str!("staff.sql");
/// How customer service stands.
pub const NOW: &str = include_str!("now.sql");
