//! Editing and recalling: entries of the log that change a message before them.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::app::App;
use crate::chat::resolve;
use crate::chat::review::{Verdict, review};
use crate::chat::send::{Committed, broadcast, check_size};
use crate::frames::{Ack, Target};
use crate::identity::Caller;
use crate::ids::{ClientMessageId, ConnectionId, MessageId, RoomId, RoomRef, Seq};
use crate::model::Entry;
use crate::moderation::Submission;
use crate::names::Content;
use crate::ports::{NewRevision, Placed, Revised, Revision};

/// What a client wants done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionDraft {
    pub message: MessageId,
    /// The room that the message has to be in, where one is named.
    pub room: Option<RoomRef>,
    pub revision: Revision,
}

impl RevisionDraft {
    /// An edit, wherever the message is.
    #[must_use]
    pub fn edit(message: MessageId, content: Content) -> Self {
        Self { message, room: None, revision: Revision::Edit { content: content.into_string() } }
    }

    /// A recall, wherever the message is.
    #[must_use]
    pub const fn recall(message: MessageId) -> Self {
        Self { message, room: None, revision: Revision::Recall }
    }

    /// The same, of a message of that room.
    #[must_use]
    pub fn within(self, room: RoomRef) -> Self {
        Self { room: Some(room), ..self }
    }
}

/// Stores an edit or a recall and hands it to everyone in the room but the connection that it came by,
/// which gets the answer. Repeated with the same client id it is stored once. The caller has been admitted.
///
/// # Errors
/// `not_found` (also in a room that isn't the caller's), `forbidden` (somebody else's message, or too late),
/// `conflict` (recalled, or the id was used before), `too_large`, `rejected`, `unavailable`: nothing was stored.
/// `not_broadcast`: stored while presence is away; the outbox delivers it later.
pub async fn revise(
    app: &App,
    caller: &Caller,
    from: Option<&ConnectionId>,
    client_id: ClientMessageId,
    draft: RevisionDraft,
) -> Result<Ack, Error> {
    let mut new = compose(app, caller, client_id, draft).await?;
    let verdict = moderate(app, &mut new).await?;
    let provisional = provisional(caller, &new);
    check_size(new.revision.content(), &(&provisional).into())?;
    let Revised { entry, members_version, outbox, .. } = app.messages.revise(&new).await?;
    verdict.note(app, new.message).await;
    broadcast(app, from, entry, Committed { outbox, members_version }).await
}

/// What an edit says is reviewed like a message; its digest is of the content as sent.
async fn moderate(app: &App, new: &mut NewRevision) -> Result<Verdict, Error> {
    let Revision::Edit { content } = &mut new.revision else { return Ok(Verdict::default()) };
    let submission = Submission { sender: new.sender, room: new.room, kind: "edit", content };
    let (masked, verdict) = review(app, submission).await?;
    if let Some(masked) = masked {
        *content = masked;
    }
    Ok(verdict)
}

async fn compose(
    app: &App,
    caller: &Caller,
    client_id: ClientMessageId,
    draft: RevisionDraft,
) -> Result<NewRevision, Error> {
    let RevisionDraft { message, room, revision } = draft;
    let room = match room {
        Some(room) => Some(resolve::room(app, caller, &Target::Room(room)).await?),
        None => None,
    };
    let now = app.clock.now();
    Ok(NewRevision {
        id: MessageId::at(now),
        message,
        room,
        sender: caller.user,
        client_id,
        digest: digest(message, &revision),
        not_before: now.plus(-millis(window(app, &revision))),
        revision,
        now,
    })
}

/// How long after it was sent a message may be changed so.
fn window(app: &App, revision: &Revision) -> Duration {
    match revision {
        Revision::Edit { .. } => app.config.messages.edit_window,
        Revision::Recall => app.config.messages.recall_window,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Of everything that the client chose: the same id with another of these is a conflict.
fn digest(message: MessageId, revision: &Revision) -> [u8; 32] {
    let body = (revision.word(), message, revision.content());
    Sha256::digest(serde_json::to_vec(&body).unwrap_or_default()).into()
}

/// The entry as large as it can become.
fn provisional(caller: &Caller, new: &NewRevision) -> Entry {
    new.entry(Placed {
        room: RoomId(i64::MAX),
        seq: Seq(i64::MAX),
        target_seq: Seq(i64::MAX),
        sender_name: caller.name.clone(),
        content: new.revision.content().to_owned(),
        timestamp: new.now,
    })
}
