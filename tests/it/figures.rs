//! Figures: what is said over sockets and done at the desk is counted, shown, and kept in the cache for as long
//! as its kind allows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::calendar::{Calendar, Day};
use shared::clock::UnixMs;
use shared::config::Config;
use shared::desk::Terms;
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, Role, Status};
use shared::ports::{Changes, NewSession, Tally};

use crate::app::embedded_app;
use crate::hark::{Client, Hark, World, eventually, on_both, on_services, ten_to};

fn terms(hark: &Hark) -> Terms {
    let app = hark.running.app();
    app.config.support.terms(app.clock.now())
}

/// Settles steps as their consumer does.
async fn settle(hark: &Hark, changes: &Changes) {
    let app = hark.running.app();
    let calendar = &app.config.statistics.calendar().unwrap();
    app.statistics.settle_steps(&changes.sessions, calendar).await.unwrap();
    let staff: Vec<_> = changes.staff.iter().map(|changed| changed.outbox).collect();
    app.outbox.settle(&staff).await.unwrap();
    // Comes again, and counts nothing.
    assert_eq!(app.statistics.settle_steps(&changes.sessions, calendar).await.unwrap(), []);
}

/// The day before today to the day after: no case is long enough to leave them.
fn around(hark: &Hark) -> (Day, Day) {
    let app = hark.running.app();
    let today = app.config.statistics.calendar().unwrap().day_of(app.clock.now());
    (today.previous(), today.next())
}

async fn range(hark: &Hark, viewer: &Client) -> Value {
    let (first, last) = around(hark);
    let path = format!("/api/chatstatistics/range?startDate={first}&endDate={last}");
    hark.get(viewer, &path).await.expect(200)
}

/// Waits until everything said is settled, and the step by which the session was given to somebody.
async fn all_settled(hark: &Hark) {
    eventually(async || {
        let app = hark.running.app();
        let (first, last) = around(hark);
        let kept = app.statistics.kept(&(first..=last)).await.unwrap();
        let sum = |of: fn(&Tally) -> i64| kept.hours.iter().map(|(_, _, tally)| of(tally)).sum::<i64>();
        (sum(|tally| tally.messages), sum(|tally| tally.waits)) == (7, 1)
    })
    .await;
}

async fn a_session_over_sockets_is_counted_by_hand(world: &World) {
    let hark = world.start().await;
    let (ann, vera) = (hark.user("ann").await, hark.user("vera").await);
    let sam = hark.user_as("sam", Role::Staff).await;
    let group = hark.group(&ann, &[&vera]).await;
    let (mut anns, mut veras) = (hark.connect(&ann).await, hark.connect(&vera).await);
    let ack = anns.say(group, "good morning").await;
    anns.ask(&json!({"type": "edit", "message_id": ack["message_id"], "content": "good evening"})).await;
    anns.say(group, "how are you").await;

    let desk = &hark.running.app().desk;
    let visitor = UserId(vera.id);
    let new = NewSession { visitor, team: String::new(), subject: "help".to_owned(), out_of_hours: false };
    let (session, opened) = desk.open(new, terms(&hark)).await.unwrap();
    settle(&hark, &opened).await;
    veras.say(session.room_id.0, "hello?").await;
    world.clock.turn(Duration::from_secs(90));
    // Who comes serves.
    let mut sams = hark.connect(&sam).await;
    let is_served = async || desk.session(session.id).await.unwrap().is_some_and(|now| now.staff.is_some());
    eventually(is_served).await;
    world.clock.turn(Duration::from_secs(30));
    sams.say(session.room_id.0, "hello").await;
    veras.say(session.room_id.0, "it doesn't work").await;
    world.clock.turn(Duration::from_secs(60));
    sams.say(session.room_id.0, "turn it off and on").await;
    sams.say(session.room_id.0, "and?").await;
    finish(&hark, session.id, visitor).await;
    all_settled(&hark).await;
    shown(&hark, &sam).await;
    hark.stop().await;
}

async fn finish(hark: &Hark, session: SessionId, visitor: UserId) {
    let desk = &hark.running.app().desk;
    let closed = desk.close(session, ClosedBy::Visitor, Some(visitor), terms(hark)).await.unwrap();
    settle(hark, &closed.1).await;
    settle(hark, &desk.rate(session, 5, "thanks", terms(hark)).await.unwrap().1).await;
}

