use http::Method;
use serde_json::{Value, json};
use shared::chat::access::{Action, least_role};
use shared::ids::{RoomId, UserId};
use shared::model::{MemberRole, RoomType};
use shared::ports::NewRoom;

use super::world::{Answer, Hark, Person};

use MemberRole::{Admin, Member, Owner};
use RoomType::{Direct, Group, Public, Support};

/// The least role by action for groups and public rooms, then for direct and support rooms. Written out
/// here, so that the function's table can't change unseen.
const TABLE: [(Action, Option<MemberRole>, Option<MemberRole>); 9] = [
    (Action::Read, Some(Member), Some(Member)),
    (Action::Send, Some(Member), Some(Member)),
    (Action::Leave, Some(Member), None),
    (Action::Change, Some(Admin), None),
    (Action::AddMember, Some(Admin), None),
    (Action::RemoveMember, Some(Admin), None),
    (Action::Ban, Some(Admin), None),
    (Action::SetRole, Some(Owner), None),
    (Action::Delete, Some(Owner), None),
];

/// Everyone who tries; `subject` is who it is done to.
struct Cast<'a> {
    hark: &'a Hark,
    actor: Person<'a>,
    other: Person<'a>,
    subject: Person<'a>,
    newcomer: Person<'a>,
}

#[tokio::test]
async fn who_may_do_what_in_which_room() {
    let hark = Hark::start().await;
    let cast = Cast {
        hark: &hark,
        actor: hark.person("Actor").await,
        other: hark.person("Other").await,
        subject: hark.person("Subject").await,
        newcomer: hark.person("Newcomer").await,
    };
    for (action, open, fixed) in TABLE {
        for (kind, least) in [(Group, open), (Public, open), (Direct, fixed), (Support, fixed)] {
            assert_eq!(least_role(kind, action), least, "{action:?} in {kind:?}");
            for role in roles(kind) {
                cast.check(kind, role, action, least).await;
            }
        }
    }
}

/// None is somebody outside. The two of a direct room are plain members.
fn roles(kind: RoomType) -> Vec<Option<MemberRole>> {
    match kind {
        Direct => vec![None, Some(Member)],
        _ => vec![None, Some(Member), Some(Admin), Some(Owner)],
    }
}

impl Cast<'_> {
    async fn check(
        &self,
        kind: RoomType,
        role: Option<MemberRole>,
        action: Action,
        least: Option<MemberRole>,
    ) {
        let room = self.room(kind, role).await;
        let before = self.state(room).await;
        let answer = self.act(room, action).await;
        let what = format!("{action:?} in {kind:?} as {role:?}: {answer:?}");
        if least.is_some_and(|least| role >= Some(least)) {
            assert!((200..300).contains(&answer.status), "{what}");
        } else {
            assert_eq!((answer.status, answer.code()), (403, "forbidden"), "{what}");
            assert_eq!(self.state(room).await, before, "{what}");
        }
    }

    /// A fresh room with the subject in it, and the actor in that role.
    async fn room(&self, kind: RoomType, role: Option<MemberRole>) -> RoomId {
        let app = &self.hark.app;
        if kind == Direct {
            let one = if role.is_some() { self.actor.id } else { self.other.id };
            return app.rooms.direct(one, self.subject.id, app.clock.now()).await.unwrap().id;
        }
        let creator = if role == Some(Owner) { self.actor.id } else { self.other.id };
        let mut members = vec![self.subject.id];
        members.extend(role.map(|_| self.actor.id));
        let room = self.made(kind, creator, members).await;
        if role == Some(Admin) {
            app.rooms.set_role(room, self.actor.id, Admin).await.unwrap();
        }
        room
    }

    async fn made(&self, kind: RoomType, creator: UserId, members: Vec<UserId>) -> RoomId {
        let app = &self.hark.app;
        let name = format!("room {}", uuid::Uuid::now_v7());
        let new = NewRoom {
            kind,
            name,
            description: String::new(),
            history_before_joining: true,
            creator,
            members,
        };
        app.rooms.create(new, 100, app.clock.now()).await.unwrap().id
    }

    async fn act(&self, room: RoomId, action: Action) -> Answer {
        let ban = (Method::POST, format!("/api/v1/users/{}/ban", self.subject.id));
        let of_ban = json!({"room_id": room, "seconds": 60});
        let room = format!("/api/v1/rooms/{room}");
        let subject = format!("{room}/members/{}", self.subject.id);
        let messages = format!("{room}/messages");
        let members = format!("{room}/members");
        let (method, path, body) = match action {
            Action::Read => (Method::GET, messages, Value::Null),
            Action::Send => (Method::POST, messages, json!({"content": "hello"})),
            Action::Leave => (Method::POST, format!("{room}/leave"), Value::Null),
            Action::Change => (Method::PATCH, room, json!({"description": "changed"})),
            Action::AddMember => (Method::POST, members, json!({"user_ids": [self.newcomer.id]})),
            Action::RemoveMember => (Method::DELETE, subject, Value::Null),
            Action::Ban => (ban.0, ban.1, of_ban),
            Action::SetRole => (Method::PATCH, subject, json!({"role": "admin"})),
            Action::Delete => (Method::DELETE, room, Value::Null),
        };
        self.actor.call(method, &path, Some(body).filter(|body| !body.is_null())).await
    }

    /// Everything of a room that an action could change.
    async fn state(&self, room: RoomId) -> (Value, Value) {
        let rooms = &self.hark.app.rooms;
        let page = shared::model::Page { number: 1, size: 100 };
        let summary = rooms.summary(room, self.subject.id).await.unwrap();
        let members = rooms.members(room, page).await.unwrap().items;
        (serde_json::to_value(summary).unwrap(), serde_json::to_value(members).unwrap())
    }
}
