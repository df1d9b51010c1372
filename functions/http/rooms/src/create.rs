use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::{blocking, members};
use shared::contract::Conflict;
use shared::http::Body;
use shared::identity::Caller;
use shared::ids::{NameOr, UserId, UserRef};
use shared::model::{Role, Room, RoomType};
use shared::names::{Description, RoomName};
use shared::ports::{Change, NewRoom, RoomsError};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewRoom)]
pub(crate) struct RoomBody {
    name: Option<RoomName>,
    description: Option<Description>,
    #[serde(default, rename = "type")]
    kind: Kind,
    /// Besides the caller.
    #[serde(default)]
    member_ids: Vec<UserId>,
    /// The other one of a direct room, by id or name, in place of `member_ids`.
    to: Option<UserRef>,
    #[serde(default = "yes")]
    history_before_joining: bool,
}

/// What can be made here; support rooms come with their session.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NewRoomType)]
enum Kind {
    #[default]
    Group,
    Public,
    Direct,
}

const fn yes() -> bool {
    true
}

/// `POST /api/v1/rooms`: makes a room with its first members, who hear of it. A direct room is the pair's one:
/// the second time it answers the first one.
///
/// # Errors
/// `invalid` naming the field, and the user that doesn't exist; `forbidden` by visitors and with one, naming the
/// field; `conflict` when a public name is taken.
#[utoipa::path(
    post, path = "/api/v1/rooms", request_body = RoomBody,
    responses((status = 201, description = "The room.", body = Room), Conflict),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<RoomBody>,
) -> Result<(StatusCode, Json<Room>), Error> {
    if caller.role == Role::Visitor {
        return Err(Error::forbidden("visitors have their own session only"));
    }
    let room = match body.kind {
        Kind::Direct => direct(&app, &caller, body.peer()?).await?,
        Kind::Group => named(&app, &caller, RoomType::Group, body).await?,
        Kind::Public => named(&app, &caller, RoomType::Public, body).await?,
    };
    Ok((StatusCode::CREATED, Json(room)))
}

/// The other one hears of a direct room with its first message.
async fn direct(app: &App, caller: &Caller, (field, peer): (&str, UserRef)) -> Result<Room, Error> {
    let peer = match peer {
        NameOr::Id(peer) => peer,
        NameOr::Name(_) => {
            let found = app.accounts.find(&peer).await?;
            found.ok_or_else(|| Error::not_found(format!("{field}: no such user")))?.id
        }
    };
    if peer == caller.user {
        return Err(Error::invalid(field, "is yourself"));
    }
    match app.rooms.direct(caller.user, peer, app.clock.now()).await {
        Err(RoomsError::Visitor(visitor)) => Err(Error::visitor(field, visitor)),
        made => Ok(made?),
    }
}

async fn named(app: &App, caller: &Caller, kind: RoomType, body: RoomBody) -> Result<Room, Error> {
    let new = body.into_room(kind, caller.user)?;
    let users = everyone(&new);
    blocking::check(app, caller.user, &new.members).await?;
    let room = app.rooms.create(new, app.config.chat.room_max_members, app.clock.now()).await?;
    let Room { id, members_version, last_seq, .. } = room;
    members::joined(app, &Change { room: id, users, members_version, last_seq }).await;
    Ok(room)
}

/// The creator first, each once.
fn everyone(new: &NewRoom) -> Vec<UserId> {
    let mut users = vec![new.creator];
    let mut others = new.members.clone();
    others.sort_unstable();
    others.dedup();
    users.extend(others.into_iter().filter(|user| *user != new.creator));
    users
}

impl RoomBody {
    /// The other one of a direct room, and the field that names them.
    fn peer(&self) -> Result<(&'static str, UserRef), Error> {
        if self.name.is_some() {
            return Err(Error::invalid("name", "a direct room has none"));
        }
        match (&self.to, &self.member_ids[..]) {
            (Some(peer), []) => Ok(("to", peer.clone())),
            (None, [peer]) => Ok(("member_ids", NameOr::Id(*peer))),
            (Some(_), _) => Err(Error::invalid("to", "can't stand beside member_ids")),
            (None, _) => Err(Error::invalid("member_ids", "a direct room takes exactly one")),
        }
    }

    fn into_room(self, kind: RoomType, creator: UserId) -> Result<NewRoom, Error> {
        if self.to.is_some() {
            return Err(Error::invalid("to", "is for direct rooms"));
        }
        let name = self.name.ok_or_else(|| Error::invalid("name", "is missing"))?;
        Ok(NewRoom {
            kind,
            name: name.into_string(),
            description: self.description.map(Description::into_string).unwrap_or_default(),
            history_before_joining: self.history_before_joining,
            creator,
            members: self.member_ids,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use shared::frames::decode_body;

    fn read(body: &serde_json::Value) -> Result<RoomBody, Error> {
        decode_body(body.to_string().as_bytes())
    }

    #[test]
    fn a_room_is_a_group_that_shows_its_history_unless_said_otherwise() {
        let room = read(&json!({"name": "群聊名称"})).unwrap().into_room(RoomType::Group, UserId(1)).unwrap();
        assert!(room.history_before_joining && room.members.is_empty() && room.description.is_empty());
    }

    #[test]
    fn a_direct_room_takes_one_member_and_no_name() {
        let peer = |body| read(&body).and_then(|body| body.peer());
        let two = NameOr::Id(UserId(2));
        assert_eq!(peer(json!({"type": "direct", "member_ids": [2]})).unwrap(), ("member_ids", two.clone()));
        assert_eq!(peer(json!({"type": "direct", "to": 2})).unwrap(), ("to", two));
        let bob = NameOr::Name("bob".to_owned());
        assert_eq!(peer(json!({"type": "direct", "to": "bob"})).unwrap(), ("to", bob));
        assert!(peer(json!({"type": "direct", "to": 2, "member_ids": [2]})).is_err());
        assert!(peer(json!({"type": "direct", "member_ids": [2, 3]})).is_err());
        assert!(peer(json!({"type": "direct"})).is_err());
        assert!(peer(json!({"type": "direct", "name": "us", "member_ids": [2]})).is_err());
    }

    #[test]
    fn a_refusal_names_the_field() {
        let refusal = |body| read(&body).err().map(|error| error.message).unwrap_or_default();
        assert!(refusal(json!({"name": "n", "type": "support"})).starts_with("type: "));
        assert!(refusal(json!({"name": "n", "member_ids": [1, "x"]})).starts_with("member_ids[1]: "));
        assert!(refusal(json!({"name": "42"})).starts_with("name: "));
        let to = read(&json!({"name": "n", "to": 2})).unwrap().into_room(RoomType::Group, UserId(1));
        assert!(to.unwrap_err().message.starts_with("to: "));
        let nameless = read(&json!({})).unwrap().into_room(RoomType::Group, UserId(1));
        assert!(nameless.unwrap_err().message.starts_with("name: "));
    }

    #[test]
    fn everyone_is_named_once() {
        let body = read(&json!({"name": "n", "member_ids": [3, 1, 2, 3]})).unwrap();
        let room = body.into_room(RoomType::Group, UserId(1)).unwrap();
        assert_eq!(everyone(&room), [UserId(1), UserId(2), UserId(3)]);
    }
}
