use futures::future::join_all;
use shared::calendar::Calendar;
use shared::ports::{Delivered, Event, Revision, Tally};

use super::scene::{
    FRIDAY, HOUR, MIDNIGHT, MINUTE, around, kept, open_rows, say, settle, settle_all, sum, utc,
};
use crate::conformance::revisions::{edit, revision};
use crate::conformance::stores::Stores;

on_every_engine! {
    a_message_counts_at_its_hour,
    whoever_said_something_is_active_that_day,
    a_repeated_event_counts_once,
    racers_count_each_message_once,
    an_edit_or_recall_counts_nothing,
    a_day_is_that_of_the_calendar,
    a_range_holds_its_days_alone,
    nothing_settles_to_nothing,
}

fn of_messages(messages: i64) -> Tally {
    Tally { messages, ..Tally::default() }
}

async fn a_message_counts_at_its_hour(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    // The last millisecond of Thursday, the first of Friday, of its eighth hour and the one before.
    for (n, at) in [-1, 0, 7 * HOUR - 1, 7 * HOUR].into_iter().enumerate() {
        say(stores, room, ann, &format!("m{n}"), MIDNIGHT.plus(at)).await;
    }
    assert_eq!(kept(stores).await.0.hours, [], "nothing counts before it is settled");
    assert_eq!(settle_all(stores, &utc()).await, 4);
    let one = of_messages(1);
    let expected = [(FRIDAY.previous(), 23, one), (FRIDAY, 0, one), (FRIDAY, 6, one), (FRIDAY, 7, one)];
    assert_eq!(kept(stores).await.0.hours, expected);
}

async fn whoever_said_something_is_active_that_day(stores: &Stores) {
    let users = stores.users(3).await;
    let room = stores.group(users[0], &users[1..]).await;
    for (n, (user, at)) in [(0, 0), (0, HOUR), (1, HOUR), (0, 24 * HOUR)].into_iter().enumerate() {
        say(stores, room, users[user], &format!("m{n}"), MIDNIGHT.plus(at)).await;
        settle_all(stores, &utc()).await;
    }
    let kept = kept(stores).await.0;
    assert_eq!(kept.active_users, [(FRIDAY, 2), (FRIDAY.next(), 1)]);
    assert_eq!(stores.statistics.active_users(&around()).await.unwrap(), 2);
}

async fn a_repeated_event_counts_once(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    for n in 0..5 {
        say(stores, room, ann, &format!("m{n}"), MIDNIGHT).await;
    }
    let rows = open_rows(stores).await;
    let twice: Vec<_> = rows.iter().chain(&rows).cloned().collect();
    assert_eq!(settle(stores, &utc(), &twice, 10).await, 5, "within one batch");
    assert_eq!(settle(stores, &utc(), &rows, 3).await, 0, "and in later ones");
    assert_eq!(sum(stores).await, of_messages(5));
}

async fn racers_count_each_message_once(stores: &Stores) {
    let users = stores.users(10).await;
    let room = stores.group(users[0], &users[1..]).await;
    for n in 0..100 {
        // Over many hours and users, so that racers meet on many rows.
        let at = MIDNIGHT.plus(i64::from(n % 20) * HOUR);
        say(stores, room, users[(n % 10) as usize], &format!("m{n}"), at).await;
    }
    let rows = open_rows(stores).await;
    let racers = (0..8_usize).map(|n| {
        let mut mine = rows.clone();
        mine.rotate_left(n * 13);
        if n % 2 == 0 {
            mine.reverse();
        }
        async move { settle(stores, &utc(), &mine, 7 + n).await }
    });
    assert_eq!(join_all(racers).await.into_iter().sum::<usize>(), 100);
    let kept = kept(stores).await.0;
    assert_eq!(kept.hours.len(), 20);
    assert!(kept.hours.iter().all(|(_, _, tally)| *tally == of_messages(5)), "{:?}", kept.hours);
    assert_eq!(kept.active_users, [(FRIDAY, 10)]);
}

async fn an_edit_or_recall_counts_nothing(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    let said = stores.say(room, ann, "helo").await;
    for (id, change) in [("e1", edit("hello")), ("r1", Revision::Recall)] {
        let new = revision(None, ann, said.message_id, id, &change);
        stores.messages.revise(&new).await.expect("revise");
    }
    let rows = open_rows(stores).await;
    assert_eq!(rows.len(), 3);
    assert_eq!(settle(stores, &utc(), &rows, 1).await, 3);
    assert_eq!(sum(stores).await, of_messages(1));
    assert_eq!(stores.statistics.rebuild(&around(), &utc()).await.unwrap(), 0);
}

async fn a_day_is_that_of_the_calendar(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    let kolkata = Calendar::of("Asia/Kolkata").unwrap();
    // Friday begins there at 18:30 of Thursday.
    let begins = MIDNIGHT.plus(-5 * HOUR - 30 * MINUTE);
    for (n, at) in [begins.plus(-1), begins].into_iter().enumerate() {
        say(stores, room, ann, &format!("m{n}"), at).await;
    }
    settle_all(stores, &kolkata).await;
    let one = of_messages(1);
    assert_eq!(kept(stores).await.0.hours, [(FRIDAY.previous(), 23, one), (FRIDAY, 0, one)]);
    assert_eq!(stores.statistics.rebuild(&around(), &kolkata).await.unwrap(), 0);
    // Counted anew for another place, they fall into other hours.
    assert!(stores.statistics.rebuild(&around(), &utc()).await.unwrap() > 0);
    assert_eq!(kept(stores).await.0.hours, [(FRIDAY.previous(), 18, of_messages(2))]);
}

async fn a_range_holds_its_days_alone(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    for day in -2..=2 {
        say(stores, room, ann, &format!("d{day}"), MIDNIGHT.plus(day * 24 * HOUR)).await;
    }
    settle_all(stores, &utc()).await;
    let days = FRIDAY.previous()..=FRIDAY.next();
    let kept = stores.statistics.kept(&days).await.unwrap();
    let found: Vec<_> = kept.hours.iter().map(|(day, _, _)| *day).collect();
    assert_eq!(found, [FRIDAY.previous(), FRIDAY, FRIDAY.next()]);
    assert_eq!(kept.active_users.len(), 3);
    assert_eq!(stores.statistics.active_users(&days).await.unwrap(), 1);
}

async fn nothing_settles_to_nothing(stores: &Stores) {
    assert_eq!(stores.statistics.settle_messages(&[]).await.unwrap(), []);
    assert_eq!(stores.statistics.settle_steps(&[], &utc()).await.unwrap(), []);
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    say(stores, room, ann, "m", MIDNIGHT).await;
    let rows = open_rows(stores).await;
    let Event::MessageStored(stored) = &rows[0].event else { panic!("{rows:?}") };
    let mut delivered = Delivered::of(stored, &utc());
    delivered.outbox.0 += 1;
    assert_eq!(stores.statistics.settle_messages(&[delivered]).await.unwrap(), []);
    assert_eq!(sum(stores).await, Tally::default());
}
