//! The rules of `Messages::search`.

use shared::clock::UnixMs;
use shared::ids::{ClientMessageId, MessageId, RoomId, UserId};
use shared::model::{Listing, Message, Page, RoomType};
use shared::ports::{NewMessage, NewRevision, NewRoom, Revision, Search};
use shared::search::{QUERY_MAX_PIECES, Query};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores, message, new_room};

on_every_engine! {
    words_are_found_whatever_their_case_and_width,
    han_is_found_by_characters_and_pairs,
    everything_asked_for_must_be_there,
    the_newest_comes_first_page_by_page,
    only_own_rooms_are_searched,
    what_was_said_before_joining_stays_hidden,
    who_left_finds_nothing_and_who_comes_back_does,
    an_edit_is_found_by_what_it_says_now,
    a_recalled_message_is_not_found,
    content_without_a_word_is_stored_and_not_found,
    hostile_content_is_stored_and_found_by_its_words,
    the_longest_content_and_the_largest_query_fit,
    an_id_is_no_word_of_its_room,
    what_goes_with_its_room_leaves_no_piece,
    a_repeat_is_found_once,
}

async fn pair(stores: &Stores) -> (UserId, UserId, RoomId) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    (ann, bob, room)
}

/// Stores a message with any content.
async fn say(stores: &Stores, room: RoomId, sender: UserId, content: &str) -> MessageId {
    let now = stores.tick();
    let id = MessageId::at(now);
    let named = message(room, sender, &id.to_string());
    let new = NewMessage { id, content: content.to_owned(), now, ..named };
    stores.messages.append(&new).await.expect("append").message_id
}

async fn find(stores: &Stores, user: UserId, q: &str, room: Option<RoomId>, page: Page) -> Listing<Message> {
    let query = Query::parse(q).expect("a query");
    stores.messages.search(&Search { user, room, query, page }).await.expect("search")
}

/// The contents of what somebody finds in all their rooms.
async fn found(stores: &Stores, user: UserId, q: &str) -> Vec<String> {
    let found = find(stores, user, q, None, FIRST_PAGE).await;
    assert_eq!(found.total, i64::try_from(found.items.len()).unwrap());
    found.items.into_iter().map(|message| message.content).collect()
}

async fn revise(stores: &Stores, sender: UserId, message: MessageId, revision: Revision) {
    let now = stores.tick();
    let id = MessageId::at(now);
    let new = NewRevision {
        id,
        message,
        room: None,
        sender,
        client_id: ClientMessageId::parse(&id.to_string()).unwrap(),
        digest: [0; 32],
        revision,
        not_before: UnixMs(0),
        now,
    };
    stores.messages.revise(&new).await.expect("revise");
}

async fn words_are_found_whatever_their_case_and_width(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let id = say(stores, room, ann, "Die STRASSE, Ｈello: e\u{301}té at example.com!").await;
    for q in ["straße", "HELLO", "Été", "example", "com", "hello strasse", "example.com", "  hello  "] {
        let found = find(stores, bob, q, None, FIRST_PAGE).await;
        assert_eq!(found.items.iter().map(|m| m.message_id).collect::<Vec<_>>(), [id], "{q}");
    }
    for q in ["hell", "ete", "exam", "example.org"] {
        assert!(found(stores, bob, q).await.is_empty(), "{q}");
    }
    let message = find(stores, bob, "hello", None, FIRST_PAGE).await.items.remove(0);
    assert_eq!(Some(message), stores.messages.message(id).await.unwrap(), "it reads as it does anywhere");
}

async fn han_is_found_by_characters_and_pairs(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let text = "我们明天去北京大学，see you！𠮷野家";
    say(stores, room, ann, text).await;
    for q in ["京", "北京", "京大", "北京大学", "明天 大学", "北京 SEE", "𠮷", "𠮷野"] {
        assert_eq!(found(stores, bob, q).await, [text], "{q}");
    }
    for q in ["京北", "大京", "东", "北京東"] {
        assert!(found(stores, bob, q).await.is_empty(), "{q}");
    }
}

async fn everything_asked_for_must_be_there(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    for text in ["red apple", "green apple", "red pear"] {
        say(stores, room, ann, text).await;
    }
    assert_eq!(found(stores, ann, "apple red").await, ["red apple"]);
    assert_eq!(found(stores, ann, "red").await, ["red pear", "red apple"]);
    assert!(found(stores, ann, "green pear").await.is_empty());
}

async fn the_newest_comes_first_page_by_page(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let elsewhere = stores.group(bob, &[ann]).await;
    for n in 1..=7 {
        say(stores, if n % 2 == 0 { room } else { elsewhere }, ann, &format!("note {n}")).await;
    }
    let page = async |number, room| {
        let found = find(stores, bob, "note", room, Page { number, size: 3 }).await;
        (found.items.into_iter().map(|m| m.content).collect::<Vec<_>>(), found.total)
    };
    let notes = |of: &[i64]| of.iter().map(|n| format!("note {n}")).collect::<Vec<_>>();
    assert_eq!(page(1, None).await, (notes(&[7, 6, 5]), 7));
    assert_eq!(page(3, None).await, (notes(&[1]), 7));
    assert_eq!(page(4, None).await, (notes(&[]), 7));
    assert_eq!(page(1, Some(room)).await, (notes(&[6, 4, 2]), 3));
    assert_eq!(page(2, Some(elsewhere)).await, (notes(&[1]), 4));
}

async fn only_own_rooms_are_searched(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let eve = stores.user("eve").await;
    let public = stores.public("lobby", ann).await;
    say(stores, room, ann, "the secret").await;
    say(stores, public, ann, "no secret").await;
    assert!(found(stores, eve, "secret").await.is_empty());
    assert_eq!(find(stores, eve, "secret", Some(room), FIRST_PAGE).await.total, 0);
    assert_eq!(found(stores, ann, "secret").await, ["no secret", "the secret"]);
}

