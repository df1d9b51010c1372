//! The rules of `Rooms` for who is in them: coming, going, roles and marks.

use futures::future::join_all;
use shared::ids::{NameOr, RoomId, RoomRef, Seq, UserId};
use shared::model::{MemberRole, Page, RoomType};
use shared::ports::{Audience, Change, RoomsError};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores};

on_every_engine! {
    joining_twice_changes_nothing,
    who_joins_starts_read,
    only_public_rooms_can_be_joined,
    joining_an_unknown_name_makes_the_room,
    of_two_who_join_an_unknown_name_at_once_one_makes_it,
    the_last_place_is_taken_once,
    added_members_are_those_who_were_not_in_it,
    nobody_is_added_with_an_unknown_user,
    members_are_added_up_to_the_limit,
    a_removed_member_is_out,
    the_two_of_a_direct_room_stay,
    every_change_of_members_raises_the_version_by_one,
    members_come_by_the_order_of_joining,
}

const NOBODY: UserId = UserId(999_999);
const NOWHERE: RoomId = RoomId(999_999);

fn named(name: &str) -> RoomRef {
    NameOr::Name(name.to_owned())
}

async fn version(stores: &Stores, room: RoomId) -> i64 {
    stores.room(room).await.members_version
}

async fn joining_twice_changes_nothing(stores: &Stores) {
    let users = stores.users(2).await;
    let lobby = stores.public("Lobby", users[0]).await;
    let first = stores.rooms.join(&named("lobby"), users[1], ROOMY, NOW).await.unwrap();
    assert_eq!(first, Change { room: lobby, users: vec![users[1]], members_version: 2, last_seq: Seq(0) });
    let again = stores.rooms.join(&NameOr::Id(lobby), users[1], ROOMY, NOW).await.unwrap();
    assert_eq!(again, Change { users: vec![], ..first });
    assert_eq!(stores.room(lobby).await.member_count, 2);
}

async fn who_joins_starts_read(stores: &Stores) {
    let users = stores.users(3).await;
    let lobby = stores.public("lobby", users[0]).await;
    stores.say(lobby, users[0], "m1").await;
    stores.say(lobby, users[0], "m2").await;
    let change = stores.rooms.join(&NameOr::Id(lobby), users[1], ROOMY, NOW).await.unwrap();
    assert_eq!(change.last_seq, Seq(2));
    stores.rooms.add_members(lobby, &[users[2]], ROOMY, NOW).await.unwrap();
    for user in [users[1], users[2]] {
        let own = stores.rooms.membership(&NameOr::Id(lobby), user).await.unwrap().unwrap().1.unwrap();
        assert_eq!((own.read_seq, own.joined_seq), (Seq(2), Seq(2)));
        assert_eq!(stores.unread(lobby, user).await, 0);
    }
}

async fn only_public_rooms_can_be_joined(stores: &Stores) {
    let users = stores.users(3).await;
    let group = stores.group(users[0], &[]).await;
    let direct = stores.rooms.direct(users[0], users[1], NOW).await.unwrap().id;
    for room in [group, direct] {
        let joined = stores.rooms.join(&NameOr::Id(room), users[2], ROOMY, NOW).await;
        assert!(matches!(joined, Err(RoomsError::Private)), "{joined:?}");
    }
    // Who is in it already changes nothing by joining.
    assert_eq!(stores.rooms.join(&NameOr::Id(group), users[0], ROOMY, NOW).await.unwrap().users, []);
    let nowhere = stores.rooms.join(&NameOr::Id(NOWHERE), users[2], ROOMY, NOW).await;
    assert!(matches!(nowhere, Err(RoomsError::NotFound)), "{nowhere:?}");
}

