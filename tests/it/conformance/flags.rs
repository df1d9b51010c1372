//! The rules of `Flags`.

use shared::ids::MessageId;
use shared::model::Page;

use super::stores::{FIRST_PAGE, NOW, Stores};

on_every_engine! {
    a_flagged_message_is_listed_until_it_is_cleared,
    flags_come_newest_first_and_by_pages,
}

async fn a_flagged_message_is_listed_until_it_is_cleared(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    let said = stores.say(room, ann, "m1").await.message_id;
    stores.flags.flag(said, NOW).await.unwrap();
    stores.flags.flag(said, NOW.plus(5)).await.unwrap();
    stores.flags.flag(MessageId::fresh(), NOW).await.unwrap();

    let flagged = stores.flags.flagged(FIRST_PAGE).await.unwrap();
    assert_eq!((flagged.items.len(), flagged.total), (1, 1));
    assert_eq!((flagged.items[0].message.message_id, flagged.items[0].flagged_at), (said, NOW));
    assert_eq!(flagged.items[0].message.sender_id, ann);

    assert!(stores.flags.unflag(said).await.unwrap());
    assert!(!stores.flags.unflag(said).await.unwrap());
    assert_eq!(stores.flags.flagged(FIRST_PAGE).await.unwrap().total, 0);
}

async fn flags_come_newest_first_and_by_pages(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    let mut said = Vec::new();
    for n in 0..3 {
        said.push(stores.say(room, ann, &format!("m{n}")).await.message_id);
        stores.flags.flag(said[n], NOW.plus(n as i64)).await.unwrap();
    }
    let page = async |number| {
        let page = stores.flags.flagged(Page { number, size: 2 }).await.unwrap();
        (page.items.iter().map(|flagged| flagged.message.message_id).collect::<Vec<_>>(), page.total)
    };
    assert_eq!(page(1).await, (vec![said[2], said[1]], 3));
    assert_eq!(page(2).await, (vec![said[0]], 3));
    stores.rooms.delete(room).await.unwrap();
    assert_eq!(page(1).await, (vec![], 0), "they go with their room");
}
