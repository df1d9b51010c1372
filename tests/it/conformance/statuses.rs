//! The rules of `Statuses`.

use shared::ids::UserId;
use shared::model::{Role, Status};
use shared::ports::{ContactScope, KeptStatus};

use super::stores::{NOW, Stores};

on_every_engine! {
    a_chosen_status_is_kept,
    last_seen_moves_forward_only,
    contacts_share_a_small_room_and_are_named_once,
    contacts_are_those_of_the_rooms_with_the_newest_activity,
}

async fn a_chosen_status_is_kept(stores: &Stores) {
    let ann = stores.user("ann").await;
    let fresh = KeptStatus { chosen: Status::Online, last_seen: None, role: Role::User };
    assert_eq!(stores.statuses.kept(ann).await.unwrap(), Some(fresh));
    for chosen in [Status::Busy, Status::Away, Status::Offline, Status::Online] {
        stores.statuses.choose(ann, chosen).await.unwrap();
        assert_eq!(stores.statuses.kept(ann).await.unwrap().unwrap().chosen, chosen);
    }
    assert_eq!(stores.statuses.kept(UserId(999_999)).await.unwrap(), None);
    stores.statuses.choose(UserId(999_999), Status::Busy).await.unwrap();
}

async fn last_seen_moves_forward_only(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (at, seen) in [(NOW, NOW), (NOW.plus(-1), NOW), (NOW.plus(1), NOW.plus(1))] {
        stores.statuses.seen(ann, at).await.unwrap();
        assert_eq!(stores.statuses.kept(ann).await.unwrap().unwrap().last_seen, Some(seen));
    }
}

const ALL: ContactScope = ContactScope { room_max_members: 3, rooms: 9, users: 9 };

async fn contacts_share_a_small_room_and_are_named_once(stores: &Stores) {
    let [ann, bob, carl, dora, eve] =
        stores.users(5).await.try_into().unwrap_or_else(|_| unreachable!("five were made"));
    stores.group(ann, &[bob]).await;
    stores.group(bob, &[ann, carl]).await;
    stores.group(carl, &[dora]).await;
    stores.group(eve, &[ann, bob, dora]).await;
    let mut contacts = stores.statuses.contacts(ann, ALL).await.unwrap();
    contacts.sort_unstable();
    assert_eq!(contacts, [bob, carl], "not those of a room of four");
    let larger = ContactScope { room_max_members: 4, ..ALL };
    assert_eq!(stores.statuses.contacts(ann, larger).await.unwrap().len(), 4);
    assert_eq!(stores.statuses.contacts(eve, ALL).await.unwrap(), []);
}

async fn contacts_are_those_of_the_rooms_with_the_newest_activity(stores: &Stores) {
    let [ann, bob, carl, dora] =
        stores.users(4).await.try_into().unwrap_or_else(|_| unreachable!("four were made"));
    let mut rooms = Vec::new();
    for other in [bob, carl, dora] {
        rooms.push(stores.group(ann, &[other]).await);
    }
    for room in [rooms[1], rooms[0], rooms[2]] {
        stores.say(room, ann, &format!("hello {room}")).await;
    }
    let few = async |rooms, users| {
        stores.statuses.contacts(ann, ContactScope { rooms, users, ..ALL }).await.unwrap()
    };
    assert_eq!(few(9, 9).await, [dora, bob, carl]);
    assert_eq!(few(2, 9).await, [dora, bob]);
    assert_eq!(few(9, 1).await, [dora]);
}
