//! The rules of `ConnectionLog`.

use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::{Address, Listener};
use shared::ports::{OpenedConnection, RECONNECT_AGAIN_MS, Registration};

use super::stores::{NOW, Stores};

on_every_engine! {
    an_opened_connection_answers_the_rooms_of_its_user,
    a_connection_opened_again_is_one_row,
    a_closed_connection_says_whose_it_was_once,
    a_connection_of_nobody_is_not_kept,
    connections_are_found_by_user,
    the_oldest_connections_come_first,
    connections_are_found_by_endpoint,
    who_is_due_to_reconnect_is_told_once,
    who_could_not_be_told_is_due_again,
    a_connection_under_a_revoked_token_is_not_kept,
    connections_that_outlived_a_revocation_are_told_apart,
    connections_are_read_page_by_page_with_the_rooms_of_their_users,
    those_whose_rows_are_there_are_still_open,
    revoked_connections_are_neither_read_nor_open,
}

/// When connections are due to be told to reconnect, after they connected.
const DUE_MS: i64 = 1_000;

const HERE: &str = "http://here/live";

fn opened(id: &str, user: UserId, endpoint: &str, after_ms: i64) -> OpenedConnection {
    let address = Address {
        connection: ConnectionId(id.to_owned()),
        endpoint: endpoint.to_owned(),
        connected_at: NOW.plus(after_ms),
    };
    let (device, reconnect_at) = (Some("phone".to_owned()), address.connected_at.plus(DUE_MS));
    OpenedConnection { user, address, device, token_version: 0, reconnect_at }
}

fn ids(listeners: &[Listener]) -> Vec<&str> {
    listeners.iter().map(|listener| listener.address.connection.0.as_str()).collect()
}

async fn an_opened_connection_answers_the_rooms_of_its_user(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let rooms = vec![stores.group(ann, &[]).await, stores.group(bob, &[ann]).await];
    stores.group(bob, &[]).await;
    assert_eq!(stores.connections.opened(&opened("c1=", ann, HERE, 0)).await.unwrap(), Some(rooms));
    let alone = stores.user("eve").await;
    assert_eq!(stores.connections.opened(&opened("c2=", alone, HERE, 0)).await.unwrap(), Some(vec![]));
}

async fn a_connection_opened_again_is_one_row(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.connections.opened(&opened("c1=", ann, HERE, 0)).await.unwrap();
    let again = opened("c1=", ann, "http://there/live", 5);
    stores.connections.opened(&again).await.unwrap();
    let found = stores.connections.of_users(&[ann]).await.unwrap();
    assert_eq!(found, [Listener { user: ann, address: again.address }]);
}

async fn a_closed_connection_says_whose_it_was_once(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    stores.connections.opened(&opened("c1=", ann, HERE, 0)).await.unwrap();
    let id = ConnectionId("c1=".to_owned());
    assert_eq!(stores.connections.closed(&id).await.unwrap(), Some((ann, vec![room])));
    assert_eq!(stores.connections.closed(&id).await.unwrap(), None);
    assert_eq!(stores.rows_in("connections").await, 0);
}

async fn a_connection_of_nobody_is_not_kept(stores: &Stores) {
    let rooms = stores.connections.opened(&opened("c1=", UserId(999_999), HERE, 0)).await.unwrap();
    assert_eq!((rooms, stores.rows_in("connections").await), (None, 0));
}

async fn connections_are_found_by_user(stores: &Stores) {
    let users = stores.users(3).await;
    for (id, user) in [("a", 0), ("b", 1), ("c", 0), ("d", 2)] {
        stores.connections.opened(&opened(id, users[user], HERE, 0)).await.unwrap();
    }
    let found = stores.connections.of_users(&[users[1], users[0]]).await.unwrap();
    assert_eq!(ids(&found), ["a", "c", "b"]);
    assert_eq!(stores.connections.of_users(&[]).await.unwrap(), []);
}

