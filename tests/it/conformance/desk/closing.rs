use shared::ids::{ClientMessageId, Seq, SessionId};
use shared::model::{ClosedBy, SessionState};
use shared::ports::{DeskError, MessagesError, NewMessage, NewRevision, Revision};

use super::super::stores::{NOW, Stores, message};
use super::{at, new_session};

on_every_engine! {
    a_session_is_closed_by_each,
    closing_again_changes_nothing,
    an_unknown_one_is_not_closed,
    a_closed_room_takes_no_message_and_keeps_what_it_has,
    a_closed_room_takes_no_edit,
    a_send_that_races_the_end_is_before_it_or_refused,
    a_silent_session_is_closed_at_the_bound,
    what_was_just_given_to_somebody_is_not_silent,
    what_waits_is_not_closed_for_silence,
    so_many_silent_ones_are_closed_at_once,
    a_closed_session_is_rated_once,
}

async fn a_session_is_closed_by_each(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let each = [ClosedBy::Visitor, ClosedBy::Staff, ClosedBy::Idle, ClosedBy::System];
    for (n, closed_by) in each.into_iter().enumerate() {
        let session = stores.waits(&format!("v{n}")).await;
        let terms = stores.terms();
        let (closed, changes) = stores.desk.close(session, closed_by, Some(sam), terms).await.unwrap();
        assert_eq!((closed.state, closed.closed_by), (SessionState::Closed, Some(closed_by)));
        assert_eq!((closed.closed_at, closed.staff.as_ref().unwrap().id), (Some(terms.now), sam));
        assert_eq!((changes.sessions.len(), changes.sessions[0].by), (1, Some(sam)));
        assert_eq!(stores.roles(closed.room_id).await.len(), 2, "both may still read it");
    }
}

async fn closing_again_changes_nothing(stores: &Stores) {
    let session = stores.waits("v1").await;
    stores.end(session).await;
    let before = stores.seen(session).await;
    let (after, changes) = stores.desk.close(session, ClosedBy::Visitor, None, stores.terms()).await.unwrap();
    assert_eq!((after, changes.sessions.len()), (before, 0));
}

async fn an_unknown_one_is_not_closed(stores: &Stores) {
    let refused = stores.desk.close(SessionId(999_999), ClosedBy::Staff, None, stores.terms()).await;
    assert!(matches!(refused, Err(DeskError::NotFound)), "{refused:?}");
}

async fn a_closed_room_takes_no_message_and_keeps_what_it_has(stores: &Stores) {
    let (sam, vera) = (stores.serves("sam").await, stores.visitor("vera").await);
    let session = stores.open(vera).await;
    let hello = NewMessage { now: stores.tick(), ..message(session.room_id, vera, "hello") };
    let said = stores.messages.append(&hello).await.unwrap();
    stores.end(session.id).await;
    for sender in [sam, vera] {
        let refused = stores.messages.append(&message(session.room_id, sender, "more")).await;
        assert!(matches!(refused, Err(MessagesError::Closed)), "{refused:?}");
    }
    // A repeat of what was stored before gets its answer.
    let again = stores.messages.append(&hello).await.unwrap();
    assert_eq!((again.repeated, again.seq), (true, said.seq));
    assert_eq!(stores.room(session.room_id).await.last_seq, Seq(1));
    for reader in [sam, vera] {
        let seen = stores.rooms.summary(session.room_id, reader).await.unwrap().unwrap();
        assert_eq!(seen.last_message.unwrap().content, "hello");
    }
}

async fn a_closed_room_takes_no_edit(stores: &Stores) {
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await;
    let said = stores.say(session.room_id, vera, "hello").await.message_id;
    stores.end(session.id).await;
    let new = message(session.room_id, vera, "e1");
    let edit = NewRevision {
        id: new.id,
        message: said,
        room: None,
        sender: vera,
        client_id: new.client_id,
        digest: new.digest,
        revision: Revision::Edit { content: "worse".to_owned() },
        not_before: NOW,
        now: stores.tick(),
    };
    let refused = stores.messages.revise(&edit).await;
    assert!(matches!(refused, Err(MessagesError::Closed)), "{refused:?}");
    assert_eq!(stores.messages.message(said).await.unwrap().unwrap().content, "hello");
    // What should never have been said may still be taken back.
    let client_id = ClientMessageId::parse("r1").unwrap();
    let recall = NewRevision { client_id, revision: Revision::Recall, ..edit };
    stores.messages.revise(&recall).await.unwrap();
    assert_eq!(stores.messages.message(said).await.unwrap().unwrap().content, "");
}

