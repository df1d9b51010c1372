use shared::calendar::{Calendar, Day};
use shared::model::{ClosedBy, Status};
use shared::ports::{DeskNow, Destination, SessionFilter, StaffSpan, Tally};

use super::scene::{
    ALL, FRIDAY, HOUR, MIDNIGHT, MINUTE, around, comes, goes, kept, of_staff, open, open_rows, say, settle,
    settle_all, sum, terms, utc,
};
use crate::conformance::stores::Stores;

on_every_engine! {
    a_session_is_counted_by_hand,
    the_first_answer_counts_from_the_first_assignment,
    an_answer_is_to_the_first_thing_said_since_the_last_one,
    whoever_served_last_has_its_end_and_its_rating,
    a_session_that_nobody_got_is_abandoned,
    steps_in_any_order_count_the_same,
    staff_are_there_as_long_as_their_spans_overlap,
    the_days_of_staff_are_those_of_the_place,
    now_tells_how_the_desk_stands,
    a_day_is_checked_once_and_put_right,
    what_is_not_settled_is_not_rebuilt,
}

/// Friday at 7:50: the visitor comes; at 8:10 somebody does; 8:12 the first answer; 8:30 closed, 9:05 rated.
async fn a_session_is_counted_by_hand(stores: &Stores) {
    let (vera, sam) = (stores.user("vera").await, stores.user("sam").await);
    let at = |minutes: i64| MIDNIGHT.plus(7 * HOUR + minutes * MINUTE);
    let session = open(stores, vera, at(50)).await;
    say(stores, session.room_id, vera, "hello?", at(51)).await;
    comes(stores, sam, at(70)).await;
    say(stores, session.room_id, sam, "hello", at(72)).await;
    say(stores, session.room_id, sam, "what is it", at(73)).await;
    say(stores, session.room_id, vera, "this", at(75)).await;
    say(stores, session.room_id, vera, "and that", at(76)).await;
    say(stores, session.room_id, sam, "done", at(79)).await;
    stores.desk.close(session.id, ClosedBy::Visitor, Some(vera), terms(at(90))).await.unwrap();
    stores.desk.rate(session.id, 4, "thanks", terms(at(125))).await.unwrap();
    settle_all(stores, &utc()).await;

    let seven = Tally { messages: 1, sessions: 1, ..Tally::default() };
    let eight = Tally {
        messages: 6 - 1,
        waits: 1,
        waited_ms: 20 * MINUTE,
        first_answers: 1,
        first_answer_ms: 2 * MINUTE,
        answers: 2,
        answer_ms: (21 + 4) * MINUTE,
        closed: 1,
        length_ms: 20 * MINUTE,
        ..Tally::default()
    };
    let nine = Tally { ratings: 1, rating_sum: 4, ..Tally::default() };
    assert_eq!(kept(stores).await.0.hours, [(FRIDAY, 7, seven), (FRIDAY, 8, eight), (FRIDAY, 9, nine)]);
    let served =
        Tally { messages: 3, sessions: 1, ratings: 1, rating_sum: 4, waits: 0, waited_ms: 0, ..eight };
    assert_eq!(of_staff(stores, sam).await, served);
    assert_eq!(stores.statistics.rebuild(&around(), &utc()).await.unwrap(), 0);
}

