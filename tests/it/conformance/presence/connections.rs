//! Connections of users, and who is online.

use shared::ids::UserId;
use shared::model::Listener;
use shared::ports::{Admission, OnlineCount, UserStatus};

use super::{
    Adapter, NOW, PRESENCE_TTL, ROUTING_TTL, a_room, a_user, an_address, connected, later, listens, register,
    registration, sorted,
};

pub(super) async fn registering_twice_is_registering_once(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    presence.rebuild(room, 1, &[ann]).await.unwrap();
    let phone = connected(&*presence, ann, &[room]).await;
    register(&*presence, ann, &phone, &[room]).await;
    let once = vec![Listener { user: ann, address: phone }];
    assert_eq!(presence.listeners(&[ann]).await.unwrap(), once);
    assert_eq!(presence.audience(room).await.unwrap().listeners, once);
}

pub(super) async fn two_devices_are_two_listeners(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    let phone = connected(&*presence, ann, &[room]).await;
    let mut laptop = an_address();
    laptop.endpoint = "http://127.0.0.1:3001/local".to_owned();
    register(&*presence, ann, &laptop, &[room]).await;
    let audience = presence.rebuild(room, 1, &[ann]).await.unwrap();
    let both = [phone, laptop].map(|address| Listener { user: ann, address });
    assert_eq!(sorted(audience.listeners), sorted(both.to_vec()));
}

pub(super) async fn forgetting_takes_exactly_one_connection(adapter: Adapter) {
    let (presence, ann, room, other) = (adapter.presence(), a_user(), a_room(), a_room());
    let phone = connected(&*presence, ann, &[room, other]).await;
    let laptop = connected(&*presence, ann, &[room, other]).await;
    presence.rebuild(room, 1, &[ann]).await.unwrap();
    presence.rebuild(other, 1, &[ann]).await.unwrap();
    presence.forget(ann, &phone.connection, &[room, other], NOW).await.unwrap();
    for room in [room, other] {
        let audience = presence.audience(room).await.unwrap();
        assert!(listens(&audience, &laptop) && !listens(&audience, &phone));
        assert_eq!(audience.members_version, Some(1));
    }
    let status = presence.status(ann, NOW).await.unwrap();
    assert_eq!((status.online, status.connections), (true, vec![laptop]));
}

pub(super) async fn forgetting_what_is_unknown_is_no_error(adapter: Adapter) {
    let (presence, ann, room) = (adapter.presence(), a_user(), a_room());
    presence.forget(ann, &an_address().connection, &[room], NOW).await.unwrap();
    let phone = connected(&*presence, ann, &[]).await;
    presence.forget(ann, &an_address().connection, &[room], NOW).await.unwrap();
    assert_eq!(presence.status(ann, NOW).await.unwrap().connections, [phone]);
}

pub(super) async fn who_was_never_here_is_offline(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let nothing = UserStatus { user: ann, online: false, last_seen: None, connections: vec![] };
    assert_eq!(presence.status(ann, NOW).await.unwrap(), nothing);
}

pub(super) async fn a_user_is_online_until_presence_runs_out(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    connected(&*presence, ann, &[]).await;
    assert!(presence.status(ann, later(PRESENCE_TTL)).await.unwrap().online);
    assert!(!presence.status(ann, later(PRESENCE_TTL).plus(1)).await.unwrap().online);
}

pub(super) async fn the_status_names_the_connections_and_the_last_frame(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    presence.admit(ann, Some(&phone.connection), NOW.plus(7)).await.unwrap();
    let status = presence.status(ann, NOW.plus(9)).await.unwrap();
    let expected =
        UserStatus { user: ann, online: true, last_seen: Some(NOW.plus(7)), connections: vec![phone] };
    assert_eq!(status, expected);
}

pub(super) async fn last_seen_outlives_the_last_connection(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    presence.renew(ann, &phone.connection, NOW.plus(5)).await.unwrap();
    presence.forget(ann, &phone.connection, &[], NOW.plus(8)).await.unwrap();
    let gone = UserStatus { user: ann, online: false, last_seen: Some(NOW.plus(5)), connections: vec![] };
    assert_eq!(presence.status(ann, NOW.plus(9)).await.unwrap(), gone);
}

