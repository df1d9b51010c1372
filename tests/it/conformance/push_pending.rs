//! The rules of `PushPending`.

use shared::clock::UnixMs;
use shared::ids::{ClientMessageId, MessageId, RoomId, Seq, UserId};
use shared::ports::{ClaimScope, NewRevision, PushClaim, Reach, Revision};

use super::push_subscriptions::device;
use super::stores::{NOW, Stores};

on_every_engine! {
    whoever_misses_a_message_is_claimed_once,
    without_a_webhook_only_devices_are_claimed_for,
    whoever_is_connected_or_has_read_it_is_not_claimed,
    a_sender_misses_what_others_said,
    a_room_past_the_limit_is_left_out,
    claims_come_in_parts,
    racing_claims_are_each_made_once,
    what_is_unread_is_told_with_its_totals,
    there_is_nothing_to_tell_to_whoever_came_back_read_or_left,
    a_recalled_message_is_not_told_of,
    who_blocks_a_sender_misses_nothing_of_theirs,
    what_is_told_last_is_of_nobody_blocked,
    a_claim_that_nobody_came_for_is_taken_once_a_while,
}

const EVERYONE: ClaimScope =
    ClaimScope { reach: Reach { devices: true, webhook: true }, room_max_members: 10, limit: 100 };
const SUBSCRIBED: ClaimScope = ClaimScope { reach: Reach { devices: true, webhook: false }, ..EVERYONE };

async fn claimed(stores: &Stores, sent: &[(RoomId, UserId)], scope: ClaimScope) -> Vec<UserId> {
    let mut claims = stores.pending.claim(sent, scope, NOW).await.unwrap();
    claims.sort_unstable();
    claims.into_iter().map(|claim| claim.user).collect()
}

async fn subscribe(stores: &Stores, user: UserId) {
    stores.subscriptions.subscribe(user, &device(&user.to_string()), 3, NOW).await.unwrap();
}

async fn whoever_misses_a_message_is_claimed_once(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let (room, other) = (stores.group(ann, &[bob, eve]).await, stores.group(ann, &[bob]).await);
    stores.say(room, ann, "hello").await;
    stores.say(other, ann, "hello").await;
    assert_eq!(claimed(stores, &[(room, ann)], EVERYONE).await, [bob, eve]);
    assert_eq!(claimed(stores, &[(room, ann)], EVERYONE).await, [], "one is under way");
    assert_eq!(claimed(stores, &[(room, ann), (other, ann)], EVERYONE).await, [bob], "each room its own");
    stores.pending.release(PushClaim { user: eve, room }).await.unwrap();
    assert_eq!(claimed(stores, &[(room, ann)], EVERYONE).await, [eve]);
}

async fn without_a_webhook_only_devices_are_claimed_for(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let room = stores.group(ann, &[bob, eve]).await;
    for user in [ann, bob, eve] {
        subscribe(stores, user).await;
    }
    stores.accounts.revoke_tokens(eve, NOW).await.unwrap();
    stores.say(room, ann, "hello").await;
    assert_eq!(claimed(stores, &[(room, ann)], SUBSCRIBED).await, [bob], "eve's ended with her tokens");
}

async fn whoever_is_connected_or_has_read_it_is_not_claimed(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let room = stores.group(ann, &[bob, eve]).await;
    stores.connect(bob).await;
    let said = stores.say(room, ann, "hello").await;
    stores.rooms.mark_read(room, eve, said.seq).await.unwrap();
    assert_eq!(claimed(stores, &[(room, ann)], EVERYONE).await, []);
}

async fn a_sender_misses_what_others_said(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    stores.say(room, ann, "hello").await;
    stores.say(room, bob, "hello to you").await;
    assert_eq!(claimed(stores, &[(room, bob)], EVERYONE).await, [ann], "who answers has read");
    stores.say(room, ann, "how are you").await;
    stores.pending.release(PushClaim { user: ann, room }).await.unwrap();
    assert_eq!(claimed(stores, &[(room, ann), (room, bob)], EVERYONE).await, [bob]);
}

async fn a_room_past_the_limit_is_left_out(stores: &Stores) {
    let users = stores.users(4).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.say(room, users[0], "hello").await;
    let at = |room_max_members| ClaimScope { room_max_members, ..EVERYONE };
    assert_eq!(claimed(stores, &[(room, users[0])], at(3)).await, []);
    assert_eq!(claimed(stores, &[(room, users[0])], at(4)).await, users[1..]);
}

async fn claims_come_in_parts(stores: &Stores) {
    let users = stores.users(6).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.say(room, users[0], "hello").await;
    let some = ClaimScope { limit: 2, ..EVERYONE };
    let mut all = Vec::new();
    for expected in [2, 2, 1, 0] {
        let part = claimed(stores, &[(room, users[0])], some).await;
        assert_eq!(part.len(), expected);
        all.extend(part);
    }
    assert_eq!(all, users[1..]);
}

async fn racing_claims_are_each_made_once(stores: &Stores) {
    let users = stores.users(8).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.say(room, users[0], "hello").await;
    let sent = [(room, users[0])];
    let racing = (0..8).map(|_| stores.pending.claim(&sent, EVERYONE, NOW));
    let claims: Vec<_> = futures::future::try_join_all(racing).await.unwrap().concat();
    assert_eq!(claims.len(), 7, "{claims:?}");
    assert_eq!(stores.rows_in("push_pending").await, 7);
}

