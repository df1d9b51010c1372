//! What visitors and staff are told over their sockets, and the words in which cases speak of it.

use serde_json::{Value, json};
use shared::desk::Terms;
use shared::ids::{SessionId, UserId};
use shared::model::{Session, Status};

use super::desk::SESSIONS;
use crate::hark::{Client, Hark, Socket, eventually};

/// Nobody wants to wait a minute and a quarter for every case.
pub const GRACES: [(&str, &str); 2] = [("OFFLINE_GRACE", "1"), ("STAFF_OFFLINE_GRACE", "1")];
/// One session each, so that the second visitor waits.
pub const ONE_PLACE: (&str, &str) = ("STAFF_MAX_SESSIONS", "1");

impl Hark {
    pub fn terms(&self) -> Terms {
        let app = self.running.app();
        app.config.support.terms(app.clock.now())
    }

    pub async fn visitor_called(&self, nickname: &str) -> Client {
        self.visitor_who(&json!({"name": nickname})).await
    }

    /// A session of that visitor at the one desk.
    pub async fn opened(&self, visitor: &Client) -> Session {
        let session = self.session(visitor, &json!({})).await;
        self.current(SessionId(session["id"].as_i64().unwrap())).await
    }

    pub async fn handed_on(&self, session: SessionId, by: &Client, to: &Client) {
        self.post(by, &format!("{SESSIONS}/{session}/transfer"), &json!({"to": to.id})).await.expect(200);
    }

    pub async fn closed(&self, session: SessionId, by: &Client) {
        self.post(by, &format!("{SESSIONS}/{session}/close"), &json!({})).await.expect(200);
    }

    /// How a session stands.
    pub async fn current(&self, id: SessionId) -> Session {
        self.running.app().desk.session(id).await.unwrap().expect("the session")
    }

    /// How a staff member stands at the desk; None: never stood there.
    pub async fn stands(&self, staff: &Client) -> Option<Status> {
        let member = self.running.app().desk.staff_member(UserId(staff.id), 5).await.unwrap();
        member.map(|member| member.status)
    }

    /// A socket of a staff member, who serves by then.
    pub async fn serves(&self, staff: &Client) -> Socket {
        let socket = self.connect(staff).await;
        self.until_stands(staff, Status::Online).await;
        socket
    }

    pub async fn until_stands(&self, staff: &Client, status: Status) {
        eventually(async || self.stands(staff).await == Some(status)).await;
    }

    /// Returns once everything that was announced is told and settled.
    pub async fn settled(&self) {
        eventually(async || self.running.app().outbox.backlog().await.unwrap().0 == 0).await;
    }
}

/// The next `assignment` of a session that shows it like that; null: nobody has it.
pub async fn assigned(socket: &mut Socket, session: &Session, state: &str, staff: Option<&Client>) -> Value {
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
pub async fn position(socket: &mut Socket, session: &Session) -> (i64, Option<i64>) {
    let frame = socket.next_of("queue_position").await;
    assert_eq!(frame["session_id"], session.id.0, "{frame}");
    let position = frame["position"].as_i64().expect("a position");
    assert_eq!(frame["ahead"], position - 1, "{frame}");
    (position, frame["estimated_wait_s"].as_i64())
}
