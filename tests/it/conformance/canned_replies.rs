//! The rules of `CannedReplies`.

use futures::future::join_all;
use shared::ids::ReplyId;
use shared::model::{CannedReply, Page};
use shared::ports::RepliesError;

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores};

on_every_engine! {
    a_reply_is_kept_changed_and_removed,
    a_shortcut_is_unique_in_a_team,
    a_team_has_its_own_and_those_of_all,
    a_team_keeps_as_many_as_it_may_and_no_more,
    what_is_not_there_is_not_changed,
}

async fn add(stores: &Stores, team: &str, shortcut: &str) -> CannedReply {
    stores.replies.add_reply(team, shortcut, "Good day!", ROOMY, NOW).await.unwrap()
}

async fn shortcuts(stores: &Stores, team: &str, page: Page) -> (Vec<String>, i64) {
    let found = stores.replies.replies(team, page).await.unwrap();
    (found.items.into_iter().map(|reply| reply.shortcut).collect(), found.total)
}

async fn a_reply_is_kept_changed_and_removed(stores: &Stores) {
    let reply = add(stores, "sales", "/hi").await;
    assert_eq!(
        (reply.team.as_str(), reply.shortcut.as_str(), reply.content.as_str()),
        ("sales", "/hi", "Good day!")
    );
    let kept = stores.replies.replies("sales", FIRST_PAGE).await.unwrap().items;
    assert_eq!(kept, std::slice::from_ref(&reply));
    let said = stores.replies.change_reply(reply.id, None, Some("Hello!")).await.unwrap();
    assert_eq!(said, CannedReply { content: "Hello!".to_owned(), ..reply.clone() });
    let named = stores.replies.change_reply(reply.id, Some("/hello"), None).await.unwrap();
    assert_eq!(named, CannedReply { shortcut: "/hello".to_owned(), ..said });
    stores.replies.remove_reply(reply.id).await.unwrap();
    assert_eq!(shortcuts(stores, "sales", FIRST_PAGE).await, (vec![], 0));
}

async fn a_shortcut_is_unique_in_a_team(stores: &Stores) {
    add(stores, "sales", "/hi").await;
    add(stores, "", "/hi").await;
    let bye = add(stores, "sales", "/bye").await;
    let taken = stores.replies.add_reply("sales", "/hi", "again", ROOMY, NOW).await;
    assert!(matches!(taken, Err(RepliesError::ShortcutTaken)), "{taken:?}");
    let renamed = stores.replies.change_reply(bye.id, Some("/hi"), None).await;
    assert!(matches!(renamed, Err(RepliesError::ShortcutTaken)), "{renamed:?}");
    stores.replies.change_reply(bye.id, Some("/bye"), Some("Bye!")).await.unwrap();
}

async fn a_team_has_its_own_and_those_of_all(stores: &Stores) {
    for (team, shortcut) in [("", "/b"), ("sales", "/c"), ("repairs", "/d"), ("sales", "/a")] {
        add(stores, team, shortcut).await;
    }
    let of = |shortcuts: &[&str]| shortcuts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(shortcuts(stores, "sales", FIRST_PAGE).await, (of(&["/a", "/b", "/c"]), 3));
    assert_eq!(shortcuts(stores, "", FIRST_PAGE).await, (of(&["/b"]), 1));
    assert_eq!(shortcuts(stores, "sales", Page { number: 2, size: 2 }).await, (of(&["/c"]), 3));
}

async fn a_team_keeps_as_many_as_it_may_and_no_more(stores: &Stores) {
    let texts = ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h"];
    let racers = texts.map(|text| stores.replies.add_reply("sales", text, "Hi!", 3, NOW));
    let added = join_all(racers).await;
    assert_eq!(added.iter().filter(|added| added.is_ok()).count(), 3);
    for refused in added.iter().filter(|added| added.is_err()) {
        assert!(matches!(refused, Err(RepliesError::Full(3))), "{refused:?}");
    }
    // Each team for itself, and a place that was freed is free.
    stores.replies.add_reply("repairs", "/z", "Hi!", 3, NOW).await.unwrap();
    let first = added.into_iter().find_map(Result::ok).unwrap();
    stores.replies.remove_reply(first.id).await.unwrap();
    stores.replies.add_reply("sales", "/z", "Hi!", 3, NOW).await.unwrap();
    assert_eq!(stores.rows_in("canned_replies").await, 4);
}

async fn what_is_not_there_is_not_changed(stores: &Stores) {
    let changed = stores.replies.change_reply(ReplyId(999_999), Some("/x"), None).await;
    assert!(matches!(changed, Err(RepliesError::NotFound)), "{changed:?}");
    let removed = stores.replies.remove_reply(ReplyId(999_999)).await;
    assert!(matches!(removed, Err(RepliesError::NotFound)), "{removed:?}");
}