pub(super) async fn a_silent_device_does_not_keep_its_user_online(adapter: Adapter) {
    let presence = adapter.alone(1).await;
    let ann = a_user();
    let silent = connected(&*presence, ann, &[]).await;
    let phone = connected(&*presence, ann, &[]).await;
    let now = later(PRESENCE_TTL).plus(1);
    presence.renew(ann, &phone.connection, now).await.unwrap();
    assert_eq!(presence.online(now).await.unwrap(), OnlineCount { users: 1, connections: 2 });
    presence.forget(ann, &phone.connection, &[], now).await.unwrap();
    assert_eq!(presence.online(now).await.unwrap(), OnlineCount { users: 0, connections: 1 });
    assert_eq!(presence.status(ann, now).await.unwrap().connections, [silent]);
}

pub(super) async fn a_frame_of_the_past_takes_no_presence_away(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    presence.renew(ann, &phone.connection, NOW.plus(-5000)).await.unwrap();
    register(&*presence, ann, &phone, &[]).await;
    assert_eq!(presence.status(ann, NOW).await.unwrap().last_seen, Some(NOW));
}

pub(super) async fn online_counts_users_and_connections(adapter: Adapter) {
    let presence = adapter.alone(2).await;
    let (ann, bob) = (a_user(), a_user());
    assert_eq!(presence.online(NOW).await.unwrap(), OnlineCount { users: 0, connections: 0 });
    let phone = connected(&*presence, ann, &[]).await;
    connected(&*presence, ann, &[]).await;
    connected(&*presence, bob, &[]).await;
    assert_eq!(presence.online(NOW).await.unwrap(), OnlineCount { users: 2, connections: 3 });
    presence.forget(ann, &phone.connection, &[], NOW).await.unwrap();
    assert_eq!(presence.online(NOW).await.unwrap(), OnlineCount { users: 2, connections: 2 });
    let silent = later(PRESENCE_TTL).plus(1);
    assert_eq!(presence.online(silent).await.unwrap(), OnlineCount { users: 0, connections: 2 });
    let dead = later(ROUTING_TTL).plus(1);
    assert_eq!(presence.online(dead).await.unwrap(), OnlineCount { users: 0, connections: 0 });
}

pub(super) async fn silent_users_are_swept_and_stay_reachable(adapter: Adapter) {
    let presence = adapter.alone(3).await;
    let (ann, bob, room) = (a_user(), a_user(), a_room());
    let silent = connected(&*presence, ann, &[room]).await;
    let phone = connected(&*presence, bob, &[room]).await;
    presence.rebuild(room, 1, &[ann, bob]).await.unwrap();
    let now = later(PRESENCE_TTL).plus(1);
    presence.renew(bob, &phone.connection, now).await.unwrap();
    assert_eq!(presence.sweep_silent(now, 10).await.unwrap(), [ann]);
    assert_eq!(presence.sweep_silent(now, 10).await.unwrap(), [] as [UserId; 0]);
    assert!(listens(&presence.audience(room).await.unwrap(), &silent));
    assert_eq!(presence.status(ann, now).await.unwrap().connections, [silent]);
}

pub(super) async fn a_sweep_takes_the_longest_silent_first_and_keeps_to_its_limit(adapter: Adapter) {
    let presence = adapter.alone(4).await;
    let users = [a_user(), a_user(), a_user()];
    for (order, user) in (0..).zip(users) {
        let phone = connected(&*presence, user, &[]).await;
        presence.renew(user, &phone.connection, NOW.plus(order)).await.unwrap();
    }
    let now = later(PRESENCE_TTL).plus(100);
    assert_eq!(presence.sweep_silent(now, 2).await.unwrap(), users[..2]);
    assert_eq!(presence.sweep_silent(now, 2).await.unwrap(), users[2..]);
}

