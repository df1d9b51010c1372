//! Finding messages by their words.

use shared::ids::MessageId;
use shared::model::{Listing, Message};
use shared::ports::{Search, StoreError};
use shared::search::{Query, indexed};
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::rows::{self, message_columns};

const KEEP: &str = "
insert into message_pieces (message_id, pieces) values (?1, ?2)
on conflict (message_id) do update set pieces = excluded.pieces";

/// Of the rooms of user ?1 (of room ?2 alone unless it is null), what holds ?3.
macro_rules! found {
    () => {
        "from message_index
         join message_pieces p on p.id = message_index.rowid
         join messages m on m.id = p.message_id
         join rooms r on r.id = m.room_id
         join room_members me on me.room_id = m.room_id and me.user_id = ?1
         where message_index match ?3
           and m.room_id = coalesce(?2, m.room_id)
           and (r.history_before_joining or m.seq > me.joined_seq)"
    };
}
const TOTAL: &str = concat!("select count(*) ", found!());
const PAGE: &str = concat!(
    "select ",
    message_columns!(),
    " from messages m join users s on s.id = m.sender_id where m.id in (select m.id ",
    found!(),
    " order by m.created_at desc, m.id desc limit ?4 offset ?5) order by m.created_at desc, m.id desc"
);

/// Keeps what the message is found by from now on: nothing, when it says nothing any more.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    message: MessageId,
    content: &str,
) -> Result<(), sqlx::Error> {
    let pieces = indexed(content).join(" ");
    query(KEEP).bind(message.0).bind(pieces).execute(connection).await?;
    Ok(())
}

pub(super) async fn search(
    connection: &mut SqliteConnection,
    search: &Search,
) -> Result<Listing<Message>, StoreError> {
    let (user, room, wanted) = (search.user.0, search.room.map(|room| room.0), wanted(&search.query));
    let total = query_scalar(TOTAL).bind(user).bind(room).bind(&wanted).fetch_one(&mut *connection).await?;
    let page = query(PAGE).bind(user).bind(room).bind(&wanted);
    let page = page.bind(search.page.size).bind(search.page.offset()).fetch_all(connection).await?;
    Ok(Listing { items: page.iter().map(rows::message).collect::<Result<_, _>>()?, total })
}

/// Pieces hold letters, digits and marks alone: between quotes nothing of them means anything.
fn wanted(query: &Query) -> String {
    let quoted: Vec<String> = query.pieces().iter().map(|piece| format!("\"{piece}\"")).collect();
    quoted.join(" AND ")
}
