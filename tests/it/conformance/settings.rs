//! The rules of what a database keeps for Hark itself.

use futures::future::join_all;

use super::stores::Stores;

on_every_engine! {
    the_first_value_of_a_setting_is_kept,
    all_who_bring_a_value_at_once_get_the_same,
}

async fn the_first_value_of_a_setting_is_kept(stores: &Stores) {
    let database = &stores.database;
    assert_eq!(database.setting("secret").await.unwrap(), None);
    assert_eq!(database.keep_setting("secret", "one").await.unwrap(), "one");
    assert_eq!(database.keep_setting("secret", "two").await.unwrap(), "one");
    assert_eq!(database.setting("secret").await.unwrap().as_deref(), Some("one"));
    assert_eq!(database.keep_setting("other", "two").await.unwrap(), "two");
}

async fn all_who_bring_a_value_at_once_get_the_same(stores: &Stores) {
    let values: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let racing = values.iter().map(|value| stores.database.keep_setting("secret", value));
    let got: Vec<String> = join_all(racing).await.into_iter().map(Result::unwrap).collect();
    assert!(got.iter().all(|value| *value == got[0]), "{got:?}");
}
