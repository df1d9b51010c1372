//! What the two SQL stores (Postgres here, the runner's SQLite) write down in the same way.

mod errors;
mod event_batch;
mod event_history;
mod text;
mod words;

pub use errors::{Failure, broken_rule};
pub use event_batch::{EarlierEvent, distinct_events, in_the_order_of};
pub use event_history::event_history;
pub use text::{folded, storable, storable_json};
pub use words::{from_word, word};

/// Shown as the sender of an anonymised account's messages.
pub const DELETED_USER: &str = "deleted user";

/// What an outbox row of a stored message is about: the queue that it is published to.
pub const TOPIC_MESSAGES: &str = crate::ports::QUEUE_MESSAGES;

/// What an outbox row of a broadcast is about.
pub const TOPIC_BROADCASTS: &str = crate::ports::QUEUE_NOTIFICATIONS;
