//! The rules of `Rooms` for rooms themselves: making, finding, listing, changing, deleting.

use futures::future::join_all;
use shared::ids::{NameOr, RoomId, Seq, UserId};
use shared::model::{MemberRole, Page, Role, RoomType};
use shared::ports::{NewRoom, RoomPatch, RoomsError, Window};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores, new_room};

on_every_engine! {
    a_new_room_has_its_owner_and_members,
    a_room_with_an_unknown_member_is_not_made,
    a_room_is_made_full_but_not_fuller,
    public_names_are_unique_whatever_their_case,
    a_pair_has_one_room_however_often_it_is_asked_for,
    a_direct_room_is_between_two_users,
    a_visitor_is_in_no_room_but_that_of_a_session,
    who_became_a_visitor_has_no_direct_room,
    a_name_finds_only_a_public_room,
    membership_tells_members_from_outsiders,
    a_list_has_the_newest_activity_first,
    a_list_is_paged_with_the_total_of_all,
    a_summary_shows_unread_last_message_and_peer,
    with_all_every_room_is_listed_but_others_direct_ones,
    the_last_message_before_joining_is_withheld,
    a_patch_changes_field_by_field,
    a_deleted_room_takes_everything_with_it,
}

const NOBODY: UserId = UserId(999_999);
const NOWHERE: RoomId = RoomId(999_999);

async fn a_new_room_has_its_owner_and_members(stores: &Stores) {
    let users = stores.users(3).await;
    let new = NewRoom {
        description: "all of us".into(),
        history_before_joining: false,
        ..new_room(RoomType::Group, "team", users[0], &[users[1], users[2], users[1], users[0]])
    };
    let made = stores.rooms.create(new, ROOMY, NOW).await.unwrap();
    assert_eq!((made.kind, made.name.as_deref()), (RoomType::Group, Some("team")));
    assert_eq!((made.description.as_str(), made.history_before_joining), ("all of us", false));
    assert_eq!((made.created_by, made.created_at), (Some(users[0]), NOW));
    assert_eq!((made.member_count, made.last_seq, made.members_version), (3, Seq(0), 1));
    assert_eq!(stores.room(made.id).await, made);
    let members = stores.rooms.members(made.id, FIRST_PAGE).await.unwrap();
    let roles: Vec<_> = members.items.iter().map(|member| (member.user.id, member.role)).collect();
    let expected = [MemberRole::Owner, MemberRole::Member, MemberRole::Member];
    assert_eq!(roles, users.into_iter().zip(expected).collect::<Vec<_>>());
    assert_eq!(stores.rooms.find(&NameOr::Id(NOWHERE)).await.unwrap(), None);
}

async fn a_room_with_an_unknown_member_is_not_made(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (creator, members) in [(ann, vec![NOBODY]), (NOBODY, vec![ann])] {
        for kind in [RoomType::Group, RoomType::Public] {
            let made = stores.rooms.create(new_room(kind, "team", creator, &members), ROOMY, NOW).await;
            assert!(matches!(made, Err(RoomsError::UnknownUser(NOBODY))), "{made:?}");
        }
    }
    assert_eq!((stores.rows_in("rooms").await, stores.rows_in("room_members").await), (0, 0));
}

async fn a_room_is_made_full_but_not_fuller(stores: &Stores) {
    let users = stores.users(4).await;
    let made = stores.rooms.create(new_room(RoomType::Group, "team", users[0], &users[..3]), 3, NOW).await;
    assert_eq!(made.unwrap().member_count, 3);
    let made = stores.rooms.create(new_room(RoomType::Group, "team", users[0], &users), 3, NOW).await;
    assert!(matches!(made, Err(RoomsError::Full(3))), "{made:?}");
    assert_eq!(stores.rows_in("rooms").await, 1);
}

