use std::collections::BTreeSet;

use futures::future::try_join_all;
use shared::app::App;
use shared::model::{Entry, Message};
use shared::ports::StoreError;

/// Keeps a copy of each message for whoever reads Redis alone; of one that was edited or recalled, as it
/// is now.
///
/// # Errors
/// When the store is away. Presence being away costs the copies and no more.
pub(crate) async fn keep(app: &App, entries: impl Iterator<Item = Entry>) -> Result<(), StoreError> {
    let (mut copies, mut changed) = (Vec::new(), BTreeSet::new());
    for entry in entries {
        match entry {
            Entry::Message(message) => copies.push(message),
            revision => {
                changed.insert(revision.message_id());
            }
        }
    }
    let current = try_join_all(changed.into_iter().map(|message| app.messages.message(message))).await?;
    copies.extend(current.into_iter().flatten());
    cache(app, &copies).await;
    Ok(())
}

async fn cache(app: &App, copies: &[Message]) {
    if let Err(error) = app.presence.cache_messages(copies).await {
        tracing::warn!(%error, "no copies kept");
    }
}
