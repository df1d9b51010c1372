//! What moderation says of content, before it is stored and after.

use crate::Error;
use crate::app::App;
use crate::ids::MessageId;
use crate::moderation::{Review, Submission};

/// What is left to do once the message is stored.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict {
    flagged: bool,
}

/// What may be stored in place of the content, None for the content itself.
///
/// # Errors
/// `rejected`; `unavailable` while moderation is away and nothing may pass without it.
pub(super) async fn review(
    app: &App,
    submission: Submission<'_>,
) -> Result<(Option<String>, Verdict), Error> {
    let Review { masked, flagged } = app.moderation.review(submission, app.clock.now()).await?;
    Ok((masked, Verdict { flagged }))
}

impl Verdict {
    /// Notes a flagged message for people to look at. The message isn't held up by it.
    pub(super) async fn note(self, app: &App, message: MessageId) {
        if !self.flagged {
            return;
        }
        tracing::warn!(%message, "flagged by moderation");
        if let Err(error) = app.flags.flag(message, app.clock.now()).await {
            tracing::error!(%error, %message, "the flag of a message is lost");
        }
    }
}
