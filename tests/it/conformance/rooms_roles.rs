//! The rules of `Rooms` for owners, and for how far members have read.

use shared::ids::{NameOr, RoomId, Seq, UserId};
use shared::model::{MemberRole, RoomType};
use shared::ports::{NewRoom, RoomsError};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores, new_room};

on_every_engine! {
    ownership_passes_to_the_longest_standing_admin_else_member,
    who_joins_an_empty_room_owns_it,
    giving_ownership_makes_the_owner_an_admin,
    an_owner_who_steps_down_passes_the_room_on,
    a_mark_moves_forward_only,
    a_mark_stops_at_the_last_entry,
    a_mark_says_whose_messages_were_read,
    a_pair_has_no_room_until_it_is_made,
}

const NOBODY: UserId = UserId(999_999);
const NOWHERE: RoomId = RoomId(999_999);

async fn ownership_passes_to_the_longest_standing_admin_else_member(stores: &Stores) {
    let users = stores.users(5).await;
    let room = stores.group(users[0], &[]).await;
    for user in [users[4], users[3], users[2], users[1]] {
        stores.rooms.add_members(room, &[user], ROOMY, stores.tick()).await.unwrap();
    }
    stores.rooms.set_role(room, users[1], MemberRole::Admin).await.unwrap();
    stores.rooms.set_role(room, users[2], MemberRole::Admin).await.unwrap();
    let owner = async || {
        let roles = stores.roles(room).await;
        let owners: Vec<_> = roles.iter().filter(|(_, role)| *role == MemberRole::Owner).collect();
        assert!(owners.len() <= 1, "{roles:?}");
        owners.first().map(|(user, _)| *user)
    };
    for expected in [users[2], users[1], users[4], users[3]] {
        let leaving = owner().await.unwrap();
        stores.rooms.remove_member(room, leaving).await.unwrap();
        assert_eq!(owner().await, Some(expected));
    }
    stores.rooms.remove_member(room, users[3]).await.unwrap();
    assert_eq!((owner().await, stores.room(room).await.member_count), (None, 0));
}

async fn who_joins_an_empty_room_owns_it(stores: &Stores) {
    let users = stores.users(2).await;
    let lobby = stores.public("lobby", users[0]).await;
    stores.rooms.remove_member(lobby, users[0]).await.unwrap();
    stores.rooms.join(&NameOr::Id(lobby), users[1], ROOMY, NOW).await.unwrap();
    assert_eq!(stores.roles(lobby).await, [(users[1], MemberRole::Owner)]);
}

async fn giving_ownership_makes_the_owner_an_admin(stores: &Stores) {
    let users = stores.users(3).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.rooms.set_role(room, users[1], MemberRole::Owner).await.unwrap();
    let expected = [MemberRole::Admin, MemberRole::Owner, MemberRole::Member];
    assert_eq!(stores.roles(room).await, users.iter().copied().zip(expected).collect::<Vec<_>>());
    // Giving it to the owner again changes nothing.
    stores.rooms.set_role(room, users[1], MemberRole::Owner).await.unwrap();
    assert_eq!(stores.roles(room).await, users.iter().copied().zip(expected).collect::<Vec<_>>());
    let stranger = stores.rooms.set_role(room, NOBODY, MemberRole::Owner).await;
    assert!(matches!(stranger, Err(RoomsError::NotMember)), "{stranger:?}");
    assert_eq!(stores.roles(room).await, users.iter().copied().zip(expected).collect::<Vec<_>>());
    let nowhere = stores.rooms.set_role(NOWHERE, users[1], MemberRole::Admin).await;
    assert!(matches!(nowhere, Err(RoomsError::NotFound)), "{nowhere:?}");
    assert_eq!(stores.room(room).await.members_version, 1);
}

async fn an_owner_who_steps_down_passes_the_room_on(stores: &Stores) {
    let users = stores.users(2).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.rooms.set_role(room, users[0], MemberRole::Member).await.unwrap();
    assert_eq!(stores.roles(room).await, [(users[0], MemberRole::Member), (users[1], MemberRole::Owner)]);
    stores.rooms.remove_member(room, users[0]).await.unwrap();
    // Alone, there is nobody to pass it on to.
    stores.rooms.set_role(room, users[1], MemberRole::Member).await.unwrap();
    assert_eq!(stores.roles(room).await, [(users[1], MemberRole::Owner)]);
}