async fn the_oldest_connections_come_first(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (id, after_ms) in [("new", 30), ("old", 10), ("mid", 20)] {
        stores.connections.opened(&opened(id, ann, HERE, after_ms)).await.unwrap();
    }
    let before =
        async |after_ms, limit| stores.connections.opened_before(NOW.plus(after_ms), limit).await.unwrap();
    assert_eq!(ids(&before(30, 9).await), ["old", "mid"]);
    assert_eq!(ids(&before(31, 2).await), ["old", "mid"]);
    assert_eq!(ids(&before(10, 9).await), [""; 0]);
}

async fn connections_are_found_by_endpoint(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (id, endpoint, after_ms) in [("a", HERE, 3), ("b", "http://there/live", 0), ("c", HERE, 1)] {
        stores.connections.opened(&opened(id, ann, endpoint, after_ms)).await.unwrap();
    }
    assert_eq!(ids(&stores.connections.of_endpoint(HERE, 9).await.unwrap()), ["c", "a"]);
    assert_eq!(ids(&stores.connections.of_endpoint(HERE, 1).await.unwrap()), ["c"]);
    assert_eq!(stores.connections.of_endpoint("http://nowhere", 9).await.unwrap(), []);
}

async fn due(stores: &Stores, after_ms: i64, limit: u32) -> Vec<String> {
    let due = stores.connections.reconnect_due(NOW.plus(after_ms), limit).await.unwrap();
    let mut ids: Vec<_> = due.into_iter().map(|listener| listener.address.connection.0).collect();
    ids.sort();
    ids
}

async fn who_is_due_to_reconnect_is_told_once(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (id, after_ms) in [("c", 20), ("a", 0), ("b", 10)] {
        stores.connections.opened(&opened(id, ann, HERE, after_ms)).await.unwrap();
    }
    assert_eq!(due(stores, DUE_MS - 1, 9).await, [""; 0]);
    assert_eq!(due(stores, DUE_MS + 20, 2).await, ["a", "b"], "the earliest first");
    let told = ["a", "b"].map(|id| ConnectionId(id.to_owned()));
    stores.connections.reconnect_told(&told).await.unwrap();
    // A frame from a connection that presence has lost opens it once more.
    stores.connections.opened(&opened("a", ann, HERE, 0)).await.unwrap();
    assert_eq!(due(stores, DUE_MS + 20, 9).await, ["c"]);
    assert_eq!(due(stores, DUE_MS + 20, 9).await, [""; 0], "another looks at once");
    assert_eq!(due(stores, 3_600_000, 9).await, ["c"], "for all that is known, nobody told it");
    stores.connections.reconnect_told(&[]).await.unwrap();
}

async fn who_could_not_be_told_is_due_again(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.connections.opened(&opened("a", ann, HERE, 0)).await.unwrap();
    assert_eq!(due(stores, DUE_MS, 9).await, ["a"]);
    assert_eq!(due(stores, DUE_MS + RECONNECT_AGAIN_MS - 1, 9).await, [""; 0]);
    assert_eq!(due(stores, DUE_MS + RECONNECT_AGAIN_MS, 9).await, ["a"]);
}

async fn a_connection_under_a_revoked_token_is_not_kept(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.accounts.revoke_tokens(ann, NOW).await.unwrap();
    assert_eq!(stores.connections.opened(&opened("old", ann, HERE, 0)).await.unwrap(), None);
    let current = OpenedConnection { token_version: 1, ..opened("new", ann, HERE, 0) };
    assert_eq!(stores.connections.opened(&current).await.unwrap(), Some(vec![]));
    stores.accounts.anonymise(ann, NOW).await.unwrap();
    let gone = OpenedConnection { token_version: 9, ..opened("gone", ann, HERE, 0) };
    assert_eq!(stores.connections.opened(&gone).await.unwrap(), None);
    assert_eq!(stores.rows_in("connections").await, 1);
}