async fn the_first_answer_counts_from_the_first_assignment(stores: &Stores) {
    let users = stores.users(3).await;
    let (vera, sam, tom) = (users[0], users[1], users[2]);
    comes(stores, sam, MIDNIGHT).await;
    let session = open(stores, vera, MIDNIGHT).await;
    comes(stores, tom, MIDNIGHT.plus(MINUTE)).await;
    let to = Destination::Person(tom);
    stores.desk.transfer(session.id, to, sam, terms(MIDNIGHT.plus(2 * MINUTE))).await.unwrap();
    say(stores, session.room_id, tom, "here I am", MIDNIGHT.plus(5 * MINUTE)).await;
    say(stores, session.room_id, tom, "still", MIDNIGHT.plus(6 * MINUTE)).await;
    settle_all(stores, &utc()).await;
    let first = |tally: Tally| (tally.first_answers, tally.first_answer_ms, tally.answers);
    assert_eq!(first(sum(stores).await), (1, 5 * MINUTE, 0), "nobody asked anything");
    assert_eq!(first(of_staff(stores, tom).await), (1, 5 * MINUTE, 0));
    assert_eq!(first(of_staff(stores, sam).await), (0, 0, 0));
    let given = (of_staff(stores, sam).await.sessions, of_staff(stores, tom).await.sessions);
    assert_eq!(given, (1, 1), "it was given to both");
    assert_eq!(sum(stores).await.waits, 1, "and waited for once");
}

async fn an_answer_is_to_the_first_thing_said_since_the_last_one(stores: &Stores) {
    let users = stores.users(2).await;
    let (vera, sam) = (users[0], users[1]);
    comes(stores, sam, MIDNIGHT).await;
    let room = open(stores, vera, MIDNIGHT).await.room_id;
    for (n, (who, minute)) in [(vera, 1), (vera, 2), (sam, 10), (sam, 20), (vera, 30), (sam, 31), (vera, 40)]
        .into_iter()
        .enumerate()
    {
        say(stores, room, who, &format!("m{n}"), MIDNIGHT.plus(minute * MINUTE)).await;
    }
    // The last ones first: what they answer is in the log, settled or not.
    let mut rows = open_rows(stores).await;
    rows.reverse();
    settle(stores, &utc(), &rows, 1).await;
    let tally = sum(stores).await;
    assert_eq!((tally.answers, tally.answer_ms), (2, (9 + 1) * MINUTE));
    assert_eq!(tally, Tally { sessions: 1, waits: 1, ..tally });
    assert_eq!(stores.statistics.rebuild(&around(), &utc()).await.unwrap(), 0);
}

async fn whoever_served_last_has_its_end_and_its_rating(stores: &Stores) {
    let users = stores.users(3).await;
    let (vera, sam, tom) = (users[0], users[1], users[2]);
    comes(stores, sam, MIDNIGHT).await;
    let session = open(stores, vera, MIDNIGHT).await;
    comes(stores, tom, MIDNIGHT.plus(MINUTE)).await;
    let at = |minutes: i64| terms(MIDNIGHT.plus(minutes * MINUTE));
    stores.desk.transfer(session.id, Destination::Person(tom), sam, at(2)).await.unwrap();
    // Both go, so it waits again and is closed by the visitor meanwhile.
    goes(stores, sam, MIDNIGHT.plus(3 * MINUTE)).await;
    stores.desk.dismiss(tom, at(4)).await.unwrap();
    stores.desk.close(session.id, ClosedBy::Visitor, Some(vera), at(10)).await.unwrap();
    stores.desk.rate(session.id, 5, "", at(11)).await.unwrap();
    settle_all(stores, &utc()).await;
    let ends = |tally: Tally| (tally.closed, tally.length_ms, tally.ratings, tally.rating_sum);
    assert_eq!(ends(of_staff(stores, tom).await), (1, 10 * MINUTE, 1, 5));
    assert_eq!(ends(of_staff(stores, sam).await), (0, 0, 0, 0));
    assert_eq!(ends(sum(stores).await), (1, 10 * MINUTE, 1, 5));
}

async fn a_session_that_nobody_got_is_abandoned(stores: &Stores) {
    let vera = stores.user("vera").await;
    let session = open(stores, vera, MIDNIGHT).await;
    let at = terms(MIDNIGHT.plus(MINUTE));
    stores.desk.close(session.id, ClosedBy::Visitor, Some(vera), at).await.unwrap();
    settle_all(stores, &utc()).await;
    assert_eq!(sum(stores).await, Tally { sessions: 1, abandoned: 1, ..Tally::default() });
}

