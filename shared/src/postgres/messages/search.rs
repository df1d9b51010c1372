//! Finding messages by their words.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::query;
use uuid::Uuid;

use super::super::statements;
use super::message_of;
use crate::ids::UserId;
use crate::model::{Listing, Message};
use crate::ports::{Search, StoreError};
use crate::search::{Query, indexed};

/// What content is found by; null when there is nothing.
pub(super) fn pieces(content: &str) -> Option<Vec<String>> {
    Some(indexed(content)).filter(|pieces| !pieces.is_empty())
}

pub(super) async fn search(
    connection: &mut PgConnection,
    search: &Search,
) -> Result<Listing<Message>, StoreError> {
    let rows: Vec<PgRow> = query(statements::SEARCH)
        .bind(search.user.0)
        .bind(search.room.map(|room| room.0))
        .bind(tsquery(&search.query))
        .bind(i64::from(search.page.size))
        .bind(search.page.offset())
        .fetch_all(connection)
        .await?;
    super::listing(&rows)
}

/// What was found elsewhere, as it is here and now, less what `user` may not see any more.
pub(super) async fn of_now(
    connection: &mut PgConnection,
    user: UserId,
    found: Listing<Message>,
) -> Result<Listing<Message>, StoreError> {
    if found.items.is_empty() {
        return Ok(found);
    }
    let ids: Vec<Uuid> = found.items.iter().map(|message| message.message_id.0).collect();
    let rows = query(statements::FOUND).bind(user.0).bind(ids).fetch_all(connection).await?;
    let items = rows.iter().map(|row| message_of(row, "id", "created_at"));
    Ok(Listing { items: items.collect::<Result<_, _>>()?, total: found.total })
}

/// Pieces hold letters, digits and marks alone: between quotes nothing of them means anything.
fn tsquery(query: &Query) -> String {
    let quoted: Vec<String> = query.pieces().iter().map(|piece| format!("'{piece}'")).collect();
    quoted.join(" & ")
}
