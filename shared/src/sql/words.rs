use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ports::StoreError;

/// A role or type as it stands in a column: the word that the wire uses.
///
/// # Panics
/// When `value` isn't an enum without fields, which its first use in a test shows.
pub fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        other => unreachable!("not written as a word: {other:?}"),
    }
}

/// The role or type that a column's word means.
///
/// # Errors
/// `Internal` for a word that this build doesn't know.
pub fn from_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(Value::String(word)).map_err(|error| StoreError::Internal(error.to_string()))
}