async fn joining_an_unknown_name_makes_the_room(stores: &Stores) {
    let ann = stores.user("ann").await;
    let change = stores.rooms.join(&named("New Place"), ann, ROOMY, NOW).await.unwrap();
    assert_eq!((change.users.as_slice(), change.members_version), ([ann].as_slice(), 1));
    let room = stores.room(change.room).await;
    assert_eq!((room.kind, room.name.as_deref()), (RoomType::Public, Some("New Place")));
    assert_eq!((room.created_by, room.member_count), (Some(ann), 1));
    assert_eq!(stores.roles(room.id).await, [(ann, MemberRole::Owner)]);
    let nobody = stores.rooms.join(&named("Elsewhere"), NOBODY, ROOMY, NOW).await;
    assert!(matches!(nobody, Err(RoomsError::UnknownUser(NOBODY))), "{nobody:?}");
    assert_eq!(stores.rows_in("rooms").await, 1);
}

async fn of_two_who_join_an_unknown_name_at_once_one_makes_it(stores: &Stores) {
    let users = stores.users(8).await;
    let place = named("place");
    let joins = join_all(users.iter().map(|user| stores.rooms.join(&place, *user, ROOMY, NOW))).await;
    let rooms: Vec<_> = joins.into_iter().map(|change| change.unwrap().room).collect();
    assert!(rooms.iter().all(|room| *room == rooms[0]));
    assert_eq!(stores.rows_in("rooms").await, 1);
    let roles = stores.roles(rooms[0]).await;
    assert_eq!(roles.len(), 8);
    assert_eq!(roles.iter().filter(|(_, role)| *role == MemberRole::Owner).count(), 1);
}

async fn the_last_place_is_taken_once(stores: &Stores) {
    let users = stores.users(10).await;
    let lobby = stores.public("lobby", users[0]).await;
    let lobby_ref = NameOr::Id(lobby);
    let joins = join_all(users[1..].iter().map(|user| stores.rooms.join(&lobby_ref, *user, 5, NOW))).await;
    let (joined, refused): (Vec<_>, Vec<_>) = joins.into_iter().partition(Result::is_ok);
    assert_eq!((joined.len(), refused.len()), (4, 5));
    assert!(refused.iter().all(|outcome| matches!(outcome, Err(RoomsError::Full(5)))), "{refused:?}");
    let audience = stores.rooms.audience(lobby).await.unwrap().unwrap();
    assert_eq!((audience.members.len(), audience.members_version), (5, 5));
}

async fn added_members_are_those_who_were_not_in_it(stores: &Stores) {
    let users = stores.users(4).await;
    let room = stores.group(users[0], &[users[1]]).await;
    let adding = [users[3], users[1], users[2], users[3]];
    let change = stores.rooms.add_members(room, &adding, ROOMY, NOW).await.unwrap();
    assert_eq!((change.users, change.members_version), (vec![users[3], users[2]], 2));
    let change = stores.rooms.add_members(room, &adding, ROOMY, NOW).await.unwrap();
    assert_eq!((change.users, change.members_version), (vec![], 2));
    assert_eq!(stores.room(room).await.member_count, 4);
    let nowhere = stores.rooms.add_members(NOWHERE, &[users[1]], ROOMY, NOW).await;
    assert!(matches!(nowhere, Err(RoomsError::NotFound)), "{nowhere:?}");
}

async fn nobody_is_added_with_an_unknown_user(stores: &Stores) {
    let users = stores.users(2).await;
    let room = stores.group(users[0], &[]).await;
    let outcome = stores.rooms.add_members(room, &[users[1], NOBODY], ROOMY, NOW).await;
    assert!(matches!(outcome, Err(RoomsError::UnknownUser(NOBODY))), "{outcome:?}");
    assert_eq!(stores.rooms.audience(room).await.unwrap().unwrap().members, [users[0]]);
    assert_eq!(version(stores, room).await, 1);
}

async fn members_are_added_up_to_the_limit(stores: &Stores) {
    let users = stores.users(4).await;
    let room = stores.group(users[0], &[]).await;
    let outcome = stores.rooms.add_members(room, &users[1..], 3, NOW).await;
    assert!(matches!(outcome, Err(RoomsError::Full(3))), "{outcome:?}");
    assert_eq!(stores.room(room).await.member_count, 1);
    stores.rooms.add_members(room, &users[1..3], 3, NOW).await.unwrap();
    let outcome = stores.rooms.add_members(room, &users[3..], 3, NOW).await;
    assert!(matches!(outcome, Err(RoomsError::Full(3))), "{outcome:?}");
    // Those in it already need no place.
    stores.rooms.add_members(room, &users[..3], 3, NOW).await.unwrap();
}

