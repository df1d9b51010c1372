//! Asking the operator's own server.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Submission;
use crate::clock::UnixMs;
use crate::config::ModerationWebhookConfig;
use crate::ids::{RoomId, UserId};
use crate::names::Content;
use crate::webhook::{Outbound, OutboundError};

/// What the server says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Opinion {
    Allow,
    Reject,
    Mask { content: String },
    Flag,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NoOpinion {
    #[error(transparent)]
    Unanswered(#[from] OutboundError),
    #[error("answered with status {0}")]
    Status(u16),
    #[error("the answer doesn't read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("masks with what is no content: {0}")]
    NoContent(String),
}

#[derive(Serialize)]
struct Question<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: UnixMs,
    data: Asked<'a>,
}

#[derive(Serialize)]
struct Asked<'a> {
    user_id: UserId,
    room_id: Option<RoomId>,
    kind: &'a str,
    content: &'a str,
}

/// Posts what somebody wants to say, signed, and reads the answer.
///
/// # Errors
/// When there is none that reads, in time.
pub(super) async fn ask(
    client: &Outbound,
    config: &ModerationWebhookConfig,
    submission: &Submission<'_>,
    now: UnixMs,
) -> Result<Opinion, NoOpinion> {
    let Submission { sender, room, kind, content } = *submission;
    let data = Asked { user_id: sender, room_id: room, kind, content };
    let question = Question { kind: "message.review", timestamp: now, data };
    let body = Bytes::from(serde_json::to_vec(&question)?);
    let headers = config.secret.headers(&format!("msg_{}", Uuid::now_v7().simple()), now, &body);
    let answer = client.post(&config.url, headers, body, config.deadline).await?;
    if !(200..300).contains(&answer.status) {
        return Err(NoOpinion::Status(answer.status));
    }
    opinion(&answer.body)
}

fn opinion(body: &[u8]) -> Result<Opinion, NoOpinion> {
    match serde_json::from_slice(body)? {
        Opinion::Mask { content } => {
            let content = Content::parse(&content).map_err(NoOpinion::NoContent)?;
            Ok(Opinion::Mask { content: content.into_string() })
        }
        opinion => Ok(opinion),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_of_four() {
        let read = |text: &str| opinion(text.as_bytes()).ok();
        assert_eq!(read(r#"{"action":"allow"}"#), Some(Opinion::Allow));
        assert_eq!(read(r#"{"action":"flag","why":"later"}"#), Some(Opinion::Flag));
        assert_eq!(
            read(r#"{"action":"mask","content":" *** "}"#),
            Some(Opinion::Mask { content: "***".into() })
        );
        for bad in ["", "[]", "{}", r#"{"action":"maybe"}"#, r#"{"action":"mask"}"#] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(r#"{"action":"mask","content":" "}"#), None, "nothing would be left");
    }
}
