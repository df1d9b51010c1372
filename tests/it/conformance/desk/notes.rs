use shared::ids::SessionId;
use shared::model::{Page, User};
use shared::ports::DeskError;

use super::super::stores::{FIRST_PAGE, NOW, Stores};

on_every_engine! {
    notes_are_listed_oldest_first,
    nobody_notes_of_what_is_not_there,
}

async fn author(stores: &Stores, name: &str) -> User {
    let id = stores.user(name).await;
    stores.accounts.account(id).await.unwrap().unwrap().user
}

async fn notes_are_listed_oldest_first(stores: &Stores) {
    let (sam, session) = (author(stores, "sam").await, stores.waits("v1").await);
    let other = stores.waits("v2").await;
    let first = stores.desk.add_note(session, &sam, "is angry", NOW).await.unwrap();
    let second = stores.desk.add_note(session, &sam, "calmed down", NOW).await.unwrap();
    stores.desk.add_note(other, &sam, "another", NOW).await.unwrap();
    stores.end(session).await;
    stores.desk.add_note(session, &sam, "afterwards", NOW.plus(5)).await.unwrap();
    let notes = stores.desk.notes(session, FIRST_PAGE).await.unwrap();
    assert_eq!((notes.total, notes.items[0].id, notes.items[1].id), (3, first, second));
    assert_eq!((&notes.items[0].author, notes.items[0].content.as_str()), (&sam, "is angry"));
    assert_eq!(notes.items[2].created_at, NOW.plus(5));
    let last = stores.desk.notes(session, Page { number: 2, size: 2 }).await.unwrap();
    assert_eq!((last.items.len(), last.items[0].content.as_str()), (1, "afterwards"));
}

async fn nobody_notes_of_what_is_not_there(stores: &Stores) {
    let sam = author(stores, "sam").await;
    let refused = stores.desk.add_note(SessionId(999_999), &sam, "what?", NOW).await;
    assert!(matches!(refused, Err(DeskError::NotFound)), "{refused:?}");
}