async fn what_was_said_before_joining_stays_hidden(stores: &Stores) {
    let (ann, bob) = (stores.user("ann").await, stores.user("bob").await);
    let new = NewRoom { history_before_joining: false, ..new_room(RoomType::Group, "team", ann, &[]) };
    let room = stores.rooms.create(new, ROOMY, NOW).await.unwrap().id;
    let early = say(stores, room, ann, "before").await;
    stores.rooms.add_members(room, &[bob], ROOMY, NOW).await.unwrap();
    say(stores, room, ann, "not before").await;
    assert_eq!(found(stores, bob, "before").await, ["not before"]);
    assert_eq!(found(stores, ann, "before").await, ["not before", "before"]);
    // Edited since, it is as old as it was.
    revise(stores, ann, early, Revision::Edit { content: "long before".to_owned() }).await;
    assert_eq!(found(stores, bob, "before").await, ["not before"]);
}

async fn who_left_finds_nothing_and_who_comes_back_does(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    say(stores, room, ann, "hello").await;
    stores.rooms.remove_member(room, bob).await.unwrap();
    assert!(found(stores, bob, "hello").await.is_empty());
    stores.rooms.add_members(room, &[bob], ROOMY, NOW).await.unwrap();
    assert_eq!(found(stores, bob, "hello").await, ["hello"]);
}

async fn an_edit_is_found_by_what_it_says_now(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let id = say(stores, room, ann, "meet in 北京").await;
    revise(stores, ann, id, Revision::Edit { content: "meet in 上海".to_owned() }).await;
    assert!(found(stores, bob, "北京").await.is_empty());
    // The entry of the edit says the same and is no message.
    assert_eq!(found(stores, bob, "上海").await, ["meet in 上海"]);
    revise(stores, ann, id, Revision::Edit { content: "?!".to_owned() }).await;
    assert!(found(stores, bob, "meet").await.is_empty());
    revise(stores, ann, id, Revision::Edit { content: "again".to_owned() }).await;
    assert_eq!(found(stores, bob, "again").await, ["again"]);
}

async fn a_recalled_message_is_not_found(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let id = say(stores, room, ann, "oops").await;
    revise(stores, ann, id, Revision::Edit { content: "oops again".to_owned() }).await;
    revise(stores, ann, id, Revision::Recall).await;
    for user in [ann, bob] {
        assert!(found(stores, user, "oops").await.is_empty());
    }
}

async fn content_without_a_word_is_stored_and_not_found(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    for content in ["👍", "?!", "、。"] {
        let id = say(stores, room, ann, content).await;
        assert_eq!(stores.messages.message(id).await.unwrap().unwrap().content, content);
    }
    assert!(found(stores, ann, "ok").await.is_empty());
}

async fn hostile_content_is_stored_and_found_by_its_words(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let hostile = [
        "it''s \"quoted\" \\ 'x' & y | !z <-> w:* %_",
        "NEAR(alpha beta, 2) AND OR NOT ^gamma -delta pieces:epsilon {x} + *",
        "'); drop table messages; -- 删除",
        "$1 ?1 :a @b #1 \u{202e}rtl 👩‍💻 ＇；＂",
    ];
    for content in hostile {
        say(stores, room, ann, content).await;
    }
    for (q, at) in [
        ("\"quoted\"", 0),
        ("'x' & y | !z", 0),
        ("w:*", 0),
        ("NEAR(alpha beta, 2)", 1),
        ("pieces:epsilon", 1),
        ("^gamma -delta", 1),
        ("NOT AND OR", 1),
        ("'); DROP TABLE messages; --", 2),
        ("删除'", 2),
        ("\u{202e}RTL%", 3),
        ("👩‍💻 rtl \"", 3),
    ] {
        assert_eq!(found(stores, ann, q).await, [hostile[at]], "{q}");
    }
    // Operators mean nothing: a word beyond them has to be there as well.
    for q in ["quoted OR nothing", "quoted | nothing", "quoted -x1", "quot*", "q%ted", "q_ted", "NOT nothing"]
    {
        assert!(found(stores, ann, q).await.is_empty(), "{q}");
    }
}

async fn the_longest_content_and_the_largest_query_fit(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let han: String = ('\u{4e00}'..).take(8_000).collect();
    let ligatures = "\u{fdfa}".repeat(8_000);
    for content in [&han, &ligatures, &"字".repeat(8_000), &"x".repeat(8_000)] {
        say(stores, room, ann, content).await;
    }
    assert_eq!(found(stores, ann, &"x".repeat(200)).await.len(), 1);
    let most: String = ('\u{4e00}'..).take(QUERY_MAX_PIECES + 1).collect();
    assert_eq!(found(stores, ann, &most).await, [han]);
}

async fn an_id_is_no_word_of_its_room(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    say(stores, room, ann, "hello").await;
    assert!(found(stores, ann, &format!("#{room}")).await.is_empty());
}

async fn what_goes_with_its_room_leaves_no_piece(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let kept = stores.group(ann, &[]).await;
    say(stores, room, ann, "gone").await;
    say(stores, kept, ann, "kept").await;
    stores.rooms.delete(room).await.unwrap();
    assert!(found(stores, ann, "gone").await.is_empty());
    assert_eq!(found(stores, ann, "kept").await, ["kept"]);
}

async fn a_repeat_is_found_once(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let new = message(room, ann, "m1");
    for _ in 0..2 {
        stores.messages.append(&new).await.unwrap();
    }
    assert_eq!(found(stores, ann, "m1").await, ["m1"]);
}
