//! Who leaves has nothing more to do with customer service.

use std::sync::Arc;

use http::Method;
use local::embedded::bus::{InProcessBus, Queues};
use serde_json::json;
use shared::app::App;
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, Role, Session, SessionState, Status};
use shared::ports::{NewSession, QUEUE_ASSIGNMENTS, QUEUE_STAFF_STATUS};

use super::world::Hark;

async fn world() -> (Hark, Arc<Queues>) {
    let queues = Arc::new(Queues::default());
    let bus = Arc::new(InProcessBus::new(queues.clone(), 1));
    (Hark::start_with(|app| App { bus, ..app }).await, queues)
}

async fn online(hark: &Hark, staff: UserId) {
    let terms = hark.app.config.support.terms(hark.app.clock.now());
    hark.app.desk.set_status(staff, Status::Online, terms).await.unwrap();
}

async fn open(hark: &Hark, visitor: UserId) -> SessionId {
    let new = NewSession { visitor, team: String::new(), subject: String::new(), out_of_hours: false };
    let terms = hark.app.config.support.terms(hark.app.clock.now());
    hark.app.desk.open(new, terms).await.unwrap().0.id
}

async fn seen(hark: &Hark, session: SessionId) -> Session {
    hark.app.desk.session(session).await.unwrap().unwrap()
}

#[tokio::test]
async fn who_deletes_their_account_gives_back_what_they_serve() {
    let (hark, queues) = world().await;
    let (sam, vera) = (hark.person_as("Sam", Role::Staff).await, hark.person("Vera").await);
    online(&hark, sam.id).await;
    let session = open(&hark, vera.id).await;
    assert_eq!(seen(&hark, session).await.state, SessionState::Active);
    sam.delete("/api/v1/users/me").await.ok();
    assert_eq!(seen(&hark, session).await.state, SessionState::Queued);
    assert_eq!(hark.app.desk.staff_member(sam.id, 5).await.unwrap(), None);
    assert_eq!((queues.waiting(QUEUE_ASSIGNMENTS), queues.waiting(QUEUE_STAFF_STATUS)), (1, 1));
}

#[tokio::test]
async fn who_deletes_their_account_ends_what_they_opened() {
    let (hark, queues) = world().await;
    let vera = hark.person_as("Vera", Role::Visitor).await;
    let session = open(&hark, vera.id).await;
    vera.delete("/api/v1/users/me").await.ok();
    let session = seen(&hark, session).await;
    assert_eq!((session.state, session.closed_by), (SessionState::Closed, Some(ClosedBy::System)));
    assert_eq!(queues.waiting(QUEUE_ASSIGNMENTS), 1);
}

#[tokio::test]
async fn who_is_staff_no_more_gives_back_what_they_serve() {
    let (hark, queues) = world().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let (sam, vera) = (hark.person_as("Sam", Role::Staff).await, hark.person("Vera").await);
    online(&hark, sam.id).await;
    let session = open(&hark, vera.id).await;
    let role =
        async |role| admin.call(Method::PUT, "/api/v1/users/sam/role", Some(json!({"role": role}))).await;
    role("admin").await.ok();
    assert_eq!(seen(&hark, session).await.state, SessionState::Active, "admins serve as well");
    role("user").await.ok();
    assert_eq!(seen(&hark, session).await.state, SessionState::Queued);
    assert_eq!((queues.waiting(QUEUE_ASSIGNMENTS), queues.waiting(QUEUE_STAFF_STATUS)), (1, 1));
}
