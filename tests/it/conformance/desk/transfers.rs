use shared::ids::{SessionId, UserId};
use shared::model::{MemberRole, SessionState, Status};
use shared::ports::{DeskError, Destination, SessionStep};

use super::super::stores::Stores;

on_every_engine! {
    a_session_goes_to_another,
    a_session_goes_from_the_queue_to_somebody,
    a_handed_on_session_frees_a_place,
    who_hands_one_on_is_idle_from_then_on,
    nobody_is_given_what_they_can_not_serve,
    what_is_closed_or_unknown_goes_nowhere,
    to_whoever_has_it_nothing_changes,
    a_session_goes_to_another_team,
    a_session_goes_back_to_its_queue,
    a_queued_session_changes_its_queue,
    what_waits_in_a_queue_is_not_sent_there,
}

async fn a_session_goes_to_another(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await;
    let sue = stores.serves_in("sue", "sales", 5).await;
    let to = Destination::Person(sue);
    let (after, changes) = stores.desk.transfer(session.id, to, sam, stores.terms()).await.unwrap();
    assert_eq!((after.state, after.staff.as_ref().unwrap().id), (SessionState::Active, sue));
    assert_eq!(after.first_assigned_at, session.first_assigned_at);
    assert!(after.assigned_at > session.assigned_at);
    let members = [(vera, MemberRole::Member), (sue, MemberRole::Admin)];
    assert_eq!(stores.roles(session.room_id).await, members);
    let [changed] = &changes.sessions[..] else { panic!("{changes:?}") };
    assert_eq!((changed.step, changed.before, changed.by), (SessionStep::Transferred, Some(sam), Some(sam)));
    assert_eq!(changed.queues, Vec::<String>::new());
    assert_eq!(changed.members_version, stores.room(session.room_id).await.members_version);
}

async fn a_session_goes_from_the_queue_to_somebody(stores: &Stores) {
    let sue = stores.serves_in("sue", "sales", 5).await;
    let waiting = stores.waits("v1").await;
    let to = Destination::Person(sue);
    let (after, changes) = stores.desk.transfer(waiting, to, sue, stores.terms()).await.unwrap();
    assert_eq!(after.staff.unwrap().id, sue);
    assert_eq!((changes.sessions[0].before, &changes.sessions[0].queues[..]), (None, &[String::new()][..]));
}

async fn a_handed_on_session_frees_a_place(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    let sue = stores.serves_in("sue", "sales", 1).await;
    stores.hand(first, Destination::Person(sue), sam).await;
    assert_eq!(stores.servers([first, second]).await, [Some(sue), Some(sam)]);
}

async fn who_hands_one_on_is_idle_from_then_on(stores: &Stores) {
    let kim = stores.serves_in("kim", "sales", 5).await;
    let away = [Destination::Person(kim), Destination::Team("repairs".to_owned())];
    for (n, to) in away.into_iter().enumerate() {
        let (sam, sue) = (stores.serves(&format!("sam{n}")).await, stores.serves(&format!("sue{n}")).await);
        let sams = stores.waits(&format!("v{n}")).await;
        let sues = stores.waits(&format!("w{n}")).await;
        assert_eq!(stores.servers([sams, sues]).await, [Some(sam), Some(sue)]);
        stores.end(sues).await;
        stores.hand(sams, to, sam).await;
        // Sue's ended earlier, though Sam's was given earlier.
        let next = stores.waits(&format!("x{n}")).await;
        assert_eq!(stores.server(next).await, Some(sue));
        for staff in [sam, sue] {
            stores.stands(staff, Status::Busy).await;
        }
    }
}

async fn refused(stores: &Stores, session: SessionId, to: UserId) -> DeskError {
    let before = (stores.rows_in("session_events").await, stores.rows_in("outbox").await);
    let outcome = stores.desk.transfer(session, Destination::Person(to), to, stores.terms()).await;
    let after = (stores.rows_in("session_events").await, stores.rows_in("outbox").await);
    assert_eq!(before, after);
    outcome.unwrap_err()
}