async fn public_names_are_unique_whatever_their_case(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.public("Café", ann).await;
    let again = stores.rooms.create(new_room(RoomType::Public, "cAFÉ", ann, &[]), ROOMY, NOW).await;
    assert!(matches!(again, Err(RoomsError::NameTaken)), "{again:?}");
    // Groups may share a name, with a public room, too.
    stores.rooms.create(new_room(RoomType::Group, "Café", ann, &[]), ROOMY, NOW).await.unwrap();
    stores.rooms.create(new_room(RoomType::Group, "Café", ann, &[]), ROOMY, NOW).await.unwrap();
    assert_eq!(stores.rows_in("rooms").await, 3);
}

async fn a_pair_has_one_room_however_often_it_is_asked_for(stores: &Stores) {
    let users = stores.users(2).await;
    let asked = (0..16).map(|n| stores.rooms.direct(users[n % 2], users[(n + 1) % 2], NOW));
    let rooms: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(rooms.iter().all(|room| room.id == rooms[0].id));
    assert_eq!((stores.rows_in("rooms").await, stores.rows_in("room_members").await), (1, 2));
    let room = stores.room(rooms[0].id).await;
    assert_eq!(
        (room.kind, room.name, room.member_count, room.members_version),
        (RoomType::Direct, None, 2, 1)
    );
    assert_eq!(stores.rooms.direct(users[1], users[0], NOW).await.unwrap().id, room.id);
}

async fn a_direct_room_is_between_two_users(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (one, other) in [(ann, NOBODY), (NOBODY, ann), (ann, ann)] {
        let made = stores.rooms.direct(one, other, NOW).await;
        assert!(matches!(made, Err(RoomsError::UnknownUser(_))), "{made:?}");
    }
    assert_eq!(stores.rows_in("rooms").await, 0);
}

async fn a_visitor_is_in_no_room_but_that_of_a_session(stores: &Stores) {
    let (ann, bob) = (stores.user("ann").await, stores.user("bob").await);
    let vera = stores.visitor("vera").await;
    let team = stores.group(ann, &[]).await;
    let lobby = stores.public("Lobby", ann).await;
    let before = (stores.rows_in("rooms").await, stores.rows_in("room_members").await);
    let (rooms, is_vera) =
        (&stores.rooms, |error: RoomsError| matches!(error, RoomsError::Visitor(user) if user == vera));
    for kind in [RoomType::Group, RoomType::Public] {
        for (creator, members) in [(ann, vec![bob, vera]), (vera, vec![ann])] {
            let made = rooms.create(new_room(kind, "new", creator, &members), ROOMY, NOW).await;
            assert!(is_vera(made.unwrap_err()));
        }
    }
    for (one, other) in [(ann, vera), (vera, ann)] {
        assert!(is_vera(rooms.direct(one, other, NOW).await.unwrap_err()));
    }
    for room in [team, lobby] {
        assert!(is_vera(rooms.add_members(room, &[bob, vera], ROOMY, NOW).await.unwrap_err()));
    }
    assert!(is_vera(rooms.join(&NameOr::Id(lobby), vera, ROOMY, NOW).await.unwrap_err()));
    assert_eq!((stores.rows_in("rooms").await, stores.rows_in("room_members").await), before);
    let session = stores.open(vera).await;
    assert_eq!(rooms.rooms_of(vera).await.unwrap(), [session.room_id]);
}

async fn who_became_a_visitor_has_no_direct_room(stores: &Stores) {
    let (ann, vera) = (stores.user("ann").await, stores.user("vera").await);
    let room = stores.rooms.direct(ann, vera, NOW).await.unwrap().id;
    let pair = async || stores.rooms.pair(vera, ann).await.unwrap().map(|room| room.id);
    for (role, found) in [(Role::Visitor, None), (Role::User, Some(room))] {
        stores.accounts.set_role(vera, role, NOW).await.unwrap();
        assert_eq!(pair().await, found);
        assert_eq!(stores.rooms.direct(ann, vera, NOW).await.ok().map(|room| room.id), found);
    }
}