async fn steps_in_any_order_count_the_same(stores: &Stores) {
    let users = stores.users(4).await;
    comes(stores, users[0], MIDNIGHT).await;
    for (n, visitor) in (0..).zip(&users[1..]) {
        open(stores, *visitor, MIDNIGHT.plus(n * MINUTE)).await;
    }
    comes(stores, users[0], MIDNIGHT.plus(HOUR)).await;
    for (n, visitor) in (0..).zip(&users[1..3]) {
        let filter = SessionFilter { visitor: Some(*visitor), ..Default::default() };
        let session = stores.desk.sessions(&filter, ALL).await.unwrap().items[0].clone();
        let at = terms(MIDNIGHT.plus(2 * HOUR + n * MINUTE));
        stores.desk.close(session.id, ClosedBy::Staff, Some(users[0]), at).await.unwrap();
        stores.desk.rate(session.id, 3, "", at).await.unwrap();
    }
    let mut rows = open_rows(stores).await;
    rows.reverse();
    rows.rotate_left(3);
    settle(stores, &utc(), &rows, 1).await;
    let tally = sum(stores).await;
    assert_eq!((tally.sessions, tally.waits, tally.closed, tally.ratings), (3, 3, 2, 2));
    // The third got the place of the first, two hours after it came at minute 2.
    assert_eq!(tally.waited_ms, 2 * HOUR - 2 * MINUTE);
    assert_eq!(stores.statistics.rebuild(&around(), &utc()).await.unwrap(), 0);
}

async fn staff_are_there_as_long_as_their_spans_overlap(stores: &Stores) {
    let users = stores.users(2).await;
    let (sam, tom) = (users[0], users[1]);
    // Sam from an hour before midnight until 2, and from 5 on; Tom not before Saturday.
    comes(stores, sam, MIDNIGHT.plus(-HOUR)).await;
    goes(stores, sam, MIDNIGHT.plus(2 * HOUR)).await;
    let at = terms(MIDNIGHT.plus(5 * HOUR));
    stores.desk.set_status(sam, Status::Busy, at).await.unwrap();
    comes(stores, tom, MIDNIGHT.plus(30 * HOUR)).await;
    let online = async |now: i64| -> Vec<i64> {
        let span = StaffSpan::of(FRIDAY..=FRIDAY, &utc(), MIDNIGHT.plus(now));
        let staff = stores.statistics.staff(&span, ALL).await.unwrap();
        assert_eq!(staff.total, 2, "whoever serves is listed");
        staff.items.iter().map(|figures| figures.online_ms).collect()
    };
    assert_eq!(online(HOUR).await, [HOUR, 0]);
    assert_eq!(online(6 * HOUR).await, [3 * HOUR, 0], "up to now");
    assert_eq!(online(100 * HOUR).await, [21 * HOUR, 0], "up to the end of the day");
}

