//! The rules of `Bans`, and of giving roles.

use shared::clock::UnixMs;
use shared::ids::{NameOr, RoomId, UserId};
use shared::model::Role;
use shared::ports::{AccountsError, MessagesError, NewBan, RoomsError};

use super::stores::{NOW, ROOMY, Stores, message};

on_every_engine! {
    a_ban_from_everything_revokes_tokens_and_ends,
    a_later_ban_replaces_the_one_before,
    a_lifted_ban_is_over_at_once,
    a_ban_from_a_room_takes_the_member_out_and_keeps_them_out,
    a_ban_from_a_room_leaves_the_others_in,
    a_ban_needs_its_user_and_its_room,
    a_role_is_given_and_revokes_tokens,
    the_last_admin_stays_one,
    of_two_admins_who_demote_each_other_one_stays,
}

fn ban(user: UserId, by: UserId, until: UnixMs) -> NewBan {
    NewBan { user, until, reason: "spam".to_owned(), by, now: NOW }
}

/// The account's token version, and until when it is banned.
async fn standing(stores: &Stores, user: UserId) -> (i64, Option<UnixMs>) {
    let account = stores.accounts.account(user).await.unwrap().unwrap();
    (account.token_version, account.banned_until.filter(|until| *until > NOW))
}

async fn a_ban_from_everything_revokes_tokens_and_ends(stores: &Stores) {
    let [admin, ann] = [stores.user("admin").await, stores.user("ann").await];
    let room = stores.group(ann, &[]).await;
    stores.bans.ban(&ban(ann, admin, NOW.plus(1_000))).await.unwrap();
    assert_eq!(standing(stores, ann).await, (1, Some(NOW.plus(1_000))));
    let refused = stores.messages.append(&message(room, ann, "m1")).await;
    assert!(matches!(refused, Err(MessagesError::Banned)), "{refused:?}");
    let later = shared::ports::NewMessage { now: NOW.plus(1_000), ..message(room, ann, "m1") };
    stores.messages.append(&later).await.unwrap();
}

async fn a_later_ban_replaces_the_one_before(stores: &Stores) {
    let [admin, ann] = [stores.user("admin").await, stores.user("ann").await];
    stores.bans.ban(&ban(ann, admin, NOW.plus(9_000))).await.unwrap();
    stores.bans.ban(&ban(ann, admin, NOW.plus(1_000))).await.unwrap();
    assert_eq!(standing(stores, ann).await, (2, Some(NOW.plus(1_000))));
    assert_eq!(stores.rows_in("bans").await, 2, "both are kept to be read");
}

async fn a_lifted_ban_is_over_at_once(stores: &Stores) {
    let [admin, ann] = [stores.user("admin").await, stores.user("ann").await];
    assert!(!stores.bans.lift(ann, NOW).await.unwrap());
    stores.bans.ban(&ban(ann, admin, NOW.plus(1_000))).await.unwrap();
    assert!(stores.bans.lift(ann, NOW).await.unwrap());
    assert_eq!(standing(stores, ann).await, (1, None));
    assert!(!stores.bans.lift(ann, NOW).await.unwrap());
}

async fn join(stores: &Stores, room: RoomId, user: UserId, now: UnixMs) -> Result<usize, RoomsError> {
    stores.rooms.join(&NameOr::Id(room), user, ROOMY, now).await.map(|change| change.users.len())
}

async fn a_ban_from_a_room_takes_the_member_out_and_keeps_them_out(stores: &Stores) {
    let [owner, ann] = [stores.user("owner").await, stores.user("ann").await];
    let room = stores.public("square", owner).await;
    join(stores, room, ann, NOW).await.unwrap();
    let until = NOW.plus(1_000);
    let change = stores.bans.ban_from_room(room, &ban(ann, owner, until)).await.unwrap();
    assert_eq!((change.room, change.users), (room, vec![ann]));
    assert_eq!(change.members_version, stores.room(room).await.members_version);
    assert_eq!(standing(stores, ann).await, (0, None), "of one room alone");

    let refused = join(stores, room, ann, NOW).await;
    assert!(matches!(refused, Err(RoomsError::Banned { user, until: end }) if (user, end) == (ann, until)));
    let bob = stores.user("bob").await;
    let refused = stores.rooms.add_members(room, &[bob, ann], ROOMY, NOW).await;
    assert!(matches!(refused, Err(RoomsError::Banned { user, .. }) if user == ann), "{refused:?}");
    assert_eq!(stores.room(room).await.member_count, 1, "nobody was added");

    assert_eq!(join(stores, room, ann, until).await.unwrap(), 1, "it has ended");
    stores.bans.ban_from_room(room, &ban(ann, owner, until)).await.unwrap();
    assert!(stores.bans.lift_from_room(room, ann, NOW).await.unwrap());
    assert!(!stores.bans.lift_from_room(room, ann, NOW).await.unwrap());
    assert_eq!(join(stores, room, ann, NOW).await.unwrap(), 1, "it was lifted");
}

