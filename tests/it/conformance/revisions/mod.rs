//! The rules of `Messages::revise`: edits and recalls.

mod entries;
mod refusals;
mod repeats;

use shared::clock::UnixMs;
use shared::ids::{ClientMessageId, MessageId, RoomId, UserId};
use shared::model::Message;
use shared::ports::{MessagesError, NewRevision, Revised, Revision};

use super::stores::{NOW, Stores};

const LONG_AGO: UnixMs = UnixMs(0);

/// A revision that is never too late.
pub(super) fn revision(
    room: Option<RoomId>,
    sender: UserId,
    message: MessageId,
    id: &str,
    what: &Revision,
) -> NewRevision {
    let mut digest = [0; 32];
    for (at, byte) in format!("{message}{what:?}").bytes().enumerate() {
        digest[at % 32] ^= byte.rotate_left(u32::try_from(at).unwrap() / 32);
    }
    NewRevision {
        id: MessageId::at(NOW),
        message,
        room,
        sender,
        client_id: ClientMessageId::parse(id).unwrap(),
        digest,
        revision: what.clone(),
        not_before: LONG_AGO,
        now: NOW.plus(60_000),
    }
}

pub(super) fn edit(content: &str) -> Revision {
    Revision::Edit { content: content.to_owned() }
}

async fn pair(stores: &Stores) -> (UserId, UserId, RoomId) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    (ann, bob, room)
}

async fn revise(
    stores: &Stores,
    sender: UserId,
    message: MessageId,
    id: &str,
    what: &Revision,
) -> Result<Revised, MessagesError> {
    stores.messages.revise(&revision(None, sender, message, id, what)).await
}

async fn read(stores: &Stores, message: MessageId) -> Message {
    stores.messages.message(message).await.unwrap().unwrap()
}

#[track_caller]
fn refused(outcome: &Result<Revised, MessagesError>, expected: &MessagesError) {
    let error = outcome.as_ref().unwrap_err();
    assert_eq!(std::mem::discriminant(error), std::mem::discriminant(expected), "{error:?}");
}
