//! Many rounds of things that happen at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use shared::ids::{RoomId, UserId};
use shared::model::{Address, Listener};
use shared::ports::Presence;

use super::{Adapter, NOW, a_room, a_user, an_address, listens, register, registration};

const ROUNDS: usize = 200;

/// The store beside presence: the members of one room, by version.
struct Members {
    room: RoomId,
    versions: Mutex<Vec<HashSet<UserId>>>,
}

impl Members {
    fn new(members: &[UserId]) -> Arc<Self> {
        let versions = Mutex::new(vec![members.iter().copied().collect()]);
        Arc::new(Self { room: a_room(), versions })
    }

    fn current(&self) -> (i64, Vec<UserId>) {
        let versions = self.versions.lock().unwrap();
        (i64::try_from(versions.len()).unwrap(), versions.last().unwrap().iter().copied().collect())
    }

    fn rooms_of(&self, user: UserId) -> Vec<RoomId> {
        let versions = self.versions.lock().unwrap();
        if versions.last().unwrap().contains(&user) { vec![self.room] } else { vec![] }
    }

    /// Commits the next version; answers it.
    fn change(&self, user: UserId, joins: bool) -> i64 {
        let mut versions = self.versions.lock().unwrap();
        let mut members = versions.last().unwrap().clone();
        if joins {
            members.insert(user)
        } else {
            members.remove(&user)
        };
        versions.push(members);
        i64::try_from(versions.len()).unwrap()
    }

    /// Whether the user was in it in every version since, or in any.
    fn since(&self, version: i64, user: UserId) -> (bool, bool) {
        let versions = self.versions.lock().unwrap();
        let since = &versions[usize::try_from(version).unwrap() - 1..];
        let is_in = |members: &HashSet<UserId>| members.contains(&user);
        (since.iter().all(is_in), since.iter().any(is_in))
    }

    /// Who gets a message that was stored now, as the live path finds it out.
    async fn read(&self, presence: &dyn Presence) -> (i64, Vec<Listener>) {
        let (version, _) = self.current();
        let audience = presence.audience(self.room).await.unwrap();
        if audience.members_version.is_some_and(|built| built >= version) {
            return (version, audience.listeners);
        }
        let (newer, members) = self.current();
        (version, presence.rebuild(self.room, newer, &members).await.unwrap().listeners)
    }
}

pub(super) async fn a_register_during_a_rebuild_is_never_lost(adapter: Adapter) {
    let presence = adapter.presence();
    for _ in 0..ROUNDS {
        let (ann, room, phone) = (a_user(), a_room(), an_address());
        let (one, other) = (Arc::clone(&presence), Arc::clone(&presence));
        let registering = registration(ann, &phone, &[room]);
        let register = tokio::spawn(async move { one.register(&registering, NOW).await.unwrap() });
        let rebuild = tokio::spawn(async move { other.rebuild(room, 1, &[ann]).await.unwrap() });
        register.await.unwrap();
        rebuild.await.unwrap();
        let audience = presence.audience(room).await.unwrap();
        assert!(audience.members_version.is_none() || listens(&audience, &phone));
        assert!(listens(&presence.rebuild(room, 1, &[ann]).await.unwrap(), &phone));
    }
}

pub(super) async fn a_user_who_joins_while_connecting_listens(adapter: Adapter) {
    let presence = adapter.presence();
    for _ in 0..ROUNDS {
        let (ann, bob) = (a_user(), a_user());
        let members = Members::new(&[ann]);
        members.read(&*presence).await;
        let connecting = tokio::spawn(connect(Arc::clone(&presence), Arc::clone(&members), bob));
        let joining = tokio::spawn(change(Arc::clone(&presence), Arc::clone(&members), bob, true));
        let phone = connecting.await.unwrap();
        joining.await.unwrap();
        let (_, listeners) = members.read(&*presence).await;
        assert!(listeners.iter().any(|listener| listener.address == phone));
    }
}

async fn connect(presence: Arc<dyn Presence>, members: Arc<Members>, user: UserId) -> Address {
    let (rooms, address) = (members.rooms_of(user), an_address());
    // Lets the others go between the store's answer and presence, where the races are.
    tokio::task::yield_now().await;
    register(&*presence, user, &address, &rooms).await;
    address
}

async fn change(presence: Arc<dyn Presence>, members: Arc<Members>, user: UserId, joins: bool) {
    let version = members.change(user, joins);
    tokio::task::yield_now().await;
    let (joined, left): (&[UserId], &[UserId]) = if joins { (&[user], &[]) } else { (&[], &[user]) };
    presence.members_changed(members.room, joined, left, version).await.unwrap();
}

pub(super) async fn members_who_come_and_go_get_what_they_should_and_strangers_nothing(adapter: Adapter) {
    let presence = adapter.presence();
    for _ in 0..ROUNDS / 10 {
        let users: Vec<UserId> = (0..4).map(|_| a_user()).collect();
        let members = Members::new(&users[..2]);
        let going = users.iter().map(|&user| {
            let (presence, members) = (Arc::clone(&presence), Arc::clone(&members));
            tokio::spawn(async move { come_and_go(presence, members, user).await })
        });
        let mut addresses = Vec::new();
        for gone in futures::future::join_all(going).await {
            addresses.extend(gone.unwrap());
        }
        // All at rest: exactly the members' connections.
        let (_, listeners) = members.read(&*presence).await;
        let (_, current) = members.current();
        let heard: HashSet<_> = listeners.into_iter().map(|listener| listener.address).collect();
        let expected =
            addresses.into_iter().filter(|(user, _)| current.contains(user)).map(|(_, at)| at).collect();
        assert_eq!(heard, expected);
    }
}

/// Connects, leaves, joins and sends by turns; answers the connections.
async fn come_and_go(
    presence: Arc<dyn Presence>,
    members: Arc<Members>,
    user: UserId,
) -> Vec<(UserId, Address)> {
    let mut addresses = Vec::new();
    for turn in 0..5 {
        let (one, other) = (Arc::clone(&presence), Arc::clone(&presence));
        let connecting = tokio::spawn(connect(one, Arc::clone(&members), user));
        let changing = tokio::spawn(change(other, Arc::clone(&members), user, turn % 2 == 0));
        send(&*presence, &members, &addresses).await;
        addresses.push((user, connecting.await.unwrap()));
        changing.await.unwrap();
        send(&*presence, &members, &addresses).await;
    }
    addresses
}

/// A message reaches who was a member all the while, and nobody who was a member at no time of it.
async fn send(presence: &dyn Presence, members: &Members, registered: &[(UserId, Address)]) {
    let (version, listeners) = members.read(presence).await;
    for listener in &listeners {
        assert!(members.since(version, listener.user).1, "a stranger got it");
    }
    for (user, address) in registered {
        let reached = listeners.iter().any(|listener| listener.address == *address);
        assert!(reached || !members.since(version, *user).0, "a member's connection was missed");
    }
}