async fn a_ban_from_a_room_leaves_the_others_in(stores: &Stores) {
    let [owner, ann] = [stores.user("owner").await, stores.user("ann").await];
    let (room, other) = (stores.public("square", owner).await, stores.public("park", owner).await);
    let change = stores.bans.ban_from_room(room, &ban(ann, owner, NOW.plus(1_000))).await.unwrap();
    assert_eq!(change.users, [], "who isn't in it is kept out all the same");
    assert!(join(stores, room, ann, NOW).await.is_err());
    assert_eq!(join(stores, other, ann, NOW).await.unwrap(), 1);
    let alone = stores.bans.ban_from_room(room, &ban(owner, owner, NOW.plus(1_000))).await.unwrap();
    assert_eq!(alone.users, [owner]);
}

async fn a_ban_needs_its_user_and_its_room(stores: &Stores) {
    let [owner, ann] = [stores.user("owner").await, stores.user("ann").await];
    let nobody = ban(UserId(999_999), owner, NOW.plus(1));
    assert!(matches!(stores.bans.ban(&nobody).await, Err(AccountsError::NotFound)));
    let room = stores.group(owner, &[ann]).await;
    let refused = stores.bans.ban_from_room(room, &nobody).await;
    assert!(matches!(refused, Err(RoomsError::UnknownUser(_))), "{refused:?}");
    let refused = stores.bans.ban_from_room(RoomId(999_999), &ban(ann, owner, NOW.plus(1))).await;
    assert!(matches!(refused, Err(RoomsError::NotFound)), "{refused:?}");
    let pair = stores.rooms.direct(owner, ann, NOW).await.unwrap().id;
    let refused = stores.bans.ban_from_room(pair, &ban(ann, owner, NOW.plus(1))).await;
    assert!(matches!(refused, Err(RoomsError::FixedMembers)), "{refused:?}");
    assert_eq!(stores.rows_in("bans").await, 0);
}

async fn a_role_is_given_and_revokes_tokens(stores: &Stores) {
    let ann = stores.user("ann").await;
    let role = async || {
        let account = stores.accounts.account(ann).await.unwrap().unwrap();
        (account.role, account.token_version)
    };
    stores.accounts.set_role(ann, Role::Staff, NOW).await.unwrap();
    assert_eq!(role().await, (Role::Staff, 1));
    stores.accounts.set_role(ann, Role::Staff, NOW).await.unwrap();
    assert_eq!(role().await, (Role::Staff, 1), "the same role again changes nothing");
    let nobody = stores.accounts.set_role(UserId(999_999), Role::Staff, NOW).await;
    assert!(matches!(nobody, Err(AccountsError::NotFound)));
}

async fn the_last_admin_stays_one(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    stores.accounts.set_role(ann, Role::Admin, NOW).await.unwrap();
    let refused = stores.accounts.set_role(ann, Role::User, NOW).await;
    assert!(matches!(refused, Err(AccountsError::LastAdmin)), "{refused:?}");
    stores.accounts.set_role(ann, Role::Admin, NOW).await.unwrap();
    stores.accounts.set_role(bob, Role::Admin, NOW).await.unwrap();
    stores.accounts.set_role(ann, Role::User, NOW).await.unwrap();
}

async fn of_two_admins_who_demote_each_other_one_stays(stores: &Stores) {
    for n in 0..5 {
        let one = stores.user(&format!("one{n}")).await;
        let other = stores.user(&format!("other{n}")).await;
        for admin in [one, other] {
            stores.accounts.set_role(admin, Role::Admin, NOW).await.unwrap();
        }
        let demote = |user| stores.accounts.set_role(user, Role::User, NOW);
        let (first, second) = tokio::join!(demote(one), demote(other));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let left = if first.is_ok() { other } else { one };
        // Makes room for the next pair.
        let next = stores.user(&format!("next{n}")).await;
        stores.accounts.set_role(next, Role::Admin, NOW).await.unwrap();
        stores.accounts.set_role(left, Role::User, NOW).await.unwrap();
        let pair_for_next = stores.accounts.set_role(next, Role::User, NOW).await;
        assert!(matches!(pair_for_next, Err(AccountsError::LastAdmin)));
        stores.accounts.anonymise(next, NOW).await.unwrap();
    }
}
