//! The statements of the live path, each in a file of its own, public so that a test can `EXPLAIN` them.
//!
//! # The append
//! `append.sql` is a whole send in one round trip and one commit. Its common table expressions, in order:
//!
//! - `sender`: is the sender a member, banned, blocked by the other one of a direct room, and under which name; with the `members_version` that this
//!   was true for.
//! - `earlier`: was this client id stored before; then nothing is written and its answer is repeated.
//! - `reply`: is `reply_to` a message of the room.
//! - `place`: raises `last_seq`, only if all three allow it. The room's row is the room's lock. Whoever
//!   waited for it holds checks from before the wait, so the update asks again for the version that
//!   `sender` saw: a member removed meanwhile gets no place, and the statement is run once more.
//! - `stored`: the message. Two racing repeats meet in its unique key: the second writes nothing at all,
//!   `place` included, and finds the first in `earlier` when it is run again.
//! - `opened`: the outbox row, in the same commit, so that nothing acknowledged goes unannounced.
//! - `marked`: the sender's own read mark.
//!
//! Parts that write are run whether or not anything reads them; parts that only read are not, which is
//! why the final `select` joins every one of them. A snapshot is taken once for all parts.

pub mod events;
pub mod statistics;

/// One send. Parameters and answer are described in the file.
pub const APPEND: &str = include_str!("append.sql");
/// One edit or recall. Parameters and answer are described in the file.
pub const REVISE: &str = include_str!("revise.sql");
/// What came since, in many rooms.
pub const RESUME: &str = include_str!("resume.sql");
/// Entries past their retention, removed.
pub const EXPIRE: &str = include_str!("expire.sql");
/// A page of a room's log.
pub const HISTORY_PAGE: &str = include_str!("history_page.sql");
/// The last messages before a seq.
pub const HISTORY_BEFORE: &str = include_str!("history_before.sql");
/// The first messages after a seq.
pub const HISTORY_AFTER: &str = include_str!("history_after.sql");
/// Messages that hold words, in a user's rooms.
pub const SEARCH: &str = include_str!("search.sql");
/// Of messages that were found, those that a user may see.
pub const FOUND: &str = include_str!("found.sql");
/// Outbox rows that are due.
pub const CLAIM_DUE: &str = include_str!("claim_due.sql");
/// Connections that are due to be told to reconnect.
pub const RECONNECT_DUE: &str = include_str!("reconnect_due.sql");
/// A user's rooms.
pub const ROOMS_OF: &str = include_str!("rooms_of.sql");
/// A room's members.
pub const AUDIENCE: &str = include_str!("audience.sql");
/// The others in a user's rooms.
pub const CONTACTS: &str = include_str!("contacts.sql");
/// A page of the connections, for a rebuild of presence.
pub const CONNECTIONS_PAGE: &str = include_str!("connections_page.sql");
/// Who misses a message and is away.
pub const PUSH_CLAIM: &str = include_str!("push_claim.sql");
/// What somebody who is away has not read of a room.
pub const PUSH_UNREAD: &str = include_str!("push_unread.sql");
/// A viewer's own rooms, newest activity first.
pub const LIST_OWN: &str = concat!(include_str!("picked_own.sql"), include_str!("summaries.sql"));
/// Every room but others' direct ones, newest activity first.
pub const LIST_ALL: &str = concat!(include_str!("picked_all.sql"), include_str!("summaries.sql"));
/// One room as a viewer sees it.
pub const SUMMARY: &str = concat!(include_str!("picked_one.sql"), include_str!("summaries.sql"));
/// What waits at the desk and the places that are free, matched.
pub const MATCH: &str = include_str!("match.sql");
/// A page of the queues.
pub const QUEUE: &str = concat!(include_str!("queue.sql"), include_str!("queue_page.sql"));
/// A session's place in its queue.
pub const QUEUE_PLACE: &str = concat!(include_str!("queue.sql"), include_str!("queue_place.sql"));
/// The places that moved since their visitors were told.
pub const QUEUE_MOVED: &str = concat!(include_str!("queue.sql"), include_str!("queue_moved.sql"));
/// The instances of a service that are up, and whose turn it is.
pub const TAKE_TURN: &str = include_str!("take_turn.sql");
/// The same without taking a turn.
pub const HEALTHY: &str = include_str!("healthy.sql");
/// Where the events of many services go.
pub const TARGETS: &str = include_str!("targets.sql");
/// Instances whose check is due.
pub const CLAIM_CHECKS: &str = include_str!("claim_checks.sql");
/// Instances that gave no sign of life, forgotten.
pub const DROP_SILENT: &str = include_str!("drop_silent.sql");
