//! The rules of `Accounts`.

use futures::future::join_all;
use shared::ids::{NameOr, UserId};
use shared::model::{ExternalIdentity, MemberRole, Role};
use shared::ports::{AccountsError, NewAccount, ProfileChange, RoomsError};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores, account};

on_every_engine! {
    a_new_account_reads_back,
    users_are_read_together,
    user_names_are_unique_whatever_their_case,
    addresses_are_unique_whatever_their_case,
    of_racing_registrations_one_wins,
    a_profile_changes_field_by_field,
    a_new_password_revokes_older_tokens,
    a_ticket_is_redeemed_once,
    a_ticket_expires,
    a_ban_from_everything_shows_in_the_account,
    an_anonymised_account_is_gone,
    an_anonymised_sender_is_a_deleted_user,
    an_anonymised_user_leaves_every_room,
    nobody_enters_a_room_while_being_anonymised,
    a_nul_character_is_no_internal_error,
    an_identity_elsewhere_is_one_accounts,
}

const NOBODY: UserId = UserId(999_999);

async fn a_new_account_reads_back(stores: &Stores) {
    let new = NewAccount { email: Some("Ann@x.org".into()), role: Role::Staff, ..account("Ann") };
    let made = stores.accounts.create(new, NOW).await.unwrap();
    assert_eq!((made.user.username.as_str(), made.user.nickname.as_str()), ("Ann", "ANN"));
    assert_eq!(made.email.as_deref(), Some("Ann@x.org"));
    assert_eq!((made.role, made.created_at, made.banned_until), (Role::Staff, NOW, None));
    assert_eq!(stores.accounts.account(made.user.id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(stores.accounts.find(&NameOr::Id(made.user.id)).await.unwrap().as_ref(), Some(&made.user));
    assert_eq!(stores.accounts.find(&NameOr::Name("aNN".into())).await.unwrap().as_ref(), Some(&made.user));
    let credentials = stores.accounts.credentials("ANN").await.unwrap();
    assert_eq!(credentials, Some((made, "$argon2id$".to_owned())));
    assert_eq!(stores.accounts.account(NOBODY).await.unwrap(), None);
    assert_eq!(stores.accounts.credentials("nobody").await.unwrap(), None);
}

async fn an_identity_elsewhere_is_one_accounts(stores: &Stores) {
    let identity = |issuer: &str, id: &str| ExternalIdentity { issuer: issuer.into(), id: id.into() };
    let known = |name: &str, who| NewAccount { password_hash: None, external: Some(who), ..account(name) };
    let ann = stores.accounts.create(known("ann", identity("shop", "42")), NOW).await.unwrap();
    let again = stores.accounts.create(known("bob", identity("shop", "42")), NOW).await;
    assert!(matches!(again, Err(AccountsError::IdentityTaken)), "{again:?}");
    let other = stores.accounts.create(known("bob", identity("bank", "42")), NOW).await.unwrap();

    let find = async |issuer: &str, id: &str| stores.accounts.external(&identity(issuer, id)).await.unwrap();
    assert_eq!(find("shop", "42").await.as_ref(), Some(&ann));
    assert_eq!(find("bank", "42").await, Some(other));
    assert_eq!(find("shop", "43").await, None);
    assert_eq!(stores.accounts.credentials("ann").await.unwrap(), None, "nobody logs in without a password");

    stores.accounts.revoke_tokens(ann.user.id, NOW.plus(5)).await.unwrap();
    assert_eq!(find("shop", "42").await.unwrap().revoked_at, Some(NOW.plus(5)));
    stores.accounts.anonymise(ann.user.id, NOW).await.unwrap();
    assert_eq!(find("shop", "42").await, None, "nothing says who it was");
}

async fn users_are_read_together(stores: &Stores) {
    let users = stores.users(3).await;
    stores.accounts.anonymise(users[1], NOW).await.unwrap();
    let found = stores.accounts.users(&[users[2], NOBODY, users[1], users[0], users[0]]).await.unwrap();
    let mut ids: Vec<_> = found.iter().map(|user| user.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [users[0], users[2]]);
    assert_eq!(stores.accounts.users(&[]).await.unwrap(), []);
}

async fn user_names_are_unique_whatever_their_case(stores: &Stores) {
    for (first, second) in [("ann", "ANN"), ("Änne", "änNE"), ("иван", "ИВАН")] {
        stores.user(first).await;
        let again = stores.accounts.create(account(second), NOW).await;
        assert!(matches!(again, Err(AccountsError::UsernameTaken)), "{second}: {again:?}");
    }
    assert_eq!(stores.rows_in("users").await, 3);
}

async fn addresses_are_unique_whatever_their_case(stores: &Stores) {
    let with = |name: &str, email: &str| NewAccount { email: Some(email.into()), ..account(name) };
    stores.accounts.create(with("ann", "ann@x.org"), NOW).await.unwrap();
    let again = stores.accounts.create(with("bob", "ANN@X.org"), NOW).await;
    assert!(matches!(again, Err(AccountsError::EmailTaken)), "{again:?}");
    // Any number of accounts may have none.
    stores.users(2).await;
}

async fn of_racing_registrations_one_wins(stores: &Stores) {
    let racers = join_all((0..16).map(|_| stores.accounts.create(account("ann"), NOW))).await;
    let (won, lost): (Vec<_>, Vec<_>) = racers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|outcome| matches!(outcome, Err(AccountsError::UsernameTaken))), "{lost:?}");
    assert_eq!(stores.rows_in("users").await, 1);
}

