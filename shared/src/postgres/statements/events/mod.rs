//! The statements of events between services, and of broadcasts.

/// Events with their deliveries, stored. Parameters and answer are described in the file.
pub const PUBLISH: &str = include_str!("publish.sql");
/// What rounds are to be made, with the events.
pub const DUE: &str = include_str!("due.sql");
/// What became of rounds.
pub const RECORD: &str = include_str!("record.sql");
/// Deliveries that nobody came for.
pub const CLAIM_OVERDUE: &str = include_str!("claim_overdue.sql");
/// An event's deliveries with their attempts.
pub const DELIVERIES: &str = include_str!("deliveries.sql");
/// Deliveries that were given up.
pub const DEAD: &str = include_str!("dead.sql");
/// Events past their retention, removed.
pub const EXPIRE: &str = include_str!("expire.sql");
/// A broadcast and how far it has come.
pub const BROADCAST: &str = include_str!("broadcast.sql");
/// A broadcast, begun.
pub const START_BROADCAST: &str = include_str!("start_broadcast.sql");
/// A step of a broadcast, written down.
pub const NOTE_STEP: &str = include_str!("note_step.sql");
