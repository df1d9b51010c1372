use futures::future::join_all;
use shared::ids::{SessionId, UserId};
use shared::model::{MemberRole, Page, RoomType, SessionState};
use shared::ports::{DeskError, NewSession, SessionFilter};

use super::super::stores::{FIRST_PAGE, NOW, Stores};
use super::{at, new_session};

on_every_engine! {
    a_session_has_a_room_with_the_visitor_in_it,
    whoever_serves_comes_into_the_room,
    a_visitor_has_one_session_at_a_time,
    racing_openings_make_one_session,
    nobody_opens_none,
    a_session_that_nobody_opened_is_none,
    sessions_are_listed_by_what_they_are,
}

async fn a_session_has_a_room_with_the_visitor_in_it(stores: &Stores) {
    let vera = stores.visitor("vera").await;
    let new = NewSession { out_of_hours: true, ..new_session(vera, "sales") };
    let (session, changes) = stores.desk.open(new, at(NOW)).await.unwrap();
    assert_eq!((session.visitor.id, session.visitor.nickname.as_str()), (vera, "vera"));
    assert_eq!((session.team.as_str(), session.subject.as_str()), ("sales", "a parcel"));
    assert_eq!((session.state, session.staff.clone()), (SessionState::Queued, None));
    assert_eq!((session.opened_at, session.first_assigned_at, session.assigned_at), (NOW, None, None));
    assert!(session.out_of_hours);
    assert_eq!(stores.room(session.room_id).await.kind, RoomType::Support);
    assert_eq!(stores.roles(session.room_id).await, [(vera, MemberRole::Member)]);
    assert_eq!(changes.sessions.len(), 1);
    assert_eq!(stores.seen(session.id).await, session);
}

async fn whoever_serves_comes_into_the_room(stores: &Stores) {
    let (vera, sam) = (stores.visitor("vera").await, stores.serves("sam").await);
    let session = stores.open(vera).await;
    assert_eq!((session.state, session.staff.as_ref().unwrap().id), (SessionState::Active, sam));
    assert!(session.assigned_at.is_some());
    assert_eq!(session.first_assigned_at, session.assigned_at);
    let members = [(vera, MemberRole::Member), (sam, MemberRole::Admin)];
    assert_eq!(stores.roles(session.room_id).await, members);
    stores.say(session.room_id, sam, "hello").await;
    stores.say(session.room_id, vera, "hi").await;
}

async fn a_visitor_has_one_session_at_a_time(stores: &Stores) {
    let vera = stores.visitor("vera").await;
    let first = stores.open(vera).await;
    let again = stores.desk.open(new_session(vera, "sales"), stores.terms()).await.unwrap();
    assert_eq!(again.0, first);
    assert_eq!((again.1.sessions.len(), again.1.staff.len()), (0, 0));
    stores.end(first.id).await;
    let next = stores.open(vera).await;
    assert_ne!((next.id, next.room_id), (first.id, first.room_id));
    assert_eq!(stores.rows_in("sessions").await, 2);
}

async fn racing_openings_make_one_session(stores: &Stores) {
    let vera = stores.visitor("vera").await;
    stores.serves("sam").await;
    let racers = (0..8).map(|_| stores.open(vera));
    let opened = join_all(racers).await;
    assert!(opened.iter().all(|session| session.id == opened[0].id), "{opened:?}");
    assert_eq!((stores.rows_in("sessions").await, stores.rows_in("rooms").await), (1, 1));
}

async fn nobody_opens_none(stores: &Stores) {
    let nobody = UserId(999_999);
    let refused = stores.desk.open(new_session(nobody, ""), stores.terms()).await;
    assert!(matches!(refused, Err(DeskError::UnknownUser(user)) if user == nobody), "{refused:?}");
    assert_eq!((stores.rows_in("rooms").await, stores.rows_in("outbox").await), (0, 0));
}

async fn a_session_that_nobody_opened_is_none(stores: &Stores) {
    assert_eq!(stores.desk.session(SessionId(999_999)).await.unwrap(), None);
    assert_eq!(stores.desk.place(SessionId(999_999), 5).await.unwrap(), None);
}

async fn sessions_are_listed_by_what_they_are(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let served = stores.waits("vera").await;
    let queued = stores.waits("will").await;
    let wanda = stores.visitor("wanda").await;
    let elsewhere = stores.open_for(wanda, "sales").await.id;
    let listed = async |filter: SessionFilter| -> Vec<SessionId> {
        let found = stores.desk.sessions(&filter, FIRST_PAGE).await.unwrap();
        assert_eq!(found.total, i64::try_from(found.items.len()).unwrap());
        found.items.iter().map(|session| session.id).collect()
    };
    let any = SessionFilter::default();
    assert_eq!(listed(any.clone()).await, [elsewhere, queued, served]);
    let state = Some(SessionState::Queued);
    assert_eq!(listed(SessionFilter { state, ..any.clone() }).await, [elsewhere, queued]);
    assert_eq!(listed(SessionFilter { team: Some(String::new()), ..any.clone() }).await, [queued, served]);
    assert_eq!(listed(SessionFilter { staff: Some(sam), ..any.clone() }).await, [served]);
    assert_eq!(listed(SessionFilter { visitor: Some(wanda), ..any.clone() }).await, [elsewhere]);
    let second = stores.desk.sessions(&any, Page { number: 2, size: 2 }).await.unwrap();
    assert_eq!((second.items.len(), second.items[0].id, second.total), (1, served, 3));
}