async fn a_removed_member_is_out(stores: &Stores) {
    let users = stores.users(3).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.say(room, users[0], "m1").await;
    let change = stores.rooms.remove_member(room, users[1]).await.unwrap();
    let expected = Change { room, users: vec![users[1]], members_version: 2, last_seq: Seq(1) };
    assert_eq!(change, expected);
    assert_eq!(stores.rooms.rooms_of(users[1]).await.unwrap(), []);
    assert_eq!(stores.room(room).await.member_count, 2);
    let again = stores.rooms.remove_member(room, users[1]).await;
    assert!(matches!(again, Err(RoomsError::NotMember)), "{again:?}");
    let nowhere = stores.rooms.remove_member(NOWHERE, users[1]).await;
    assert!(matches!(nowhere, Err(RoomsError::NotFound)), "{nowhere:?}");
    assert_eq!(version(stores, room).await, 2);
}

async fn the_two_of_a_direct_room_stay(stores: &Stores) {
    let users = stores.users(3).await;
    let room = stores.rooms.direct(users[0], users[1], NOW).await.unwrap().id;
    let added = stores.rooms.add_members(room, &[users[2]], ROOMY, NOW).await;
    assert!(matches!(added, Err(RoomsError::FixedMembers)), "{added:?}");
    let removed = stores.rooms.remove_member(room, users[0]).await;
    assert!(matches!(removed, Err(RoomsError::FixedMembers)), "{removed:?}");
    let promoted = stores.rooms.set_role(room, users[0], MemberRole::Owner).await;
    assert!(matches!(promoted, Err(RoomsError::FixedMembers)), "{promoted:?}");
    assert_eq!(stores.rooms.audience(room).await.unwrap().unwrap().members, users[..2]);
}

async fn every_change_of_members_raises_the_version_by_one(stores: &Stores) {
    let users = stores.users(16).await;
    let lobby = stores.public("lobby", users[0]).await;
    let lobby_ref = NameOr::Id(lobby);
    let joins =
        join_all(users[1..].iter().map(|user| stores.rooms.join(&lobby_ref, *user, ROOMY, NOW))).await;
    let mut versions: Vec<_> = joins.into_iter().map(|change| change.unwrap().members_version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=16).collect::<Vec<_>>());
    let leaves = join_all(users[1..9].iter().map(|user| stores.rooms.remove_member(lobby, *user))).await;
    let mut versions: Vec<_> = leaves.into_iter().map(|change| change.unwrap().members_version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (17..=24).collect::<Vec<_>>());
    let mut members = vec![users[0]];
    members.extend(&users[9..]);
    let audience = stores.rooms.audience(lobby).await.unwrap();
    assert_eq!(audience, Some(Audience { members_version: 24, members }));
    assert_eq!(stores.room(lobby).await.member_count, 8);
    assert_eq!(stores.rooms.audience(NOWHERE).await.unwrap(), None);
}

async fn members_come_by_the_order_of_joining(stores: &Stores) {
    let users = stores.users(4).await;
    let room = stores.group(users[3], &[]).await;
    for user in [users[1], users[2], users[0]] {
        stores.rooms.add_members(room, &[user], ROOMY, stores.tick()).await.unwrap();
    }
    let page = async |number| {
        let listing = stores.rooms.members(room, Page { number, size: 3 }).await.unwrap();
        let users: Vec<_> = listing.items.iter().map(|member| member.user.id).collect();
        (users, listing.total)
    };
    assert_eq!(page(1).await, (vec![users[3], users[1], users[2]], 4));
    assert_eq!(page(2).await, (vec![users[0]], 4));
    assert_eq!(page(3).await, (vec![], 4));
    let first = stores.rooms.members(room, FIRST_PAGE).await.unwrap().items.remove(0);
    assert_eq!((first.user.username.as_str(), first.joined_at, first.read_seq), ("u4", NOW, Seq(0)));
}