async fn a_name_finds_only_a_public_room(stores: &Stores) {
    let ann = stores.user("ann").await;
    let lobby = stores.public("Lobby", ann).await;
    stores.group(ann, &[]).await;
    let by_name = async |name: &str| stores.rooms.find(&NameOr::Name(name.into())).await.unwrap();
    assert_eq!(by_name("LOBBY").await.map(|room| room.id), Some(lobby));
    assert_eq!(by_name("team").await, None);
    assert_eq!(by_name("no\0where").await, None);
}

async fn membership_tells_members_from_outsiders(stores: &Stores) {
    let [ann, eve] = [stores.user("ann").await, stores.user("eve").await];
    let lobby = stores.public("lobby", ann).await;
    for room in [NameOr::Id(lobby), NameOr::Name("Lobby".into())] {
        let (found, own) = stores.rooms.membership(&room, ann).await.unwrap().unwrap();
        assert_eq!((found.id, own.unwrap().role), (lobby, MemberRole::Owner));
        assert_eq!(stores.rooms.membership(&room, eve).await.unwrap().unwrap().1, None);
    }
    assert_eq!(stores.rooms.membership(&NameOr::Id(NOWHERE), ann).await.unwrap(), None);
}

async fn listed(stores: &Stores, viewer: UserId, all: bool, page: Page) -> (Vec<RoomId>, i64) {
    let listing = stores.rooms.list(viewer, all, page).await.unwrap();
    (listing.items.iter().map(|summary| summary.room.id).collect(), listing.total)
}

async fn a_list_has_the_newest_activity_first(stores: &Stores) {
    let ann = stores.user("ann").await;
    let (one, two, three) =
        (stores.group(ann, &[]).await, stores.group(ann, &[]).await, stores.group(ann, &[]).await);
    stores.say(two, ann, "m1").await;
    stores.say(one, ann, "m2").await;
    assert_eq!(listed(stores, ann, false, FIRST_PAGE).await, (vec![one, two, three], 3));
    stores.say(three, ann, "m3").await;
    assert_eq!(listed(stores, ann, false, FIRST_PAGE).await, (vec![three, one, two], 3));
}

async fn a_list_is_paged_with_the_total_of_all(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let mut rooms = Vec::new();
    for n in 0..5 {
        let room = stores.group(ann, &[]).await;
        stores.say(room, ann, &format!("m{n}")).await;
        rooms.insert(0, room);
    }
    for all in [false, true] {
        assert_eq!(listed(stores, ann, all, Page { number: 1, size: 2 }).await, (rooms[..2].to_vec(), 5));
        assert_eq!(listed(stores, ann, all, Page { number: 3, size: 2 }).await, (rooms[4..].to_vec(), 5));
        assert_eq!(listed(stores, ann, all, Page { number: 4, size: 2 }).await, (vec![], 5));
    }
    assert_eq!(listed(stores, bob, false, FIRST_PAGE).await, (vec![], 0));
}

async fn a_summary_shows_unread_last_message_and_peer(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let direct = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    stores.say(direct, ann, "m1").await;
    let last = stores.say(direct, ann, "m2").await;
    let seen = stores.rooms.summary(direct, bob).await.unwrap().unwrap();
    assert_eq!(seen.last_message, stores.messages.message(last.message_id).await.unwrap());
    assert_eq!((seen.unread_count, seen.read_seq, seen.role), (2, Seq(0), Some(MemberRole::Member)));
    let peer = seen.peer.clone().unwrap();
    assert_eq!((peer.id, peer.username.as_str(), peer.nickname.as_str()), (ann, "ann", "ANN"));
    assert_eq!(stores.rooms.list(bob, false, FIRST_PAGE).await.unwrap().items, [seen]);
    let outside = stores.rooms.summary(direct, eve).await.unwrap().unwrap();
    assert_eq!((outside.role, outside.unread_count, outside.peer), (None, 0, None));
    assert_eq!(stores.rooms.summary(NOWHERE, ann).await.unwrap(), None);
    let empty = stores.group(ann, &[]).await;
    let empty = stores.rooms.summary(empty, ann).await.unwrap().unwrap();
    assert_eq!((empty.last_message, empty.peer, empty.unread_count), (None, None, 0));
}