async fn a_send_that_races_the_end_is_before_it_or_refused(stores: &Stores) {
    for round in 0..8 {
        let vera = stores.visitor(&format!("v{round}")).await;
        let session = stores.open(vera).await;
        let texts = ["a", "b", "c", "d"].map(|text| message(session.room_id, vera, text));
        let sends = futures::future::join_all(texts.iter().map(|text| stores.messages.append(text)));
        let (sent, _) = futures::join!(sends, stores.end(session.id));
        let stored = sent.iter().filter(|sent| sent.is_ok()).count();
        for refused in sent.iter().filter(|sent| sent.is_err()) {
            assert!(matches!(refused, Err(MessagesError::Closed)), "{refused:?}");
        }
        let last = stores.room(session.room_id).await.last_seq;
        assert_eq!(last, Seq(i64::try_from(stored).unwrap()));
        let late = stores.messages.append(&message(session.room_id, vera, "late")).await;
        assert!(matches!(late, Err(MessagesError::Closed)), "{late:?}");
    }
}

async fn a_silent_session_is_closed_at_the_bound(stores: &Stores) {
    stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let session = stores.desk.open(new_session(vera, ""), at(NOW.plus(100))).await.unwrap().0;
    let hello = NewMessage { now: NOW.plus(200), ..message(session.room_id, vera, "hello") };
    stores.messages.append(&hello).await.unwrap();
    let close = async |since| stores.desk.close_idle(since, 9, at(NOW.plus(900))).await.unwrap();
    // Said at 200: since then or later is no silence.
    assert_eq!(close(NOW.plus(200)).await.sessions.len(), 0);
    let changes = close(NOW.plus(201)).await;
    assert_eq!((changes.sessions.len(), changes.sessions[0].by), (1, None));
    assert_eq!(stores.seen(session.id).await.closed_by, Some(ClosedBy::Idle));
}

async fn what_was_just_given_to_somebody_is_not_silent(stores: &Stores) {
    let waited = stores.waits("v1").await;
    stores.serves("sam").await;
    let given = stores.seen(waited).await.assigned_at.unwrap();
    assert_eq!(stores.desk.close_idle(given, 9, stores.terms()).await.unwrap().sessions.len(), 0);
    assert_eq!(stores.desk.close_idle(given.plus(1), 9, stores.terms()).await.unwrap().sessions.len(), 1);
}

async fn what_waits_is_not_closed_for_silence(stores: &Stores) {
    let waiting = stores.waits("v1").await;
    let changes = stores.desk.close_idle(NOW.plus(3_600_000), 9, stores.terms()).await.unwrap();
    assert_eq!(changes.sessions.len(), 0);
    assert_eq!(stores.seen(waiting).await.state, SessionState::Queued);
}

async fn so_many_silent_ones_are_closed_at_once(stores: &Stores) {
    stores.serves("sam").await;
    let mut sessions = Vec::new();
    for n in 1..=3 {
        sessions.push(stores.waits(&format!("v{n}")).await);
    }
    let changes = stores.desk.close_idle(NOW.plus(3_600_000), 2, stores.terms()).await.unwrap();
    let closed: Vec<_> = changes.sessions.iter().map(|changed| changed.session.id).collect();
    assert_eq!(closed, sessions[..2]);
}

async fn a_closed_session_is_rated_once(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await.id;
    let rate = async |session, stars| stores.desk.rate(session, stars, "quick", stores.terms()).await;
    let open = rate(session, 5).await;
    assert!(matches!(open, Err(DeskError::Open)), "{open:?}");
    stores.end(session).await;
    let (rated, changes) = rate(session, 4).await.unwrap();
    assert_eq!((rated.rating, rated.comment.as_deref()), (Some(4), Some("quick")));
    assert_eq!((changes.sessions[0].by, changes.sessions[0].before), (Some(vera), Some(sam)));
    let again = rate(session, 1).await;
    assert!(matches!(again, Err(DeskError::Rated)), "{again:?}");
    assert_eq!(stores.seen(session).await.rating, Some(4));
    let unknown = rate(SessionId(999_999), 4).await;
    assert!(matches!(unknown, Err(DeskError::NotFound)), "{unknown:?}");
}
