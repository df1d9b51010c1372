//! How many connections may be open.

use shared::ports::{Cap, ConnectionCaps, OnlineCount, Opening};

use super::{Adapter, NOW, ROUTING_TTL, a_room, a_user, an_address, later, registration};

const OPENED: Opening = Opening::Registered { arrived: true };

const fn caps(per_user: u32, overall: u32) -> ConnectionCaps {
    ConnectionCaps { per_user, overall }
}

pub(super) async fn a_user_may_open_as_many_as_the_cap_and_not_one_more(adapter: Adapter) {
    let (presence, ann, bob, caps) = (adapter.presence(), a_user(), a_user(), caps(2, 1_000_000));
    let open = async |user| {
        let registration = registration(user, &an_address(), &[]);
        (presence.open(&registration, caps, NOW).await.unwrap(), registration.address.connection)
    };
    let (first, phone) = open(ann).await;
    assert_eq!(first, OPENED);
    assert_eq!(open(ann).await.0, OPENED);
    assert_eq!(open(ann).await.0, Opening::Full(Cap::PerUser));
    assert_eq!(open(bob).await.0, OPENED, "somebody else's are not counted");
    presence.forget(ann, &phone, &[], NOW).await.unwrap();
    assert_eq!(open(ann).await.0, OPENED);
    assert_eq!(open(ann).await.0, Opening::Full(Cap::PerUser));
}

pub(super) async fn as_many_may_be_open_as_the_cap_and_not_one_more(adapter: Adapter) {
    let (presence, caps) = (adapter.alone(16).await, caps(9, 3));
    let mut opened = Vec::new();
    for _ in 0..3 {
        let registration = registration(a_user(), &an_address(), &[]);
        assert_eq!(presence.open(&registration, caps, NOW).await.unwrap(), OPENED);
        opened.push(registration);
    }
    let late = registration(a_user(), &an_address(), &[]);
    assert_eq!(presence.open(&late, caps, NOW).await.unwrap(), Opening::Full(Cap::Overall));
    let gone = &opened[1];
    presence.forget(gone.user, &gone.address.connection, &[], NOW).await.unwrap();
    assert_eq!(presence.open(&late, caps, NOW).await.unwrap(), OPENED);
    let later = registration(a_user(), &an_address(), &[]);
    assert_eq!(presence.open(&later, caps, NOW).await.unwrap(), Opening::Full(Cap::Overall));
}

pub(super) async fn who_is_open_already_is_not_counted_again(adapter: Adapter) {
    let (presence, caps) = (adapter.alone(17).await, caps(1, 1));
    let (ann, phone) = (a_user(), an_address());
    let registration = registration(ann, &phone, &[]);
    for _ in 0..3 {
        assert_eq!(presence.open(&registration, caps, NOW).await.unwrap(), OPENED);
    }
    // A frame of a connection that presence doesn't know registers it, whatever the caps: it is there.
    let known = super::registration(ann, &an_address(), &[]);
    presence.register(&known, NOW).await.unwrap();
    assert_eq!(presence.online(NOW).await.unwrap(), OnlineCount { users: 1, connections: 2 });
}

pub(super) async fn connections_past_their_life_take_no_place(adapter: Adapter) {
    let (presence, caps, ann) = (adapter.alone(18).await, caps(1, 1), a_user());
    let old = registration(ann, &an_address(), &[]);
    assert_eq!(presence.open(&old, caps, NOW).await.unwrap(), OPENED);
    let mut address = an_address();
    let end = later(ROUTING_TTL);
    address.connected_at = end;
    let next = registration(ann, &address, &[]);
    assert_eq!(presence.open(&next, caps, end).await.unwrap(), Opening::Full(Cap::PerUser));
    address.connected_at = end.plus(1);
    let next = registration(ann, &address, &[]);
    assert_eq!(presence.open(&next, caps, end.plus(1)).await.unwrap(), OPENED);
    assert_eq!(presence.status(ann, end.plus(1)).await.unwrap().connections, [address]);
}

pub(super) async fn a_refused_connection_leaves_nothing(adapter: Adapter) {
    let presence = adapter.alone(19).await;
    let (ann, bob, room) = (a_user(), a_user(), a_room());
    let phone = an_address();
    presence.open(&registration(ann, &phone, &[room]), caps(1, 1), NOW).await.unwrap();
    for (user, full) in [(ann, Cap::PerUser), (bob, Cap::Overall)] {
        let refused = registration(user, &an_address(), &[room]);
        assert_eq!(presence.open(&refused, caps(1, 1), NOW).await.unwrap(), Opening::Full(full));
        assert!(!presence.renew(user, &refused.address.connection, NOW).await.unwrap());
    }
    assert_eq!(presence.listeners(&[ann, bob]).await.unwrap().len(), 1);
    assert_eq!(presence.rebuild(room, 1, &[ann, bob]).await.unwrap().listeners.len(), 1);
    assert_eq!(presence.online(NOW).await.unwrap(), OnlineCount { users: 1, connections: 1 });
}
