//! Filling presence again after it came back empty.

use shared::ports::Wholeness;

use super::{
    Adapter, NOW, PRESENCE_TTL, a_room, a_user, an_address, connected, later, listens, register, registration,
};

pub(super) async fn a_restored_connection_is_reachable_and_makes_online_only_if_heard_lately(
    adapter: Adapter,
) {
    let presence = adapter.alone(20).await;
    let (ann, bob, room, now) = (a_user(), a_user(), a_room(), later(PRESENCE_TTL));
    let (silent, phone) = (an_address(), an_address());
    presence.restore(&registration(ann, &silent, &[room]), NOW.plus(-1), now).await.unwrap();
    presence.restore(&registration(bob, &phone, &[room]), NOW, now).await.unwrap();
    let audience = presence.audience(room).await.unwrap();
    assert!(listens(&audience, &silent) && listens(&audience, &phone));
    assert_eq!(audience.members_version, None, "nobody knows which members it has");
    for (user, online, heard) in [(ann, false, NOW.plus(-1)), (bob, true, NOW)] {
        let status = presence.status(user, now).await.unwrap();
        assert_eq!((status.online, status.last_seen), (online, Some(heard)));
        assert_eq!(status.connections.len(), 1);
    }
    assert_eq!(presence.online(now).await.unwrap().users, 1);
    assert_eq!(presence.sweep_silent(now, 9).await.unwrap(), [], "who was silent was never listed");
    assert!(presence.renew(bob, &phone.connection, now).await.unwrap(), "a restored connection is known");
}

pub(super) async fn restoring_takes_nothing_from_who_spoke_meanwhile(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    let phone = connected(&*presence, ann, &[room]).await;
    presence.restore(&registration(ann, &phone, &[room]), NOW.plus(-3_600_000), NOW).await.unwrap();
    let status = presence.status(ann, NOW).await.unwrap();
    assert_eq!((status.online, status.last_seen), (true, Some(NOW)));
    assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
}

pub(super) async fn nobody_has_yet_been_told_of_who_arrives(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    assert!(presence.register(&registration(ann, &an_address(), &[]), NOW).await.unwrap());
    // Of who was lost others know already.
    let phone = an_address();
    presence.restore(&registration(bob, &phone, &[]), NOW, NOW).await.unwrap();
    assert!(!presence.register(&registration(bob, &phone, &[]), NOW).await.unwrap());
}

/// One on Redis finds that out by a key: see `on_redis`.
pub(super) async fn presence_that_lost_nothing_is_not_rebuilt(adapter: Adapter) {
    let presence = adapter.alone(21).await;
    if let Wholeness::Lost { claim } = presence.claim_rebuild().await.unwrap() {
        assert!(presence.end_rebuild(claim, true).await.unwrap());
    }
    register(&*presence, a_user(), &an_address(), &[]).await;
    assert_eq!(presence.claim_rebuild().await.unwrap(), Wholeness::Whole);
    let nobodys = uuid::Uuid::new_v4();
    assert!(!presence.keep_claim(nobodys).await.unwrap());
    assert!(!presence.end_rebuild(nobodys, true).await.unwrap());
}
