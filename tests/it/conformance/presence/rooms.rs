//! Who listens to a room, as its members change.

use shared::ids::{RoomId, UserId};
use shared::ports::{Presence, RoomAudience};

use super::{Adapter, a_room, a_user, an_address, connected, listens, register};

pub(super) async fn a_room_never_built_has_no_version(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    let nothing = RoomAudience { members_version: None, listeners: vec![] };
    assert_eq!(presence.audience(room).await.unwrap(), nothing);
    connected(&*presence, ann, &[room]).await;
    assert_eq!(presence.audience(room).await.unwrap().members_version, None);
}

pub(super) async fn a_rebuilt_room_has_its_version_and_its_members_connections(adapter: Adapter) {
    let (presence, ann, bob, room) = (adapter.presence(), a_user(), a_user(), a_room());
    let phone = connected(&*presence, ann, &[]).await;
    let stranger = connected(&*presence, bob, &[]).await;
    let rebuilt = presence.rebuild(room, 7, &[ann, a_user()]).await.unwrap();
    assert_eq!(rebuilt.members_version, Some(7));
    assert!(listens(&rebuilt, &phone) && !listens(&rebuilt, &stranger));
    assert_eq!(presence.audience(room).await.unwrap(), rebuilt);
}

pub(super) async fn a_rebuild_merges_with_those_who_registered_and_drops_strangers(adapter: Adapter) {
    let (presence, ann, bob, eve, room) = (adapter.presence(), a_user(), a_user(), a_user(), a_room());
    let elsewhere = connected(&*presence, ann, &[]).await;
    let here = connected(&*presence, bob, &[room]).await;
    let stranger = connected(&*presence, eve, &[room]).await;
    let rebuilt = presence.rebuild(room, 1, &[ann, bob]).await.unwrap();
    assert!(listens(&rebuilt, &elsewhere) && listens(&rebuilt, &here));
    assert!(!listens(&rebuilt, &stranger));
}

pub(super) async fn a_rebuild_of_an_older_version_leaves_a_later_one_alone(adapter: Adapter) {
    let (presence, ann, bob, room) = (adapter.presence(), a_user(), a_user(), a_room());
    let phone = connected(&*presence, ann, &[]).await;
    let left = connected(&*presence, bob, &[]).await;
    let later = presence.rebuild(room, 2, &[ann]).await.unwrap();
    assert_eq!(presence.rebuild(room, 1, &[ann, bob]).await.unwrap(), later);
    assert!(listens(&later, &phone) && !listens(&later, &left));
    // Versions are numbers: 10 is later than 9.
    presence.rebuild(room, 10, &[ann]).await.unwrap();
    assert_eq!(presence.rebuild(room, 9, &[bob]).await.unwrap().members_version, Some(10));
}

pub(super) async fn a_rebuild_without_members_is_empty(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    connected(&*presence, ann, &[]).await;
    let empty = RoomAudience { members_version: Some(3), listeners: vec![] };
    assert_eq!(presence.rebuild(room, 3, &[]).await.unwrap(), empty);
}

pub(super) async fn a_connection_that_registers_joins_a_built_room(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    presence.rebuild(room, 4, &[ann]).await.unwrap();
    let phone = connected(&*presence, ann, &[room]).await;
    let audience = presence.audience(room).await.unwrap();
    assert!(listens(&audience, &phone));
    assert_eq!(audience.members_version, Some(4));
}

pub(super) async fn a_stranger_who_registers_unbuilds_the_room(adapter: Adapter) {
    let (presence, ann, eve, room) = (adapter.presence(), a_user(), a_user(), a_room());
    let phone = connected(&*presence, ann, &[room]).await;
    presence.rebuild(room, 4, &[ann]).await.unwrap();
    // As a register that read its rooms before the user was removed.
    let stranger = connected(&*presence, eve, &[room]).await;
    assert_eq!(presence.audience(room).await.unwrap().members_version, None);
    let rebuilt = presence.rebuild(room, 4, &[ann]).await.unwrap();
    assert!(listens(&rebuilt, &phone) && !listens(&rebuilt, &stranger));
}

