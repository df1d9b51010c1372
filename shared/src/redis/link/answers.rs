use redis::{FromRedisValue, Value};

use crate::ports::PresenceError;

/// What the commands of one trip gave, in their order.
pub(in crate::redis) struct Answers(std::vec::IntoIter<Value>);

impl Answers {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// Reads the next answer.
    ///
    /// # Errors
    /// `Unavailable` when the server refused the command.
    pub(in crate::redis) fn next<T: FromRedisValue>(&mut self) -> Result<T, PresenceError> {
        let value = self.0.next().ok_or_else(|| unavailable("an answer is missing"))?;
        let value = value.extract_error().map_err(unavailable)?;
        T::from_redis_value(value).map_err(unavailable)
    }

    /// Makes sure that no command was refused.
    pub(in crate::redis) fn all_done(self) -> Result<(), PresenceError> {
        self.0.into_iter().try_for_each(|value| value.extract_error().map(drop).map_err(unavailable))
    }
}

pub(in crate::redis) fn unavailable(why: impl std::fmt::Display) -> PresenceError {
    PresenceError::Unavailable(why.to_string())
}
