//! What others are told of a user, and how often.

use shared::model::Status;

use super::{Adapter, NOW, a_user, an_address, connected, registration};

pub(super) async fn the_same_status_again_is_no_news(adapter: Adapter) {
    let (presence, ann, bob) = (adapter.presence(), a_user(), a_user());
    let news = async |user, status| presence.tell(user, status).await.unwrap();
    assert!(news(ann, Status::Offline).await, "nothing is known of what they were told");
    assert!(!news(ann, Status::Offline).await);
    assert!(news(ann, Status::Busy).await);
    assert!(news(bob, Status::Busy).await);
    assert!(!news(ann, Status::Busy).await);
    assert!(news(ann, Status::Offline).await);
}

pub(super) async fn who_was_told_to_be_offline_arrives(adapter: Adapter) {
    let (presence, ann) = (adapter.presence(), a_user());
    connected(&*presence, ann, &[]).await;
    let arrives = async || presence.register(&registration(ann, &an_address(), &[]), NOW).await.unwrap();
    for (told, arrived) in [(Status::Online, false), (Status::Away, false), (Status::Offline, true)] {
        presence.tell(ann, told).await.unwrap();
        assert_eq!(arrives().await, arrived, "{told:?}");
    }
}