async fn a_profile_changes_field_by_field(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let nickname = ProfileChange { nickname: Some("Annie".into()), email: None };
    let changed = stores.accounts.change_profile(ann, nickname).await.unwrap();
    assert_eq!((changed.user.nickname.as_str(), changed.email), ("Annie", None));
    let email = |email: &str| ProfileChange { nickname: None, email: Some(email.into()) };
    let changed = stores.accounts.change_profile(ann, email("a@x.org")).await.unwrap();
    assert_eq!((changed.user.nickname.as_str(), changed.email.as_deref()), ("Annie", Some("a@x.org")));
    let taken = stores.accounts.change_profile(bob, email("A@x.org")).await;
    assert!(matches!(taken, Err(AccountsError::EmailTaken)), "{taken:?}");
    // One's own address in another case is no clash.
    stores.accounts.change_profile(ann, email("A@X.org")).await.unwrap();
    let nobody = stores.accounts.change_profile(NOBODY, email("n@x.org")).await;
    assert!(matches!(nobody, Err(AccountsError::NotFound)), "{nobody:?}");
}

async fn a_new_password_revokes_older_tokens(stores: &Stores) {
    let ann = stores.user("ann").await;
    let version = async || stores.accounts.account(ann).await.unwrap().unwrap().token_version;
    let before = version().await;
    stores.accounts.set_password(ann, "$new$", NOW).await.unwrap();
    assert_eq!(version().await, before + 1);
    assert_eq!(stores.accounts.credentials("ann").await.unwrap().unwrap().1, "$new$");
    stores.accounts.revoke_tokens(ann, NOW).await.unwrap();
    assert_eq!(version().await, before + 2);
    let nobody = stores.accounts.set_password(NOBODY, "$new$", NOW).await;
    assert!(matches!(nobody, Err(AccountsError::NotFound)));
    assert!(matches!(stores.accounts.revoke_tokens(NOBODY, NOW).await, Err(AccountsError::NotFound)));
}

async fn a_ticket_is_redeemed_once(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.accounts.issue_ticket(&[7; 32], ann, 0, NOW.plus(30_000)).await.unwrap();
    let racers = join_all((0..20).map(|_| stores.accounts.redeem_ticket(&[7; 32], NOW))).await;
    let redeemed: Vec<_> = racers.into_iter().filter_map(|outcome| outcome.unwrap()).collect();
    assert_eq!(redeemed.len(), 1);
    assert_eq!(redeemed[0].user.id, ann);
    assert_eq!(stores.accounts.redeem_ticket(&[8; 32], NOW).await.unwrap(), None);
}

async fn a_ticket_expires(stores: &Stores) {
    let ann = stores.user("ann").await;
    stores.accounts.issue_ticket(&[1; 32], ann, 0, NOW.plus(30_000)).await.unwrap();
    stores.accounts.issue_ticket(&[2; 32], ann, 0, NOW.plus(30_000)).await.unwrap();
    assert!(stores.accounts.redeem_ticket(&[1; 32], NOW.plus(29_999)).await.unwrap().is_some());
    assert_eq!(stores.accounts.redeem_ticket(&[2; 32], NOW.plus(30_000)).await.unwrap(), None);
    // Read is deleted, expired or not.
    assert_eq!(stores.rows_in("tickets").await, 0);
}

async fn a_ban_from_everything_shows_in_the_account(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    stores.ban(ann, Some(room), NOW.plus(90_000)).await;
    assert_eq!(stores.accounts.account(ann).await.unwrap().unwrap().banned_until, None);
    stores.ban(ann, None, NOW.plus(60_000)).await;
    stores.ban(ann, None, NOW.plus(30_000)).await;
    let banned = stores.accounts.account(ann).await.unwrap().unwrap().banned_until;
    assert_eq!(banned, Some(NOW.plus(60_000)));
}