async fn connections_that_outlived_a_revocation_are_told_apart(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    for (id, user) in [("a1", ann), ("a2", ann), ("b1", bob)] {
        stores.connections.opened(&opened(id, user, HERE, 0)).await.unwrap();
    }
    stores.accounts.set_password(ann, "$new$", NOW).await.unwrap();
    let current = OpenedConnection { token_version: 1, ..opened("a3", ann, HERE, 0) };
    stores.connections.opened(&current).await.unwrap();

    let of_ann = stores.connections.of_user(ann).await.unwrap();
    let revoked: Vec<_> =
        of_ann.iter().map(|logged| (logged.address.connection.0.as_str(), logged.revoked)).collect();
    assert_eq!(revoked, [("a1", true), ("a2", true), ("a3", false)]);
    assert_eq!(ids(&stores.connections.of_users(&[ann, bob]).await.unwrap()), ["a3", "b1"]);
    let since = async |at, limit| stores.connections.revoked(at, limit).await.unwrap();
    assert_eq!(ids(&since(NOW, 9).await), ["a1", "a2"]);
    assert_eq!(ids(&since(NOW, 1).await), ["a1"]);
    assert_eq!(ids(&since(NOW.plus(1), 9).await), [""; 0]);
}

/// What a page has of a connection.
fn in_rooms(id: &str, user: UserId, rooms: &[RoomId]) -> (Registration, UnixMs) {
    let OpenedConnection { user, address, device, .. } = opened(id, user, HERE, 0);
    (Registration { user, address, device, rooms: rooms.to_vec(), profile: None }, NOW)
}

async fn connections_are_read_page_by_page_with_the_rooms_of_their_users(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let rooms = [stores.group(ann, &[]).await, stores.group(bob, &[ann]).await];
    for (id, user) in [("c", ann), ("a", ann), ("b", bob)] {
        stores.connections.opened(&opened(id, user, HERE, 0)).await.unwrap();
    }
    let page = async |after: Option<&str>| {
        let after = after.map(|after| ConnectionId(after.to_owned()));
        stores.connections.page(after.as_ref(), 2).await.unwrap()
    };
    assert_eq!(page(None).await, [in_rooms("a", ann, &rooms), in_rooms("b", bob, &rooms[1..])]);
    assert_eq!(page(Some("b")).await, [in_rooms("c", ann, &rooms)]);
    assert_eq!(page(Some("c")).await, []);
    let alone = stores.user("eve").await;
    stores.connections.opened(&opened("d", alone, HERE, 0)).await.unwrap();
    assert_eq!(page(Some("c")).await, [in_rooms("d", alone, &[])]);
    for (after_ms, expected) in [(-1, NOW), (7, NOW.plus(7)), (5, NOW.plus(7))] {
        stores.statuses.heard(&[(alone, NOW.plus(after_ms)), (UserId(999_999), NOW)]).await.unwrap();
        assert_eq!(page(Some("c")).await[0].1, expected, "when they connected or were heard, the later");
    }
}

async fn those_whose_rows_are_there_are_still_open(stores: &Stores) {
    let ann = stores.user("ann").await;
    for id in ["a", "b", "c"] {
        stores.connections.opened(&opened(id, ann, HERE, 0)).await.unwrap();
    }
    let [a, b, unknown] = ["a", "b", "z"].map(|id| ConnectionId(id.to_owned()));
    stores.connections.closed(&b).await.unwrap();
    let found = stores.connections.still_open(&[a.clone(), b, unknown]).await.unwrap();
    assert_eq!(found, [a]);
    assert_eq!(stores.connections.still_open(&[]).await.unwrap(), []);
}

async fn revoked_connections_are_neither_read_nor_open(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.connections.opened(&opened("old", ann, HERE, 0)).await.unwrap();
    stores.accounts.revoke_tokens(ann, NOW).await.unwrap();
    let current = OpenedConnection { token_version: 1, ..opened("new", ann, HERE, 0) };
    stores.connections.opened(&current).await.unwrap();
    assert_eq!(stores.connections.page(None, 9).await.unwrap(), [in_rooms("new", ann, &[])]);
    let both = ["old", "new"].map(|id| ConnectionId(id.to_owned()));
    assert_eq!(stores.connections.still_open(&both).await.unwrap(), both[1..]);
}