pub(super) async fn a_swept_user_who_speaks_is_online_and_swept_again(adapter: Adapter) {
    let presence = adapter.alone(5).await;
    let ann = a_user();
    let phone = connected(&*presence, ann, &[]).await;
    let silent = later(PRESENCE_TTL).plus(1);
    assert_eq!(presence.sweep_silent(silent, 10).await.unwrap(), [ann]);
    let admitted = presence.admit(ann, Some(&phone.connection), silent).await.unwrap();
    assert_eq!(admitted, Admission::Admitted { known: false }, "so that it is registered again");
    presence.register(&registration(ann, &phone, &[]), silent).await.unwrap();
    assert_eq!(presence.online(silent).await.unwrap().users, 1);
    assert!(presence.status(ann, silent).await.unwrap().online);
    let again = silent.plus(300_001);
    assert_eq!(presence.sweep_silent(again, 10).await.unwrap(), [ann]);
}

pub(super) async fn listeners_are_those_of_the_users_asked_for(adapter: Adapter) {
    let (presence, ann, bob, eve) = (adapter.presence(), a_user(), a_user(), a_user());
    let phone = connected(&*presence, ann, &[]).await;
    let laptop = connected(&*presence, bob, &[]).await;
    connected(&*presence, eve, &[]).await;
    let expected = vec![Listener { user: ann, address: phone }, Listener { user: bob, address: laptop }];
    let listeners = presence.listeners(&[ann, bob, a_user()]).await.unwrap();
    assert_eq!(sorted(listeners), sorted(expected));
    assert_eq!(presence.listeners(&[]).await.unwrap(), []);
}

pub(super) async fn a_connection_older_than_any_socket_is_dropped(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let mut old = an_address();
    old.connected_at = NOW.plus(-7_200_001);
    register(&*presence, ann, &old, &[]).await;
    let phone = connected(&*presence, ann, &[]).await;
    assert_eq!(presence.status(ann, NOW).await.unwrap().connections, [phone]);
}

pub(super) async fn caching_messages_succeeds(adapter: Adapter) {
    let presence = adapter.presence();
    presence.cache_messages(&[]).await.unwrap();
    presence.cache_messages(&[super::on_redis::a_message()]).await.unwrap();
}

pub(super) async fn it_answers_a_ping(adapter: Adapter) {
    adapter.presence().ping().await.unwrap();
}

pub(super) async fn forgetting_tells_whether_the_user_is_still_online(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    let silent = connected(&*presence, ann, &[]).await;
    let (phone, laptop) = (connected(&*presence, ann, &[]).await, connected(&*presence, ann, &[]).await);
    let now = later(PRESENCE_TTL).plus(1);
    for device in [&phone, &laptop] {
        presence.renew(ann, &device.connection, now).await.unwrap();
    }
    assert!(presence.forget(ann, &phone.connection, &[], now).await.unwrap());
    assert!(!presence.forget(ann, &laptop.connection, &[], now).await.unwrap(), "one is left, long silent");
    assert!(!presence.forget(ann, &silent.connection, &[], now).await.unwrap());
}

pub(super) async fn who_was_heard_since_is_listed_with_when(adapter: Adapter) {
    let presence = adapter.alone(25).await;
    let users = [a_user(), a_user(), a_user()];
    for (order, user) in (0..).zip(users) {
        let phone = connected(&*presence, user, &[]).await;
        presence.renew(user, &phone.connection, NOW.plus(order)).await.unwrap();
    }
    let heard = async |since, skip, limit| presence.heard_since(since, skip, limit).await.unwrap();
    let all = [(users[0], NOW), (users[1], NOW.plus(1)), (users[2], NOW.plus(2))];
    assert_eq!(heard(NOW, 0, 9).await, all);
    assert_eq!(heard(NOW.plus(1), 0, 9).await, all[1..]);
    assert_eq!(heard(NOW, 1, 1).await, all[1..2]);
    assert_eq!(heard(NOW, 3, 9).await, []);
}