async fn what_is_unread_is_told_with_its_totals(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let (room, other) = (stores.group(ann, &[bob]).await, stores.group(ann, &[bob]).await);
    let direct = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let first = stores.say(room, ann, "one").await;
    stores.rooms.mark_read(room, bob, first.seq).await.unwrap();
    for (room, text) in [(room, "two"), (room, "three"), (other, "four"), (direct, "five")] {
        stores.say(room, ann, text).await;
    }
    let unread = stores.pending.unread(PushClaim { user: bob, room }).await.unwrap().unwrap();
    assert_eq!((unread.count, unread.total), (2, 4));
    assert_eq!((unread.room_name.as_deref(), unread.content.as_str()), (Some("team"), "three"));
    assert_eq!((unread.sender_id, unread.sender_name.as_str(), unread.seq), (ann, "ANN", Seq(3)));
    let unread = stores.pending.unread(PushClaim { user: bob, room: direct }).await.unwrap().unwrap();
    assert_eq!((unread.room_name, unread.count, unread.total), (None, 1, 4));
}

async fn there_is_nothing_to_tell_to_whoever_came_back_read_or_left(stores: &Stores) {
    let users = stores.users(5).await;
    let room = stores.group(users[0], &users[1..]).await;
    let said = stores.say(room, users[0], "hello").await;
    stores.rooms.mark_read(room, users[1], said.seq).await.unwrap();
    stores.connect(users[2]).await;
    stores.rooms.remove_member(room, users[3]).await.unwrap();
    for (user, is_told) in users.iter().zip([false, false, false, false, true]) {
        let unread = stores.pending.unread(PushClaim { user: *user, room }).await.unwrap();
        assert_eq!(unread.is_some(), is_told, "{user}");
    }
    stores.rooms.delete(room).await.unwrap();
    assert_eq!(stores.pending.unread(PushClaim { user: users[4], room }).await.unwrap(), None);
}

async fn a_recalled_message_is_not_told_of(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    let (kept, slip) = (stores.say(room, ann, "kept").await, stores.say(room, ann, "a slip").await);
    let claim = PushClaim { user: bob, room };
    recall(stores, ann, slip.message_id).await;
    let unread = stores.pending.unread(claim).await.unwrap().unwrap();
    assert_eq!((unread.message_id, unread.content.as_str()), (kept.message_id, "kept"));
    recall(stores, ann, kept.message_id).await;
    assert_eq!(stores.pending.unread(claim).await.unwrap(), None, "nothing is left of them");
}

async fn who_blocks_a_sender_misses_nothing_of_theirs(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let room = stores.group(ann, &[bob, eve]).await;
    stores.block(ann, bob).await;
    stores.say(room, bob, "hello").await;
    assert_eq!(claimed(stores, &[(room, bob)], EVERYONE).await, [eve]);
    stores.say(room, ann, "I may").await;
    assert_eq!(claimed(stores, &[(room, ann)], EVERYONE).await, [bob], "who is blocked misses as ever");
    stores.say(room, bob, "more").await;
    stores.say(room, eve, "me too").await;
    assert_eq!(claimed(stores, &[(room, bob), (room, eve)], EVERYONE).await, [ann], "for eve's");
}

async fn what_is_told_last_is_of_nobody_blocked(stores: &Stores) {
    let [ann, bob, eve] = [stores.user("ann").await, stores.user("bob").await, stores.user("eve").await];
    let room = stores.group(ann, &[bob, eve]).await;
    let claim = PushClaim { user: ann, room };
    stores.say(room, bob, "hello").await;
    assert_eq!(stores.pending.unread(claim).await.unwrap().unwrap().sender_id, bob);
    stores.block(ann, bob).await;
    assert_eq!(stores.pending.unread(claim).await.unwrap(), None, "blocked since");
    stores.say(room, eve, "hello to you").await;
    stores.say(room, bob, "and you").await;
    let unread = stores.pending.unread(claim).await.unwrap().unwrap();
    assert_eq!((unread.sender_id, unread.content.as_str(), unread.count), (eve, "hello to you", 3));
    let theirs = stores.pending.unread(PushClaim { user: bob, room }).await.unwrap();
    assert_eq!(theirs, None, "he has answered");
}

async fn recall(stores: &Stores, sender: UserId, message: MessageId) {
    let new = NewRevision {
        id: MessageId::fresh(),
        message,
        room: None,
        sender,
        client_id: ClientMessageId::parse(&message.to_string()).unwrap(),
        digest: [0; 32],
        revision: Revision::Recall,
        not_before: UnixMs(0),
        now: NOW,
    };
    stores.messages.revise(&new).await.unwrap();
}

async fn a_claim_that_nobody_came_for_is_taken_once_a_while(stores: &Stores) {
    let users = stores.users(4).await;
    let room = stores.group(users[0], &users[1..]).await;
    stores.say(room, users[0], "hello").await;
    stores.pending.claim(&[(room, users[0])], EVERYONE, NOW).await.unwrap();
    let later = NOW.plus(1);
    assert_eq!(stores.pending.overdue(NOW, later, 10).await.unwrap(), [], "not yet");
    let first = stores.pending.overdue(later, later, 2).await.unwrap();
    let second = stores.pending.overdue(later, later, 2).await.unwrap();
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(stores.pending.overdue(later, later, 2).await.unwrap(), [], "they are as new");
    let mut all: Vec<_> = [first, second].concat().into_iter().map(|claim| claim.user).collect();
    all.sort_unstable();
    assert_eq!(all, users[1..]);
}
