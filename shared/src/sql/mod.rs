//! What the two SQL stores (Postgres here, the runner's SQLite) write down in the same way.

mod errors;
mod text;
mod words;

pub use errors::{Failure, broken_rule};
pub use text::{folded, storable, storable_json};
pub use words::{from_word, word};

/// Shown as the sender of an anonymised account's messages.
pub const DELETED_USER: &str = "deleted user";

/// What an outbox row of a stored message is about: the queue that it is published to.
pub const TOPIC_MESSAGES: &str = crate::ports::QUEUE_MESSAGES;