async fn an_anonymised_account_is_gone(stores: &Stores) {
    let new = NewAccount { email: Some("ann@x.org".into()), ..account("ann") };
    let ann = stores.accounts.create(new.clone(), NOW).await.unwrap().user.id;
    stores.accounts.issue_ticket(&[7; 32], ann, 0, NOW.plus(30_000)).await.unwrap();
    stores.accounts.anonymise(ann, NOW).await.unwrap();
    assert_eq!(stores.accounts.account(ann).await.unwrap(), None);
    assert_eq!(stores.accounts.find(&NameOr::Id(ann)).await.unwrap(), None);
    assert_eq!(stores.accounts.find(&NameOr::Name("ann".into())).await.unwrap(), None);
    assert_eq!(stores.accounts.credentials("ann").await.unwrap(), None);
    assert_eq!(stores.accounts.redeem_ticket(&[7; 32], NOW).await.unwrap(), None);
    assert!(matches!(stores.accounts.anonymise(ann, NOW).await, Err(AccountsError::NotFound)));
    assert!(matches!(stores.accounts.revoke_tokens(ann, NOW).await, Err(AccountsError::NotFound)));
    // Name and address are free for somebody else.
    let other = stores.accounts.create(new, NOW).await.unwrap();
    assert_ne!(other.user.id, ann);
}

async fn an_anonymised_sender_is_a_deleted_user(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let said = stores.say(room, ann, "hello").await;
    stores.accounts.anonymise(ann, NOW).await.unwrap();
    let kept = stores.messages.message(said.message_id).await.unwrap().unwrap();
    assert_eq!((kept.content.as_str(), kept.sender_name.as_str()), ("hello", "deleted user"));
    let summary = stores.rooms.summary(room, bob).await.unwrap().unwrap();
    assert_eq!(summary.peer.unwrap().nickname, "deleted user");
    assert!(stores.rooms.direct(bob, ann, NOW).await.is_err());
}

async fn an_anonymised_user_leaves_every_room(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let owned = stores.group(ann, &[bob]).await;
    let direct = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let before = stores.room(owned).await;
    stores.accounts.anonymise(ann, NOW).await.unwrap();
    assert_eq!(stores.rooms.rooms_of(ann).await.unwrap(), []);
    for room in [owned, direct] {
        assert_eq!(stores.rooms.audience(room).await.unwrap().unwrap().members, [bob]);
    }
    let after = stores.room(owned).await;
    assert_eq!((after.members_version, after.member_count), (before.members_version + 1, 1));
    let members = stores.rooms.members(owned, FIRST_PAGE).await.unwrap().items;
    assert_eq!(members[0].role, MemberRole::Owner);
    assert!(stores.rooms.add_members(owned, &[ann], ROOMY, NOW).await.is_err());
}

async fn nobody_enters_a_room_while_being_anonymised(stores: &Stores) {
    let bob = stores.user("bob").await;
    let rooms = [stores.public("one", bob).await, stores.public("two", bob).await];
    for round in 0..8 {
        let leaving = stores.user(&format!("leaving{round}")).await;
        stores.rooms.add_members(rooms[0], &[leaving], ROOMY, NOW).await.unwrap();
        let newcomers = [leaving];
        let direct = stores.rooms.direct(bob, leaving, NOW);
        let adding = rooms.map(|room| stores.rooms.add_members(room, &newcomers, ROOMY, NOW));
        let (left, added, _) =
            tokio::join!(stores.accounts.anonymise(leaving, NOW), join_all(adding), direct);
        left.unwrap();
        let unknown = |outcome: &Result<_, _>| matches!(outcome, Err(RoomsError::UnknownUser(_)));
        assert!(added.iter().all(|outcome| outcome.is_ok() || unknown(outcome)), "{added:?}");
        assert_eq!(stores.rooms.rooms_of(leaving).await.unwrap(), []);
    }
    for room in rooms {
        assert_eq!(stores.rooms.audience(room).await.unwrap().unwrap().members, [bob]);
        assert_eq!(stores.room(room).await.member_count, 1);
    }
}

async fn a_nul_character_is_no_internal_error(stores: &Stores) {
    assert_eq!(stores.accounts.find(&NameOr::Name("a\0nn".into())).await.unwrap(), None);
    assert_eq!(stores.accounts.credentials("a\0nn").await.unwrap(), None);
    let made = stores.accounts.create(account("a\0nn"), NOW).await.unwrap();
    assert_eq!(made.user.username, "a\u{FFFD}nn");
}
