//! Customer service as visitors and staff meet it: through sockets, with `assign` telling them.

mod crowd;
mod lifecycle;
mod replay;

use serde_json::{Value, json};
use shared::desk::Terms;
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, Session, Status};
use shared::ports::{Arrival, Changes, Destination, NewSession};
use shared::support::announce;

use crate::hark::{Client, Hark, Socket, eventually};

/// Nobody wants to wait a minute and a quarter for every case.
const GRACES: [(&str, &str); 2] = [("OFFLINE_GRACE", "1"), ("STAFF_OFFLINE_GRACE", "1")];
/// One session each, so that the second visitor waits.
const ONE_PLACE: (&str, &str) = ("STAFF_MAX_SESSIONS", "1");

impl Hark {
    fn terms(&self) -> Terms {
        let app = self.running.app();
        app.config.support.terms(app.clock.now())
    }

    async fn visitor(&self, name: &str) -> Client {
        let mut key_digest = [0; 32];
        key_digest[..name.len()].copy_from_slice(name.as_bytes());
        let arrival = Arrival {
            key_digest,
            username: format!("visitor-{name}"),
            nickname: Some(name.to_owned()),
            page: None,
            metadata: None,
        };
        let app = self.running.app();
        let account = app.visitors.enter(arrival, app.clock.now()).await.expect("enter");
        self.token_for(&account)
    }

    async fn announced(&self, (session, changes): (Session, Changes)) -> Session {
        announce(self.running.app(), changes).await;
        session
    }

    async fn open_session(&self, visitor: &Client) -> Session {
        let (visitor, team) = (UserId(visitor.id), String::new());
        let new = NewSession { visitor, team, subject: "My order".to_owned(), out_of_hours: false };
        let opened = self.running.app().desk.open(new, self.terms()).await.expect("open");
        self.announced(opened).await
    }

    async fn transfer(&self, session: SessionId, to: &Client, by: &Client) -> Session {
        let (to, by) = (Destination::Person(UserId(to.id)), UserId(by.id));
        let moved = self.running.app().desk.transfer(session, to, by, self.terms()).await;
        self.announced(moved.expect("transfer")).await
    }

    async fn close_session(&self, session: SessionId, by: ClosedBy) -> Session {
        let closed = self.running.app().desk.close(session, by, None, self.terms()).await.expect("close");
        self.announced(closed).await
    }

    async fn session(&self, id: SessionId) -> Session {
        self.running.app().desk.session(id).await.unwrap().expect("the session")
    }

    /// How a staff member stands at the desk; None: never stood there.
    async fn stands(&self, staff: &Client) -> Option<Status> {
        let member = self.running.app().desk.staff_member(UserId(staff.id), 5).await.unwrap();
        member.map(|member| member.status)
    }

    /// A socket of a staff member, who serves by then.
    async fn serves(&self, staff: &Client) -> Socket {
        let socket = self.connect(staff).await;
        self.until_stands(staff, Status::Online).await;
        socket
    }

    async fn until_stands(&self, staff: &Client, status: Status) {
        eventually(async || self.stands(staff).await == Some(status)).await;
    }

    /// Everything that was announced is told and settled.
    async fn settled(&self) {
        eventually(async || self.running.app().outbox.backlog().await.unwrap().0 == 0).await;
    }
}

/// The next `assignment` of a session that shows it like that; null: nobody has it.
async fn assigned(socket: &mut Socket, session: &Session, state: &str, staff: Option<&Client>) -> Value {
    let staff = staff.map_or(Value::Null, |staff| json!(staff.id));
    let frame = socket
        .next_where(|frame| {
            let of_it = frame["type"] == "assignment" && frame["session_id"] == session.id.0;
            of_it && frame["state"] == state && frame["staff"].get("id").unwrap_or(&Value::Null) == &staff
        })
        .await;
    assert_eq!((&frame["room_id"], &frame["team"]), (&json!(session.room_id), &json!("")), "{frame}");
    assert_eq!(frame["visitor"]["id"], session.visitor.id.0, "{frame}");
    frame
}

/// The next position that a visitor is told, and the estimate.
async fn position(socket: &mut Socket, session: &Session) -> (i64, Option<i64>) {
    let frame = socket.next_of("queue_position").await;
    assert_eq!(frame["session_id"], session.id.0, "{frame}");
    let position = frame["position"].as_i64().expect("a position");
    assert_eq!(frame["ahead"], position - 1, "{frame}");
    (position, frame["estimated_wait_s"].as_i64())
}
