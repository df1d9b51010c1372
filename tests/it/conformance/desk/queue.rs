use shared::ids::SessionId;
use shared::model::{ClosedBy, Page, QueuePlace, Session, Status};
use shared::ports::Destination;

use super::super::stores::{FIRST_PAGE, NOW, Stores};
use super::{at, new_session};

on_every_engine! {
    a_place_says_how_many_are_before_it,
    a_wait_is_estimated_from_how_long_sessions_took,
    only_the_last_fifty_sessions_count_for_the_wait,
    nobody_knows_how_long_it_takes_while_nobody_serves,
    the_queue_is_read_page_by_page,
    queues_of_teams_come_one_after_the_other,
    a_place_that_moved_is_told_once,
    only_the_first_are_told,
    who_comes_back_into_the_queue_is_told_again,
    of_racing_tellers_one_tells,
}

async fn place(stores: &Stores, session: SessionId) -> Option<(i64, i64)> {
    let place = stores.desk.place(session, 5).await.unwrap();
    place.map(|place| (place.position, place.ahead))
}

async fn wait(stores: &Stores, session: SessionId) -> Option<i64> {
    stores.desk.place(session, 5).await.unwrap().unwrap().estimated_wait_s
}

async fn a_place_says_how_many_are_before_it(stores: &Stores) {
    stores.serves_in("sam", "", 1).await;
    let served = stores.waits("v1").await;
    let (first, second) = (stores.waits("v2").await, stores.waits("v3").await);
    assert_eq!(place(stores, served).await, None);
    assert_eq!(place(stores, first).await, Some((1, 0)));
    assert_eq!(place(stores, second).await, Some((2, 1)));
    stores.end(first).await;
    assert_eq!(place(stores, first).await, None);
    assert_eq!(place(stores, second).await, Some((1, 0)));
    let whole = stores.desk.place(second, 5).await.unwrap().unwrap();
    assert_eq!((whole.session, whole.visitor), (second, stores.seen(second).await.visitor.id));
}

async fn a_wait_is_estimated_from_how_long_sessions_took(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let open = async |name: &str, now| {
        let visitor = stores.visitor(name).await;
        stores.desk.open(new_session(visitor, ""), at(now)).await.unwrap().0.id
    };
    let served = open("v1", NOW).await;
    let first = open("v2", NOW.plus(1)).await;
    let second = open("v3", NOW.plus(2)).await;
    // Nothing is known yet: five minutes each.
    assert_eq!((wait(stores, first).await, wait(stores, second).await), (Some(300), Some(600)));
    let closed = ClosedBy::Staff;
    stores.desk.close(served, closed, Some(sam), at(NOW.plus(60_500))).await.unwrap();
    assert_eq!(wait(stores, second).await, Some(61), "rounded up");
    stores.desk.close(first, closed, Some(sam), at(NOW.plus(60_500 + 20_000))).await.unwrap();
    let third = open("v4", NOW.plus(90_000)).await;
    let fourth = open("v5", NOW.plus(90_001)).await;
    // 60.5 s and 20 s.
    assert_eq!((wait(stores, third).await, wait(stores, fourth).await), (Some(41), Some(81)));
    // Twice the places, half the time: though they are taken.
    let sue = stores.serves_in("sue", "", 1).await;
    let fifth = open("v6", NOW.plus(90_002)).await;
    assert_eq!((stores.server(third).await, place(stores, fourth).await), (Some(sue), Some((1, 0))));
    assert_eq!((wait(stores, fourth).await, wait(stores, fifth).await), (Some(21), Some(41)));
}

async fn only_the_last_fifty_sessions_count_for_the_wait(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let mut now = NOW;
    // The first took an hour, the fifty after it a minute each; one of another team took a day.
    for (n, seconds) in [3_600].into_iter().chain([60; 50]).enumerate() {
        let visitor = stores.visitor(&format!("v{n}")).await;
        let session = stores.desk.open(new_session(visitor, ""), at(now)).await.unwrap().0.id;
        if n == 50 {
            let waiting = stores.waits("late").await;
            // An hour and forty-nine minutes over fifty sessions.
            assert_eq!(wait(stores, waiting).await, Some(131));
            stores.end(waiting).await;
        }
        now = now.plus(seconds * 1_000);
        stores.desk.close(session, ClosedBy::Staff, Some(sam), at(now)).await.unwrap();
    }
    stores.serves_in("sue", "sales", 1).await;
    let other = stores.visitor("other").await;
    let session = stores.desk.open(new_session(other, "sales"), at(now)).await.unwrap().0.id;
    let closed = at(now.plus(86_400_000));
    stores.desk.close(session, ClosedBy::Staff, None, closed).await.unwrap();
    stores.waits("served").await;
    let waiting = stores.waits("waiting").await;
    assert_eq!(wait(stores, waiting).await, Some(60));
}