async fn a_mark_moves_forward_only(stores: &Stores) {
    let users = stores.users(2).await;
    let room = stores.group(users[0], &users[1..]).await;
    for n in 0..4 {
        stores.say(room, users[0], &format!("m{n}")).await;
    }
    let mark =
        async |seq| stores.rooms.mark_read(room, users[1], Seq(seq)).await.unwrap().membership.read_seq;
    assert_eq!((mark(3).await, stores.unread(room, users[1]).await), (Seq(3), 1));
    assert_eq!((mark(1).await, stores.unread(room, users[1]).await), (Seq(3), 1));
    assert_eq!((mark(3).await, stores.unread(room, users[1]).await), (Seq(3), 1));
    let members = stores.rooms.members(room, FIRST_PAGE).await.unwrap().items;
    assert_eq!(members[1].read_seq, Seq(3));
    for (room, user) in [(room, NOBODY), (NOWHERE, users[0])] {
        let outcome = stores.rooms.mark_read(room, user, Seq(1)).await;
        assert!(matches!(outcome, Err(RoomsError::NotMember)), "{outcome:?}");
    }
}

async fn a_mark_stops_at_the_last_entry(stores: &Stores) {
    let users = stores.users(2).await;
    let new = NewRoom { history_before_joining: false, ..new_room(RoomType::Group, "t", users[0], &users) };
    let room = stores.rooms.create(new, ROOMY, NOW).await.unwrap().id;
    assert_eq!(stores.rooms.mark_read(room, users[1], Seq(9)).await.unwrap().membership.read_seq, Seq(0));
    stores.say(room, users[0], "m1").await;
    let own = stores.rooms.mark_read(room, users[1], Seq(i64::MAX)).await.unwrap();
    assert_eq!((own.membership.read_seq, own.membership.role), (Seq(1), MemberRole::Member));
    stores.say(room, users[0], "m2").await;
    assert_eq!(stores.unread(room, users[1]).await, 1);
}

async fn a_mark_says_whose_messages_were_read(stores: &Stores) {
    let users = stores.users(4).await;
    let [ann, bob, eve, dan] = users[..] else { unreachable!("four") };
    let room = stores.group(ann, &[bob, eve, dan]).await;
    for (sender, content) in [(ann, "m1"), (eve, "m2"), (ann, "m3"), (dan, "m4"), (bob, "m5"), (ann, "m6")] {
        stores.say(room, sender, content).await;
    }
    // Who answers has read what was there; a mark of their own is not needed.
    let read = async |user, seq| {
        let mut reading = stores.rooms.mark_read(room, user, Seq(seq)).await.unwrap();
        reading.senders.sort_unstable();
        (reading.since, reading.membership.read_seq, reading.senders)
    };
    stores.rooms.remove_member(room, dan).await.unwrap();
    assert_eq!(read(bob, 6).await, (Seq(5), Seq(6), vec![ann]));
    assert_eq!(read(bob, 6).await, (Seq(6), Seq(6), vec![]), "nothing is read twice");
    assert_eq!(read(bob, 2).await, (Seq(6), Seq(6), vec![]));
    let late = stores.user("late").await;
    stores.rooms.add_members(room, &[late], ROOMY, NOW).await.unwrap();
    assert_eq!(read(late, 6).await.2, vec![], "who joins starts read");

    let reading = stores.rooms.reading(room, bob, Seq(0)).await.unwrap();
    let mut senders = reading.senders.clone();
    senders.sort_unstable();
    assert_eq!((reading.since, reading.membership.read_seq, senders), (Seq(0), Seq(6), vec![ann, eve]));
    assert_eq!(reading.member_count, 4);
    let outside = stores.rooms.reading(room, dan, Seq(0)).await;
    assert!(matches!(outside, Err(RoomsError::NotMember)), "{outside:?}");
}

async fn a_pair_has_no_room_until_it_is_made(stores: &Stores) {
    let users = stores.users(2).await;
    assert_eq!(stores.rooms.pair(users[0], users[1]).await.unwrap(), None);
    let made = stores.rooms.direct(users[0], users[1], NOW).await.unwrap();
    assert_eq!(stores.rooms.pair(users[1], users[0]).await.unwrap(), Some(made));
    assert_eq!(stores.rooms.pair(users[0], NOBODY).await.unwrap(), None);
}
