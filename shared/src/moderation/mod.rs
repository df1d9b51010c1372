//! What may be said: a list of words, and a server of the operator's own, asked before anything is stored.

mod fold;
mod webhook;
mod words;

use std::sync::OnceLock;

use crate::clock::UnixMs;
use crate::config::{ModerationAction, ModerationConfig, ModerationWebhookConfig};
use crate::ids::{RoomId, UserId};
use crate::webhook::{Networks, Outbound};
use crate::{Code, Error};
use webhook::Opinion;
use words::WordList;

/// What somebody wants to say.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    pub sender: UserId,
    /// None for an edit, which names its message alone.
    pub room: Option<RoomId>,
    pub kind: &'a str,
    pub content: &'a str,
}

/// What may be stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// In place of what was said.
    pub masked: Option<String>,
    /// To be looked at by people.
    pub flagged: bool,
}

/// Reviews by the configuration. The automaton is made at its first use.
pub struct Moderation {
    config: ModerationConfig,
    words: OnceLock<Option<WordList>>,
    client: Outbound,
}

impl Moderation {
    #[must_use]
    pub fn new(config: ModerationConfig) -> Self {
        // The operator's own server may be in their own network.
        Self { config, words: OnceLock::new(), client: Outbound::new(Networks::Private) }
    }

    /// First the words, then the server.
    ///
    /// # Errors
    /// `rejected`; `unavailable` when the server doesn't answer and nothing may pass without it.
    pub async fn review(&self, submission: Submission<'_>, now: UnixMs) -> Result<Review, Error> {
        let mut review = self.by_words(submission.content)?;
        if let Some(webhook) = &self.config.webhook {
            let content = review.masked.clone();
            let content = content.as_deref().unwrap_or(submission.content);
            self.by_server(webhook, &Submission { content, ..submission }, now, &mut review).await?;
        }
        Ok(review)
    }

    fn by_words(&self, content: &str) -> Result<Review, Error> {
        let Some(words) = self.words() else { return Ok(Review::default()) };
        let found = words.find(content);
        if found.is_empty() {
            return Ok(Review::default());
        }
        match self.config.action {
            ModerationAction::Reject => Err(rejected()),
            ModerationAction::Mask => {
                Ok(Review { masked: Some(words::mask(content, &found)), flagged: false })
            }
            ModerationAction::Flag => Ok(Review { masked: None, flagged: true }),
        }
    }

    fn words(&self) -> Option<&WordList> {
        let build = || match &self.config.words[..] {
            [] => None,
            words => WordList::new(words)
                .inspect_err(|error| tracing::error!(%error, "the list of words can't be used"))
                .ok(),
        };
        self.words.get_or_init(build).as_ref()
    }

    async fn by_server(
        &self,
        config: &ModerationWebhookConfig,
        submission: &Submission<'_>,
        now: UnixMs,
        review: &mut Review,
    ) -> Result<(), Error> {
        match webhook::ask(&self.client, config, submission, now).await {
            Ok(Opinion::Allow) => {}
            Ok(Opinion::Reject) => return Err(rejected()),
            Ok(Opinion::Mask { content }) => review.masked = Some(content),
            Ok(Opinion::Flag) => review.flagged = true,
            Err(error) if config.fails_open => tracing::warn!(%error, "passed without the moderation server"),
            Err(error) => {
                tracing::warn!(%error, "held back without the moderation server");
                return Err(Error::new(Code::Unavailable, "moderation is unavailable"));
            }
        }
        Ok(())
    }
}

/// Which word it was is not said.
fn rejected() -> Error {
    Error::new(Code::Rejected, "content: is not allowed here")
}