async fn with_all_every_room_is_listed_but_others_direct_ones(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let theirs = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let own = stores.rooms.direct(ann, eve, NOW).await.unwrap().id;
    let group = stores.group(ann, &[]).await;
    let public = stores.public("lobby", bob).await;
    let (mut all, total) = listed(stores, eve, true, FIRST_PAGE).await;
    all.sort_unstable();
    assert_eq!((all, total), (vec![own, group, public], 3));
    assert_eq!(listed(stores, eve, false, FIRST_PAGE).await, (vec![own], 1));
    assert!(!listed(stores, eve, true, FIRST_PAGE).await.0.contains(&theirs));
}

async fn the_last_message_before_joining_is_withheld(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let new = NewRoom { history_before_joining: false, ..new_room(RoomType::Public, "lobby", ann, &[]) };
    let room = stores.rooms.create(new, ROOMY, NOW).await.unwrap().id;
    stores.say(room, ann, "before").await;
    stores.rooms.join(&NameOr::Id(room), bob, ROOMY, NOW).await.unwrap();
    let last = async |viewer| stores.rooms.summary(room, viewer).await.unwrap().unwrap().last_message;
    assert_eq!(last(bob).await, None);
    assert_eq!(last(ann).await.unwrap().content, "before");
    stores.say(room, ann, "after").await;
    assert_eq!(last(bob).await.unwrap().content, "after");
}

async fn a_patch_changes_field_by_field(stores: &Stores) {
    let ann = stores.user("ann").await;
    let lobby = stores.public("lobby", ann).await;
    stores.public("taken", ann).await;
    let patch = RoomPatch { name: Some("Hall".into()), ..RoomPatch::default() };
    let changed = stores.rooms.update(lobby, patch).await.unwrap();
    assert_eq!((changed.name.as_deref(), changed.history_before_joining), (Some("Hall"), true));
    let patch = RoomPatch {
        description: Some("all".into()),
        history_before_joining: Some(false),
        ..RoomPatch::default()
    };
    let changed = stores.rooms.update(lobby, patch).await.unwrap();
    assert_eq!((changed.name.as_deref(), changed.description.as_str()), (Some("Hall"), "all"));
    assert!(!changed.history_before_joining);
    assert_eq!(stores.room(lobby).await, changed);
    assert_eq!(stores.rooms.find(&NameOr::Name("lobby".into())).await.unwrap(), None);
    let taken = RoomPatch { name: Some("TAKEN".into()), ..RoomPatch::default() };
    assert!(matches!(stores.rooms.update(lobby, taken.clone()).await, Err(RoomsError::NameTaken)));
    assert!(matches!(stores.rooms.update(NOWHERE, taken).await, Err(RoomsError::NotFound)));
}

async fn a_deleted_room_takes_everything_with_it(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    let kept = stores.group(ann, &[]).await;
    let said = stores.say(room, ann, "m1").await;
    stores.say(kept, ann, "m2").await;
    stores.rooms.delete(room).await.unwrap();
    assert_eq!(stores.rooms.find(&NameOr::Id(room)).await.unwrap(), None);
    assert_eq!(stores.messages.message(said.message_id).await.unwrap(), None);
    let window = Window::Page(FIRST_PAGE);
    assert_eq!(stores.messages.history(room, Seq(0), window, Seq(0)).await.unwrap().total, 0);
    assert_eq!((stores.rows_in("messages").await, stores.rows_in("outbox").await), (1, 1));
    assert_eq!(stores.rooms.rooms_of(ann).await.unwrap(), [kept]);
    assert_eq!(stores.rooms.audience(room).await.unwrap(), None);
    assert!(matches!(stores.rooms.delete(room).await, Err(RoomsError::NotFound)));
}
