use std::time::Duration;

use http::Uri;

use super::reader::Reader;
use crate::webhook::SigningSecret;

/// Words that a list may have.
pub const MODERATION_WORDS_MAX: usize = 100_000;
/// Characters that a word may have.
const WORD_MAX_CHARS: usize = 100;

/// What is done to content with a word of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModerationAction {
    /// Refused; nothing is stored.
    Reject,
    /// Stored with asterisks in place of the word.
    Mask,
    /// Stored as it is, and kept for people to look at.
    Flag,
}

/// What may be said.
#[derive(Debug, Clone)]
pub struct ModerationConfig {
    /// `MODERATION_WORDS` (comma separated) and the lines of `MODERATION_WORDS_FILE`, where `#` begins a
    /// comment.
    pub words: Vec<String>,
    /// `MODERATION_ACTION` (`reject`): `reject`, `mask` or `flag`.
    pub action: ModerationAction,
    pub webhook: Option<ModerationWebhookConfig>,
}

/// A server that is asked about every message.
#[derive(Debug, Clone)]
pub struct ModerationWebhookConfig {
    /// `MODERATION_WEBHOOK_URL`.
    pub url: Uri,
    /// `MODERATION_WEBHOOK_SECRET`: `whsec_` and 24 to 64 bytes in base64.
    pub secret: SigningSecret,
    /// `MODERATION_WEBHOOK_TIMEOUT_MS` (300).
    pub deadline: Duration,
    /// `MODERATION_WEBHOOK_FAIL` (`open`): whether messages pass (`open`) or are refused as `unavailable`
    /// (`closed`) while it doesn't answer.
    pub fails_open: bool,
}

impl ModerationConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { words: words(reader), action: action(reader), webhook: webhook(reader) }
    }
}

fn words(reader: &mut Reader<'_>) -> Vec<String> {
    let mut words = reader.list("MODERATION_WORDS");
    if let Some(file) = reader.text("MODERATION_WORDS_FILE") {
        match std::fs::read_to_string(file) {
            Ok(text) => words.extend(lines(&text)),
            Err(error) => reader.problem("MODERATION_WORDS_FILE", format!("can't be read: {error}")),
        }
    }
    if words.len() > MODERATION_WORDS_MAX {
        reader.problem("MODERATION_WORDS", format!("has more than {MODERATION_WORDS_MAX} words"));
    }
    if words.iter().any(|word| word.chars().count() > WORD_MAX_CHARS) {
        reader.problem("MODERATION_WORDS", format!("has a word of more than {WORD_MAX_CHARS} characters"));
    }
    words
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    let written = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    written.filter(|word| !word.is_empty()).map(str::to_owned)
}

fn action(reader: &mut Reader<'_>) -> ModerationAction {
    match reader.text("MODERATION_ACTION").as_deref() {
        None | Some("reject") => ModerationAction::Reject,
        Some("mask") => ModerationAction::Mask,
        Some("flag") => ModerationAction::Flag,
        Some(_) => {
            reader.problem("MODERATION_ACTION", "must be reject, mask or flag");
            ModerationAction::Reject
        }
    }
}

fn webhook(reader: &mut Reader<'_>) -> Option<ModerationWebhookConfig> {
    let deadline = reader.number("MODERATION_WEBHOOK_TIMEOUT_MS", 300, 10..=5_000);
    let fails_open = match reader.text("MODERATION_WEBHOOK_FAIL").as_deref() {
        None | Some("open") => true,
        Some("closed") => false,
        Some(_) => {
            reader.problem("MODERATION_WEBHOOK_FAIL", "must be open or closed");
            false
        }
    };
    let (url, secret) = reader.both("MODERATION_WEBHOOK_URL", "MODERATION_WEBHOOK_SECRET")?;
    let url = reader.http_url("MODERATION_WEBHOOK_URL", &url);
    let secret =
        SigningSecret::parse(&secret).map_err(|problem| reader.problem("MODERATION_WEBHOOK_SECRET", problem));
    Some(ModerationWebhookConfig {
        url: url?,
        secret: secret.ok()?,
        deadline: Duration::from_millis(deadline),
        fails_open,
    })
}