async fn nobody_knows_how_long_it_takes_while_nobody_serves(stores: &Stores) {
    let first = stores.waits("v1").await;
    assert_eq!(wait(stores, first).await, None);
    let sam = stores.serves_in("sam", "elsewhere", 1).await;
    assert_eq!(wait(stores, first).await, None);
    stores.stands(sam, Status::Busy).await;
    stores.patch_staff(sam, "", 1).await;
    assert_eq!(wait(stores, first).await, None);
}

async fn queued(stores: &Stores, team: Option<&str>, page: Page) -> (Vec<(SessionId, i64)>, i64) {
    let found = stores.desk.queue(team, 5, page).await.unwrap();
    let item = |(session, place): &(Session, QueuePlace)| {
        assert_eq!((session.id, session.visitor.id), (place.session, place.visitor));
        (session.id, place.position)
    };
    (found.items.iter().map(item).collect(), found.total)
}

async fn the_queue_is_read_page_by_page(stores: &Stores) {
    assert_eq!(queued(stores, None, FIRST_PAGE).await, (vec![], 0));
    let mut waiting = Vec::new();
    for n in 1..=3 {
        waiting.push(stores.waits(&format!("v{n}")).await);
    }
    let page = |number| Page { number, size: 2 };
    assert_eq!(queued(stores, Some(""), page(1)).await, (vec![(waiting[0], 1), (waiting[1], 2)], 3));
    assert_eq!(queued(stores, Some(""), page(2)).await, (vec![(waiting[2], 3)], 3));
    assert_eq!(queued(stores, Some(""), page(3)).await, (vec![], 3));
    assert_eq!(queued(stores, Some("sales"), page(1)).await, (vec![], 0));
}

async fn queues_of_teams_come_one_after_the_other(stores: &Stores) {
    let (vera, will) = (stores.visitor("vera").await, stores.visitor("will").await);
    let sales = stores.open_for(vera, "sales").await.id;
    let repairs = stores.open_for(will, "repairs").await.id;
    let common = stores.waits("v1").await;
    let wanda = stores.visitor("wanda").await;
    let more = stores.open_for(wanda, "sales").await.id;
    let all = vec![(common, 1), (repairs, 1), (sales, 1), (more, 2)];
    assert_eq!(queued(stores, None, FIRST_PAGE).await, (all, 4));
    assert_eq!(queued(stores, Some("sales"), FIRST_PAGE).await, (vec![(sales, 1), (more, 2)], 2));
}

async fn moved(stores: &Stores, first: i64) -> Vec<(SessionId, i64)> {
    let moved = stores.desk.take_moved("", first, 5).await.unwrap();
    moved.iter().map(|place| (place.session, place.position)).collect()
}

async fn a_place_that_moved_is_told_once(stores: &Stores) {
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    let vera = stores.visitor("vera").await;
    stores.open_for(vera, "sales").await;
    assert_eq!(moved(stores, 10).await, [(first, 1), (second, 2)]);
    assert_eq!(moved(stores, 10).await, []);
    let third = stores.waits("v3").await;
    assert_eq!(moved(stores, 10).await, [(third, 3)]);
    stores.end(first).await;
    assert_eq!(moved(stores, 10).await, [(second, 1), (third, 2)]);
    let told = stores.desk.take_moved("sales", 10, 5).await.unwrap();
    assert_eq!(told.iter().map(|place| (place.visitor, place.ahead)).collect::<Vec<_>>(), [(vera, 0)]);
}

async fn only_the_first_are_told(stores: &Stores) {
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    let third = stores.waits("v3").await;
    assert_eq!(moved(stores, 2).await, [(first, 1), (second, 2)]);
    assert_eq!(moved(stores, 2).await, []);
    assert_eq!(moved(stores, 3).await, [(third, 3)]);
}

async fn who_comes_back_into_the_queue_is_told_again(stores: &Stores) {
    let first = stores.waits("v1").await;
    assert_eq!(moved(stores, 10).await, [(first, 1)]);
    let sam = stores.serves("sam").await;
    stores.stands(sam, Status::Away).await;
    stores.hand(first, Destination::Queue, sam).await;
    assert_eq!(moved(stores, 10).await, [(first, 1)]);
}

async fn of_racing_tellers_one_tells(stores: &Stores) {
    let mut waiting = Vec::new();
    for n in 1..=5 {
        waiting.push(stores.waits(&format!("v{n}")).await);
    }
    let told = futures::future::join_all((0..6).map(|_| moved(stores, 10))).await;
    let mut told: Vec<_> = told.into_iter().flatten().map(|(session, _)| session).collect();
    told.sort_unstable();
    assert_eq!(told, waiting);
}
