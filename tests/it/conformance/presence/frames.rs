//! Frames: known or not, and how many.

use std::time::Duration;

use shared::ids::RoomId;
use shared::ports::{Admission, PushTopic, PushTurn};
use tokio::time::Instant;

use super::{Adapter, NOW, a_user, an_address, connected};

pub(super) async fn a_registered_connection_is_known(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    let admitted = presence.admit(ann, Some(&phone.connection), NOW).await.unwrap();
    assert_eq!(admitted, Admission::Admitted { known: true });
}

pub(super) async fn an_unknown_connection_is_admitted_and_said_to_be_unknown(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    for (user, connection) in [(ann, an_address().connection), (bob, phone.connection)] {
        let admitted = presence.admit(user, Some(&connection), NOW).await.unwrap();
        assert_eq!(admitted, Admission::Admitted { known: false });
        assert!(!presence.status(bob, NOW).await.unwrap().online);
    }
}

pub(super) async fn a_frame_by_no_connection_is_admitted(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let admitted = presence.admit(ann, None, NOW).await.unwrap();
    assert_eq!(admitted, Admission::Admitted { known: true });
    assert!(!presence.status(ann, NOW).await.unwrap().online);
}

pub(super) async fn the_frame_past_the_burst_is_refused_and_says_when_to_come_again(adapter: Adapter) {
    let (presence, ann) = (adapter.limited(10, 3), a_user());
    for _ in 0..3 {
        let admitted = presence.admit(ann, None, NOW).await.unwrap();
        assert_eq!(admitted, Admission::Admitted { known: true });
    }
    let refused = presence.admit(ann, None, NOW.plus(40)).await.unwrap();
    assert_eq!(refused, Admission::Limited { retry_after_ms: 60 });
    let again = presence.admit(ann, None, NOW.plus(99)).await.unwrap();
    assert_eq!(again, Admission::Limited { retry_after_ms: 1 });
    let in_time = presence.admit(ann, None, NOW.plus(100)).await.unwrap();
    assert_eq!(in_time, Admission::Admitted { known: true });
}

pub(super) async fn a_refused_frame_is_not_counted(adapter: Adapter) {
    let (presence, ann) = (adapter.limited(10, 1), a_user());
    presence.admit(ann, None, NOW).await.unwrap();
    for _ in 0..5 {
        let refused = presence.admit(ann, None, NOW).await.unwrap();
        assert_eq!(refused, Admission::Limited { retry_after_ms: 100 });
    }
    let admitted = presence.admit(ann, None, NOW.plus(100)).await.unwrap();
    assert_eq!(admitted, Admission::Admitted { known: true });
}

pub(super) async fn a_refused_frame_renews_presence(adapter: Adapter) {
    let (presence, ann) = (adapter.limited(1, 1), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    presence.admit(ann, Some(&phone.connection), NOW).await.unwrap();
    let refused = presence.admit(ann, Some(&phone.connection), NOW.plus(500)).await.unwrap();
    assert_eq!(refused, Admission::Limited { retry_after_ms: 500 });
    assert_eq!(presence.status(ann, NOW).await.unwrap().last_seen, Some(NOW.plus(500)));
}

pub(super) async fn one_user_does_not_use_up_the_rate_of_another(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.limited(1, 1), a_user(), a_user());
    presence.admit(ann, None, NOW).await.unwrap();
    let admitted = presence.admit(bob, None, NOW).await.unwrap();
    assert_eq!(admitted, Admission::Admitted { known: true });
}

pub(super) async fn renewing_is_not_counted(adapter: Adapter) {
    let (presence, ann) = (adapter.limited(1, 1), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    for _ in 0..5 {
        assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
    }
    let admitted = presence.admit(ann, Some(&phone.connection), NOW).await.unwrap();
    assert_eq!(admitted, Admission::Admitted { known: true });
}

pub(super) async fn renewing_tells_whether_the_connection_is_known(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
    assert!(!presence.renew(ann, &an_address().connection, NOW).await.unwrap());
    presence.forget(ann, &phone.connection, &[], NOW).await.unwrap();
    assert!(!presence.renew(ann, &phone.connection, NOW).await.unwrap());
}

pub(super) async fn one_pushes_now_the_next_later_and_the_rest_never(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let (read, typing) = (PushTopic::Read(RoomId(1)), PushTopic::Typing(RoomId(1)));
    let turn = async |user, topic| presence.push_turn(user, topic, NOW).await.unwrap();
    assert_eq!(turn(ann, read).await, PushTurn::Now);
    assert_eq!(turn(ann, read).await, PushTurn::Later);
    assert_eq!(turn(ann, read).await, PushTurn::Never);
    assert_eq!(turn(ann, typing).await, PushTurn::Now, "topics don't share a turn");
    assert_eq!(turn(ann, PushTopic::StoppedTyping(RoomId(1))).await, PushTurn::Now);
    assert_eq!(turn(ann, PushTopic::Read(RoomId(2))).await, PushTurn::Now);
    assert_eq!(turn(bob, read).await, PushTurn::Now);
}

pub(super) async fn a_turn_to_push_comes_again(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let topic = PushTopic::Typing(RoomId(1));
    assert_eq!(presence.push_turn(ann, topic, NOW).await.unwrap(), PushTurn::Now);
    // Redis goes by its own clock.
    let deadline = Instant::now() + Duration::from_secs(20);
    while presence.push_turn(ann, topic, NOW.plus(1_000)).await.unwrap() != PushTurn::Now {
        assert!(Instant::now() < deadline, "the turn never came again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