/// 2027-01-15T00:00Z is eight o'clock in Shanghai, whose Saturday begins at 16:00 of UTC's Friday.
async fn the_days_of_staff_are_those_of_the_place(stores: &Stores) {
    let sam = stores.user("sam").await;
    let midnight = MIDNIGHT.plus(16 * HOUR);
    comes(stores, sam, midnight.plus(-30 * MINUTE)).await;
    goes(stores, sam, midnight.plus(45 * MINUTE)).await;
    let online = async |zone: &str, day: Day| {
        let calendar = Calendar::of(zone).expect("a zone");
        let span = StaffSpan::of(day..=day, &calendar, midnight.plus(100 * HOUR));
        stores.statistics.staff(&span, ALL).await.unwrap().items[0].online_ms
    };
    assert_eq!(online("Asia/Shanghai", FRIDAY).await, 30 * MINUTE);
    assert_eq!(online("Asia/Shanghai", FRIDAY.next()).await, 45 * MINUTE);
    assert_eq!(online("UTC", FRIDAY).await, 75 * MINUTE);
    assert_eq!(online("UTC", FRIDAY.next()).await, 0);
    // Who stays over the night in which New York puts its clocks forward is there for 23 hours of that Sunday.
    comes(stores, sam, MIDNIGHT.plus(50 * 24 * HOUR)).await;
    let later = |day: Day, zone: &str| {
        let calendar = Calendar::of(zone).expect("a zone");
        StaffSpan::of(day..=day, &calendar, MIDNIGHT.plus(100 * 24 * HOUR))
    };
    let sunday = Day::of(2027, 3, 14);
    for (zone, hours) in [("America/New_York", 23), ("UTC", 24)] {
        let staff = stores.statistics.staff(&later(sunday, zone), ALL).await.unwrap();
        assert_eq!(staff.items[0].online_ms, hours * HOUR, "{zone}");
    }
}

async fn now_tells_how_the_desk_stands(stores: &Stores) {
    assert_eq!(stores.statistics.now(5).await.unwrap(), DeskNow::default());
    let users = stores.users(6).await;
    comes(stores, users[0], MIDNIGHT).await;
    let busy = terms(MIDNIGHT);
    stores.desk.set_status(users[1], Status::Busy, busy).await.unwrap();
    for visitor in &users[2..5] {
        open(stores, *visitor, MIDNIGHT).await;
    }
    settle_all(stores, &utc()).await;
    let (open, _) = stores.outbox.backlog().await.unwrap();
    let expected =
        DeskNow { active_sessions: 2, queued: 1, online_staff: 2, places: 2, taken: 2, backlog: open };
    assert_eq!(stores.statistics.now(2).await.unwrap(), expected);
}

async fn a_day_is_checked_once_and_put_right(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    say(stores, room, ann, "m", MIDNIGHT).await;
    settle_all(stores, &utc()).await;
    let right = kept(stores).await;
    stores.execute("update statistics_hours set messages = 7, answers = 1").await;
    stores.execute("update statistics_days set active_users = 3").await;
    assert_eq!(stores.statistics.check(FRIDAY.previous(), &utc()).await.unwrap(), Some(0));
    assert_eq!(stores.statistics.check(FRIDAY, &utc()).await.unwrap(), Some(2));
    assert_eq!(kept(stores).await, right);
    assert_eq!(stores.statistics.check(FRIDAY, &utc()).await.unwrap(), None);
    assert_eq!(stores.statistics.check(FRIDAY.previous(), &utc()).await.unwrap(), None);
    assert_eq!(stores.statistics.check(FRIDAY.next(), &utc()).await.unwrap(), Some(0));
}

async fn what_is_not_settled_is_not_rebuilt(stores: &Stores) {
    let users = stores.users(2).await;
    let (vera, sam) = (users[0], users[1]);
    comes(stores, sam, MIDNIGHT).await;
    let room = open(stores, vera, MIDNIGHT).await.room_id;
    say(stores, room, vera, "hello", MIDNIGHT.plus(MINUTE)).await;
    say(stores, room, sam, "hello", MIDNIGHT.plus(2 * MINUTE)).await;
    assert_eq!(stores.statistics.rebuild(&around(), &utc()).await.unwrap(), 0);
    assert_eq!(sum(stores).await, Tally::default());
    settle_all(stores, &utc()).await;
    let live = kept(stores).await;
    assert_eq!(stores.statistics.rebuild(&around(), &utc()).await.unwrap(), 0);
    for table in ["statistics_hours", "statistics_days", "statistics_actives", "statistics_staff"] {
        stores.execute(&format!("delete from {table}")).await;
    }
    assert!(stores.statistics.rebuild(&around(), &utc()).await.unwrap() > 0);
    assert_eq!(kept(stores).await, live);
}
