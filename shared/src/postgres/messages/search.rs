//! Finding messages by their words.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::query;

use super::super::statements;
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

/// Pieces hold letters, digits and marks alone: between quotes nothing of them means anything.
fn tsquery(query: &Query) -> String {
    let quoted: Vec<String> = query.pieces().iter().map(|piece| format!("'{piece}'")).collect();
    quoted.join(" & ")
}
