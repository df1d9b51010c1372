use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::access::{self, Action, Seat};
use shared::http::{At, Paging, Params, place};
use shared::identity::Caller;
use shared::ids::{RoomRef, Seq};
use shared::model::{Listing, Message, Page};
use shared::ports::Window;
use utoipa::{IntoParams, ToSchema};

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Another word for `page_size`.
    #[param(minimum = 1, maximum = 100)]
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
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum History {
    Page {
        messages: Vec<Message>,
        page: u32,
        page_size: u32,
        total: i64,
    },
    Window {
        messages: Vec<Message>,
        #[schema(required)]
        next: Option<Seq>,
        total: i64,
    },
}

/// `GET /api/v1/rooms/{room}/messages`: messages, `?page=&page_size=` with page 1 the newest, or the `page_size`
/// messages `?before=` or `?after=` a seq; always in the order of seq.
///
/// # Errors
/// `forbidden` (not in it), `invalid`.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/messages", params(("room" = RoomRef, Path), Paging, Query),
    responses((status = 200, description = "A page, or a window.", body = History)),
)]
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    Params(paging): Params<Paging>,
    Params(query): Params<Query>,
) -> Result<Json<History>, Error> {
    let part = query.part(paging)?;
    let seat = access::seat(&app, &caller, &room, Action::Read).await?;
    let room = &seat.room;
    let found = app.messages.history(room.id, visible_after(&seat), part.window(), room.last_seq).await?;
    Ok(Json(part.show(found)))
}

fn visible_after(seat: &Seat) -> Seq {
    if seat.room.history_before_joining { Seq(0) } else { seat.membership.joined_seq }
}

impl Query {
    fn part(&self, Paging { page, page_size }: Paging) -> Result<Part, Error> {
        let page_size = page_size.or(self.limit);
        match (place("before", self.before)?, place("after", self.after)?) {
            (None, None) => Ok(Part::Page(Paging { page, page_size }.page()?)),
            (Some(_), Some(_)) => Err(Error::invalid("before", "can't stand beside after")),
            _ if page.is_some() => Err(Error::invalid("page", "can't stand beside before or after")),
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
        let paging = |page| Paging { page, page_size: None };
        let page = Part::Page(Page { number: 2, size: 20 });
        assert_eq!(Query::default().part(paging(Some(2))).unwrap(), page);
        let before = Query { before: Some(Seq(9)), limit: Some(5), ..Query::default() };
        assert_eq!(before.part(paging(None)).unwrap(), Part::Before(Seq(9), 5));
        let both = Query { before: Some(Seq(9)), after: Some(Seq(1)), ..Query::default() };
        assert!(both.part(paging(None)).is_err());
        let after = |limit| Query { after: Some(Seq(1)), limit, ..Query::default() };
        assert!(after(None).part(paging(Some(1))).is_err());
        assert!(after(Some(101)).part(paging(None)).is_err());
        let early = |before| Query { before: Some(Seq(before)), ..Query::default() };
        assert!(early(0).part(paging(None)).is_ok());
        let refused = early(-1).part(paging(None)).unwrap_err();
        assert!(refused.message.starts_with("before: "), "{refused}");
    }
}
