//! A message's AMQP properties as Lambda writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// `Jan 1, 1970, 12:33:41 AM`, in UTC.
const TIMESTAMP: &[BorrowedFormatItem<'_>] = format_description!(
    "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
);

/// All of them are written, null when the message has none; any may be missing when read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BasicProperties {
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub headers: Option<BTreeMap<String, HeaderValue>>,
    /// 2 is kept over a restart of the broker.
    pub delivery_mode: Option<u8>,
    pub priority: Option<u8>,
    pub correlation_id: Option<String>,
    pub reply_to: Option<String>,
    pub expiration: Option<String>,
    pub message_id: Option<String>,
    /// See [`amqp_timestamp`].
    pub timestamp: Option<String>,
    pub r#type: Option<String>,
    pub user_id: Option<String>,
    pub app_id: Option<String>,
    pub cluster_id: Option<String>,
    /// The body's bytes, before base64.
    pub body_size: Option<u64>,
}

/// Text comes as its bytes; numbers, truth values and the like as themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HeaderValue {
    Text { bytes: Vec<u8> },
    Other(serde_json::Value),
}

/// Writes a time as Lambda does; None when it is out of range.
#[must_use]
pub fn amqp_timestamp(unix_seconds: u64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(unix_seconds).ok()?).ok()?;
    at.format(TIMESTAMP).ok()
}