async fn nobody_is_given_what_they_can_not_serve(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let session = stores.waits("v1").await;
    let sue = stores.serves_in("sue", "sales", 1).await;
    let vera = stores.visitor("vera").await;
    stores.open_for(vera, "sales").await;
    let full = refused(stores, session, sue).await;
    assert!(matches!(full, DeskError::Full { user, most: 1 } if user == sue), "{full:?}");
    for status in [Status::Busy, Status::Away, Status::Offline] {
        stores.stands(sue, status).await;
        let away = refused(stores, session, sue).await;
        assert!(matches!(away, DeskError::NotServing(user) if user == sue), "{away:?}");
    }
    let stranger = refused(stores, session, vera).await;
    assert!(matches!(stranger, DeskError::NotServing(user) if user == vera), "{stranger:?}");
    assert_eq!(stores.server(session).await, Some(sam));
}

async fn what_is_closed_or_unknown_goes_nowhere(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let session = stores.waits("v1").await;
    stores.end(session).await;
    let closed = refused(stores, session, sam).await;
    assert!(matches!(closed, DeskError::Closed), "{closed:?}");
    let unknown = refused(stores, SessionId(999_999), sam).await;
    assert!(matches!(unknown, DeskError::NotFound), "{unknown:?}");
}

async fn to_whoever_has_it_nothing_changes(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let session = stores.waits("v1").await;
    let before = stores.seen(session).await;
    // Though they are full, and away.
    for status in [Status::Online, Status::Away] {
        stores.stands(sam, status).await;
        let to = Destination::Person(sam);
        let (after, changes) = stores.desk.transfer(session, to, sam, stores.terms()).await.unwrap();
        assert_eq!((after, changes.sessions.len()), (before.clone(), 0));
    }
}

async fn a_session_goes_to_another_team(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await;
    let waiting = stores.hand(session.id, Destination::Team("sales".to_owned()), sam).await;
    assert_eq!((waiting.state, waiting.team.as_str(), waiting.staff), (SessionState::Queued, "sales", None));
    assert_eq!(waiting.opened_at, session.opened_at);
    assert_eq!(stores.roles(session.room_id).await, [(vera, MemberRole::Member)]);
    let sue = stores.serves_in("sue", "sales", 1).await;
    assert_eq!(stores.server(session.id).await, Some(sue));
    let served = stores.seen(session.id).await;
    assert_eq!(served.first_assigned_at, session.first_assigned_at, "they were served before");
    assert!(served.assigned_at > session.assigned_at);
}

async fn a_session_goes_back_to_its_queue(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let first = stores.waits("v1").await;
    let (second, third) = (stores.waits("v2").await, stores.waits("v3").await);
    stores.stands(sam, Status::Busy).await;
    let back = stores.hand(first, Destination::Queue, sam).await;
    assert_eq!((back.state, back.staff), (SessionState::Queued, None));
    // Ahead of those who came later.
    stores.stands(sam, Status::Online).await;
    assert_eq!(stores.servers([first, second, third]).await, [Some(sam), None, None]);
}

async fn a_queued_session_changes_its_queue(stores: &Stores) {
    let sam = stores.user("sam").await;
    let session = stores.waits("v1").await;
    let to = Destination::Team("sales".to_owned());
    let (after, changes) = stores.desk.transfer(session, to, sam, stores.terms()).await.unwrap();
    assert_eq!((after.state, after.team.as_str()), (SessionState::Queued, "sales"));
    assert_eq!(changes.sessions[0].queues, ["sales", ""]);
}

async fn what_waits_in_a_queue_is_not_sent_there(stores: &Stores) {
    let sam = stores.user("sam").await;
    let session = stores.waits("v1").await;
    for to in [Destination::Queue, Destination::Team(String::new())] {
        let (after, changes) = stores.desk.transfer(session, to, sam, stores.terms()).await.unwrap();
        assert_eq!((after.state, changes.sessions.len()), (SessionState::Queued, 0));
    }
}