async fn shown(hark: &Hark, sam: &Client) {
    let totals = range(hark, sam).await["totals"].clone();
    let counted = ["messages", "activeUsers", "sessions", "answers", "closedSessions", "ratings"];
    assert_eq!(counted.map(|field| totals[field].clone()), [7, 3, 1, 2, 1, 1].map(|n| json!(n)), "{totals}");
    assert_eq!(totals["averageRating"], json!(5.0));
    // The clock was turned by so many seconds, and the machine took less than 20 more.
    for (field, least) in [
        ("averageWaitTime", 90.0),
        ("averageFirstAnswerTime", 30.0),
        ("averageAnswerTime", (120.0 + 60.0) / 2.0),
        ("averageSessionLength", 90.0),
    ] {
        let seconds = totals[field].as_f64().unwrap_or_default();
        assert!((least..least + 20.0).contains(&seconds), "{field}: {totals}");
    }
    let (first, last) = around(hark);
    let path = format!("/api/chatstatistics/staff?startDate={first}&endDate={last}");
    let report = hark.get(sam, &path).await.expect(200);
    let of_sam = &report["staff"][0];
    assert_eq!((&report["total"], &of_sam["username"]), (&json!(1), &json!("sam")), "{report}");
    assert_eq!(
        (&of_sam["messages"], &of_sam["sessions"], &of_sam["answers"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert!(of_sam["onlineTime"].as_f64().unwrap() >= 90.0, "{of_sam}");
    let app = hark.running.app();
    let calendar = &app.config.statistics.calendar().unwrap();
    assert_eq!(app.statistics.rebuild(&(first..=last), calendar).await.unwrap(), 0, "as it was counted");
}

async fn upkeep_puts_yesterday_right_once(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    hark.connect(&ann).await.say(room, "good night").await;
    let app = hark.running.app();
    let today = app.config.statistics.calendar().unwrap().day_of(app.clock.now());
    let days = today..=today;
    let kept = async || app.statistics.kept(&days).await.unwrap();
    eventually(async || !kept().await.hours.is_empty()).await;
    let right = kept().await;
    // As after a fault: it stands where the clocks of another place would have put it.
    let elsewhere = Calendar::of("Pacific/Kiritimati").unwrap();
    app.statistics.rebuild(&days, &elsewhere).await.unwrap();
    assert_ne!(kept().await, right);
    world.clock.turn(Duration::from_secs(24 * 3600));
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(kept().await, right);
    assert_eq!(app.statistics.check(today, &app.config.statistics.calendar().unwrap()).await.unwrap(), None);
    hark.stop().await;
}

async fn a_kept_answer_is_given_again(world: &World) {
    let hark = world.start().await;
    let sam = hark.user_as("sam", Role::Staff).await;
    let path = |end: &str| format!("/api/chatstatistics/range?startDate=2026-01-01&endDate={end}");
    let mut kept = hark.get(&sam, &path("2026-01-01")).await.expect(200);
    // What nobody counts.
    kept["totals"]["messages"] = json!(7);
    let key = "chat:statistics:range:2026-01-01:2026-01-02";
    hark.running.app().cache.put(key, &kept.to_string(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(hark.get(&sam, &path("2026-01-02")).await.expect(200), kept);
    hark.stop().await;
}

/// Somebody says something; the day and the hour in which they did.
async fn said(hark: &Hark) -> (Day, u8) {
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let ack = hark.connect(&ann).await.say(room, "good night").await;
    hark.settled().await;
    let at = UnixMs(ack["timestamp"].as_i64().unwrap());
    hark.running.app().config.statistics.calendar().unwrap().hour_of(at)
}

/// The hours of a day as they are shown to `viewer`.
async fn hours(hark: &Hark, viewer: &Client, day: Day) -> Value {
    let path = format!("/api/chatstatistics/{}", between("range", day, day));
    hark.get(viewer, &path).await.expect(200)["hours"].clone()
}

/// Counts a day by the clocks of another place, as after a fault: nobody who keeps figures hears of it.
async fn count_wrongly(hark: &Hark, day: Day) {
    let elsewhere = Calendar::of("Pacific/Kiritimati").unwrap();
    hark.running.app().statistics.rebuild(&(day..=day), &elsewhere).await.unwrap();
}

async fn what_is_rebuilt_is_shown_at_once(world: &World) {
    let hark = world.start().await;
    let app = hark.running.app();
    let (day, hour) = said(&hark).await;
    world.clock.turn(Duration::from_secs(3 * 24 * 3600));
    let sam = hark.user_as("sam", Role::Staff).await;
    count_wrongly(&hark, day).await;
    let wrong = hours(&hark, &sam, day).await;
    let right = json!([{"hour": hour, "messages": 1, "sessions": 0}]);
    assert_ne!(wrong, right);
    app.statistics.rebuild(&(day..=day), &app.config.statistics.calendar().unwrap()).await.unwrap();
    assert_eq!(hours(&hark, &sam, day).await, wrong, "kept for an hour");

    let span = json!({"rebuild_statistics": {"from": day, "to": day}});
    for _ in 0..2 {
        let rebuilt = migrate::handle(app, span.clone()).await.unwrap();
        let expected = json!({"from": day, "to": day, "rows_changed": 0, "shown": true});
        assert_eq!(rebuilt["rebuilt"], expected);
        assert_eq!(hours(&hark, &sam, day).await, right);
    }
    hark.stop().await;
}

async fn what_upkeep_puts_right_is_shown_at_once(world: &World) {
    let hark = world.start().await;
    hark.running.schedules().hold(true);
    let (day, hour) = said(&hark).await;
    world.clock.turn(Duration::from_secs(24 * 3600));
    let sam = hark.user_as("sam", Role::Staff).await;
    count_wrongly(&hark, day).await;
    let right = json!([{"hour": hour, "messages": 1, "sessions": 0}]);
    assert_ne!(hours(&hark, &sam, day).await, right);
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(hours(&hark, &sam, day).await, right);
    hark.stop().await;
}

/// From ten to midnight to twenty past by the clocks of the place.
async fn time_online_belongs_to_the_days_of_the_place(world: &World) {
    let (began, zone) = ten_to(0);
    world.clock.stand_at(began);
    let hark = world.start_with(&[("STATISTICS_TIME_ZONE", &zone), ("OFFLINE_GRACE", "1")]).await;
    let (sam, root) = (hark.user_as("sam", Role::Staff).await, hark.user_as("root", Role::Admin).await);
    let sams = hark.serves(&sam).await;
    world.clock.turn(Duration::from_secs(30 * 60));
    drop(sams);
    hark.until_stands(&sam, Status::Offline).await;
    world.clock.turn(Duration::from_secs(5 * 60));
    let yesterday = Calendar::of(&zone).unwrap().day_of(began);
    for (first, last, minutes) in [
        (yesterday, yesterday, 10.0),
        (yesterday.next(), yesterday.next(), 20.0),
        (yesterday, yesterday.next(), 30.0),
        (yesterday.previous(), yesterday.previous(), 0.0),
    ] {
        let path = format!("/api/chatstatistics/{}", between("staff", first, last));
        let of_sam = &hark.get(&root, &path).await.expect(200)["staff"][0];
        assert_eq!(of_sam["onlineTime"], json!(minutes * 60.0), "{first} to {last}");
    }
    hark.stop().await;
}

on_both! {
    a_session_over_sockets_is_counted_by_hand,
    upkeep_puts_yesterday_right_once,
    a_kept_answer_is_given_again,
    what_is_rebuilt_is_shown_at_once,
    what_upkeep_puts_right_is_shown_at_once,
    time_online_belongs_to_the_days_of_the_place,
}

#[tokio::test]
async fn a_place_that_nobody_knows_stops_a_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = embedded_app(folder.path(), Arc::default()).await;
    let variables = HashMap::from([
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("STATISTICS_TIME_ZONE", "Mars/Olympus"),
    ]);
    let config = Config::from_vars(|key| variables.get(key).map(|value| (*value).to_owned()));
    app.config = Arc::new(config.unwrap());
    let refused = migrate::handle(&app, Value::Null).await.unwrap_err().to_string();
    assert!(refused.contains("STATISTICS_TIME_ZONE: must be a time zone"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_lives_in_redis_as_long_as_it_should() {
    on_services(async |world: &World| {
        let hark = world.start().await;
        let sam = hark.user_as("sam", Role::Staff).await;
        let (yesterday, tomorrow) = around(&hark);
        let today = yesterday.next();
        let past = yesterday.previous();
        for (path, key, seconds) in [
            ("realtime".to_owned(), "realtime".to_owned(), 5),
            ("today".to_owned(), format!("today:{today}"), 60),
            (between("range", yesterday, tomorrow), format!("range:{yesterday}:{tomorrow}"), 300),
            (between("range", past, yesterday), format!("range:{past}:{yesterday}"), 300),
            (between("range", past, past), format!("range:{past}:{past}"), 3600),
            (between("staff", past, today), format!("staff:{past}:{today}:1:20"), 300),
            (between("staff", past, past), format!("staff:{past}:{past}:1:20"), 3600),
        ] {
            let key = format!("chat:statistics:{key}");
            // Again, where a busy machine looked when the shortest was over.
            eventually(async || {
                hark.get(&sam, &format!("/api/chatstatistics/{path}")).await.expect(200);
                let mut redis = world.services().redis.connection().await;
                let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut redis).await.unwrap();
                assert!(left <= seconds * 1000, "{key} lives for {left} ms");
                left > (seconds * 1000 - 60_000).max(0)
            })
            .await;
        }
        hark.stop().await;
    })
    .await;
}

fn between(kind: &str, first: Day, last: Day) -> String {
    format!("{kind}?startDate={first}&endDate={last}")
}
