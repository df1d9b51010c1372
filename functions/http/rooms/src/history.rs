use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::access::{self, Action, Seat};
use shared::http::{At, Paging, Params};
use shared::identity::Caller;
use shared::ids::{RoomRef, Seq};
use shared::model::{Listing, Message, Page};
use shared::ports::Window;

#[derive(Default, Deserialize)]
pub(crate) struct Query {
    page: Option<u32>,
    page_size: Option<u32>,
    /// Another word for `page_size`.
    limit: Option<u32>,
    before: Option<Seq>,
    after: Option<Seq>,
}

/// What of the log is asked for.
#[derive(Debug, PartialEq)]
enum Part {
    Page(Page),
    Before(Seq, u32),
    After(Seq, u32),
}

/// A page says which it is; a window says where the next one starts, null when there is none.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum History {
    Page { messages: Vec<Message>, page: u32, page_size: u32, total: i64 },
    Window { messages: Vec<Message>, next: Option<Seq>, total: i64 },
}

/// `GET /api/v1/rooms/{room}/messages`: `?page=&page_size=` with page 1 the newest, or the `page_size`
/// messages `?before=` or `?after=` a seq; always in the order of seq.
///
/// # Errors
/// `forbidden` (not in it), `invalid`.
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    Params(query): Params<Query>,
) -> Result<Json<History>, Error> {
    let part = query.part()?;
    let seat = access::seat(&app, &caller, &room, Action::Read).await?;
    let found = app.messages.history(seat.room.id, visible_after(&seat), part.window()).await?;
    Ok(Json(part.show(found)))
}

fn visible_after(seat: &Seat) -> Seq {
    if seat.room.history_before_joining { Seq(0) } else { seat.membership.joined_seq }
}

impl Query {
    fn part(&self) -> Result<Part, Error> {
        let page_size = self.page_size.or(self.limit);
        match (self.before, self.after) {
            (None, None) => Ok(Part::Page(Paging { page: self.page, page_size }.page()?)),
            (Some(_), Some(_)) => Err(Error::invalid("before", "can't stand beside after")),
            _ if self.page.is_some() => Err(Error::invalid("page", "can't stand beside before or after")),
            (Some(seq), None) => Ok(Part::Before(seq, Paging::size(page_size)?)),
            (None, Some(seq)) => Ok(Part::After(seq, Paging::size(page_size)?)),
        }
    }
}

impl Part {
    /// One more than asked for tells whether there is a next window.
    fn window(&self) -> Window {
        match *self {
            Self::Page(page) => Window::Page(page),
            Self::Before(seq, size) => Window::Before { seq, limit: size + 1 },
            Self::After(seq, size) => Window::After { seq, limit: size + 1 },
        }
    }

    fn show(&self, found: Listing<Message>) -> History {
        let Listing { items: mut messages, total } = found;
        match *self {
            Self::Page(Page { number, size }) => {
                History::Page { messages, page: number, page_size: size, total }
            }
            Self::Before(_, size) => {
                let more = messages.len().saturating_sub(size as usize);
                messages.drain(..more);
                let next = messages.first().map(|first| first.seq).filter(|_| more > 0);
                History::Window { messages, next, total }
            }
            Self::After(_, size) => {
                let more = messages.len() > size as usize;
                messages.truncate(size as usize);
                let next = messages.last().map(|last| last.seq).filter(|_| more);
                History::Window { messages, next, total }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_asks_for_a_page_or_for_one_window() {
        let part = |query: Query| query.part();
        let page = Part::Page(Page { number: 2, size: 20 });
        assert_eq!(part(Query { page: Some(2), ..Query::default() }).unwrap(), page);
        let before = Query { before: Some(Seq(9)), limit: Some(5), ..Query::default() };
        assert_eq!(part(before).unwrap(), Part::Before(Seq(9), 5));
        let both = Query { before: Some(Seq(9)), after: Some(Seq(1)), ..Query::default() };
        assert!(part(both).is_err());
        assert!(part(Query { page: Some(1), after: Some(Seq(1)), ..Query::default() }).is_err());
        assert!(part(Query { after: Some(Seq(1)), limit: Some(101), ..Query::default() }).is_err());
    }
}