/// A room of `ann` at version 1, with both connected.
async fn built(presence: &dyn Presence, ann: UserId, bob: UserId) -> RoomId {
    let room = a_room();
    connected(presence, ann, &[room]).await;
    connected(presence, bob, &[]).await;
    presence.rebuild(room, 1, &[ann]).await.unwrap();
    room
}

fn users(audience: &RoomAudience) -> Vec<UserId> {
    audience.listeners.iter().map(|listener| listener.user).collect()
}

pub(super) async fn a_change_of_the_next_version_is_applied(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let room = built(&*presence, ann, bob).await;
    presence.members_changed(room, &[bob], &[], 2).await.unwrap();
    let joined = presence.audience(room).await.unwrap();
    assert_eq!((joined.members_version, joined.listeners.len()), (Some(2), 2));
    presence.members_changed(room, &[], &[ann], 3).await.unwrap();
    let left = presence.audience(room).await.unwrap();
    assert_eq!((left.members_version, users(&left)), (Some(3), vec![bob]));
    // Who joined counts as a member, who left doesn't.
    connected(&*presence, bob, &[room]).await;
    assert_eq!(presence.audience(room).await.unwrap().members_version, Some(3));
    connected(&*presence, ann, &[room]).await;
    assert_eq!(presence.audience(room).await.unwrap().members_version, None);
}

pub(super) async fn a_change_of_any_other_version_is_not(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let room = built(&*presence, ann, bob).await;
    for version in [0, 1, 3] {
        presence.members_changed(room, &[bob], &[ann], version).await.unwrap();
        let audience = presence.audience(room).await.unwrap();
        // Who joined by it may be a stranger now; then the list has no version.
        let unchanged = (audience.members_version, users(&audience)) == (Some(1), vec![ann]);
        assert!(unchanged || audience.members_version.is_none());
        assert_eq!(users(&presence.rebuild(room, 1, &[ann]).await.unwrap()), [ann]);
    }
}

pub(super) async fn a_change_in_a_room_never_built_is_not_applied(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    connected(&*presence, ann, &[]).await;
    presence.members_changed(room, &[ann], &[], 1).await.unwrap();
    assert_eq!(presence.audience(room).await.unwrap().members_version, None);
}

pub(super) async fn who_connects_between_a_rebuild_and_the_news_of_joining_listens(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let room = built(&*presence, ann, bob).await;
    // A reader found the room at version 2 before anybody told presence that bob joined by it.
    presence.rebuild(room, 2, &[ann, bob]).await.unwrap();
    let phone = connected(&*presence, bob, &[]).await;
    presence.members_changed(room, &[bob], &[], 2).await.unwrap();
    let audience = presence.audience(room).await.unwrap();
    assert!(listens(&audience, &phone));
    assert_eq!(audience.members_version, Some(2));
}

pub(super) async fn who_registers_with_rooms_read_before_joining_listens(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let room = built(&*presence, ann, bob).await;
    presence.members_changed(room, &[bob], &[], 2).await.unwrap();
    let late = an_address();
    register(&*presence, bob, &late, &[]).await;
    let audience = presence.audience(room).await.unwrap();
    assert!(listens(&audience, &late));
    assert_eq!(audience.members_version, Some(2));
}

pub(super) async fn rooms_are_apart(adapter: Adapter) {
    let (presence, ann, room, other) = (adapter.presence(), a_user(), a_room(), a_room());
    presence.rebuild(room, 1, &[ann]).await.unwrap();
    presence.rebuild(other, 1, &[ann]).await.unwrap();
    connected(&*presence, ann, &[room]).await;
    assert_eq!(presence.audience(other).await.unwrap().listeners, []);
}
