//! The figures of the story, each with how it comes about.
//!
//! | | sessions | waits | first answers | answers | lengths |
//! |---|---|---|---|---|---|
//! | vera | opened at 0 s | to 90: 90 s | sam's at 120, from 90: 30 s | 100 to 120: 20 s, 150 to 230: 80 s (sue's), 610 to 625: 15 s | 90 to 690: 600 s |
//! | will | opened at 240 s | none: 0 s | sam's at 440, from 240: 200 s | he asked nothing | 240 to 480: 240 s |
//! | xena | opened at 300 s | nobody got it | | | abandoned at 540 |

use serde_json::{Value, json};
use shared::calendar::{Calendar, Day};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::people::{Story, Visitor};
use crate::hark::Client;

pub(super) async fn all_figures_are_those_counted_by_hand(
    story: &Story<'_>,
    visitors: [&Visitor; 3],
    staff: [&Client; 2],
) {
    let calendar = Calendar::of(&story.zone).unwrap();
    let day = calendar.day_of(story.began);
    // Sam and the three visitors are here; all sessions are closed, so nothing is full.
    story.stands([4, 1, 0, 0], 45.0, 0.0).await;
    of_today(story, day).await;
    of_yesterday_and_today(story, day).await;
    of_staff(story, day, staff).await;
    of_the_services(story).await;
    of_who_is_online(story, visitors, staff[0]).await;
    let days = day.previous()..=day;
    let statistics = &story.hark.running.app().statistics;
    assert_eq!(statistics.rebuild(&days, &calendar).await.unwrap(), 0, "counted anew, they are the same");
}

/// Of the whole day.
fn figures() -> Value {
    json!({
        // Vera's five, sam's three (two to her, one to will), sue's one.
        "messages": 9,
        // Those three: will and xena said nothing.
        "activeUsers": 3,
        "sessions": 3,
        // (90 + 0) / 2: xena's waiting led to nothing.
        "averageWaitTime": 45.0,
        // (30 + 200) / 2.
        "averageFirstAnswerTime": 115.0,
        "answers": 3,
        // (20 + 80 + 15) / 3.
        "averageAnswerTime": 38.333,
        // Vera's and will's.
        "closedSessions": 2,
        // Xena's.
        "abandonedSessions": 1,
        // (600 + 240) / 2.
        "averageSessionLength": 420.0,
        "ratings": 1,
        "averageRating": 4.0,
        "peakHour": nine_o_clock(),
    })
}

/// The ten minutes before ten: three messages of vera's, two of sam's, one of sue's; all sessions were opened.
fn nine_o_clock() -> Value {
    json!({"hour": 9, "messages": 6, "sessions": 3})
}

/// The two minutes after: two messages of vera's, one of sam's.
fn ten_o_clock() -> Value {
    json!({"hour": 10, "messages": 3, "sessions": 0})
}

/// Of a day in which nothing happened.
fn nothing() -> Value {
    json!({
        "messages": 0, "activeUsers": 0, "sessions": 0, "averageWaitTime": null, "averageFirstAnswerTime": null,
        "answers": 0, "averageAnswerTime": null, "closedSessions": 0, "abandonedSessions": 0,
        "averageSessionLength": null, "ratings": 0, "averageRating": null, "peakHour": null
    })
}

fn with(mut figures: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("fields") };
    figures.as_object_mut().expect("fields").extend(more);
    figures
}

async fn of_today(story: &Story<'_>, day: Day) {
    let more = json!({"date": day, "timeZone": story.zone, "hours": [nine_o_clock(), ten_o_clock()]});
    assert_eq!(story.figures("today").await, with(figures(), more));
}

async fn of_yesterday_and_today(story: &Story<'_>, day: Day) {
    let first = day.previous();
    let expected = json!({
        "startDate": first, "endDate": day, "timeZone": story.zone,
        // Nothing comes from yesterday.
        "totals": figures(),
        "hours": [nine_o_clock(), ten_o_clock()],
        "days": [with(nothing(), json!({"date": first})), with(figures(), json!({"date": day}))],
    });
    let path = format!("range?startDate={first}&endDate={day}");
    assert_eq!(story.figures(&path).await, expected);
}

async fn of_staff(story: &Story<'_>, day: Day, [sam, sue]: [&Client; 2]) {
    let of_sam = json!({
        "staffId": sam.id, "username": "sam", "nickname": "SAM",
        // Vera, will, and vera again when she came back to the queue.
        "sessions": 3,
        // He was the last to serve both.
        "closedSessions": 2, "averageSessionLength": 420.0, "ratings": 1, "averageRating": 4.0,
        // At 120, 440 and 625 s.
        "messages": 3,
        // (30 + 200) / 2.
        "averageFirstAnswerTime": 115.0,
        // (20 + 15) / 2.
        "answers": 2, "averageAnswerTime": 17.5,
        // From 90 s until now, 720 s.
        "onlineTime": 630.0,
    });
    let of_sue = json!({
        "staffId": sue.id, "username": "sue", "nickname": "SUE",
        // Vera, handed on to her and gone back.
        "sessions": 1, "closedSessions": 0, "averageSessionLength": null, "ratings": 0, "averageRating": null,
        // At 230 s: sam had answered first.
        "messages": 1, "averageFirstAnswerTime": null, "answers": 1, "averageAnswerTime": 80.0,
        // From 180 to 360 s.
        "onlineTime": 180.0,
    });
    let expected = json!({
        "startDate": day, "endDate": day, "timeZone": story.zone,
        "staff": [of_sam, of_sue], "page": 1, "page_size": 20, "total": 2
    });
    assert_eq!(story.figures(&format!("staff?startDate={day}&endDate={day}")).await, expected);
}

async fn of_the_services(story: &Story<'_>) {
    let mut health = story.figures("health").await;
    let fields = health.as_object_mut().expect("fields");
    let timestamp = fields.remove("timestamp").expect("a time");
    let at = OffsetDateTime::parse(timestamp.as_str().unwrap(), &Rfc3339).unwrap();
    assert_eq!(at.unix_timestamp_nanos() / 1_000_000, i128::from(story.moment(720).0));
    // Milliseconds of this machine: the only figures that nobody can count.
    let latencies = fields.remove("latencies").expect("latencies");
    let services = ["redis", "signalR", "messageQueue", "database"];
    assert!(services.iter().all(|service| latencies[service].is_u64()), "{latencies}");
    let expected = json!({
        "status": "Healthy", "onlineUsers": 4, "onlineStaff": 1, "activeSessions": 0, "systemLoad": 0.0,
        "cacheConnected": true,
        "services": {
            "redis": "Connected", "signalR": "Running", "messageQueue": "Running", "database": "Connected"
        }
    });
    assert_eq!(health, expected);
}

/// Whoever was heard last first: vera spoke at 640 s, sam at 625; xena's page was heard at 540 s, will's at 480.
async fn of_who_is_online(story: &Story<'_>, [vera, will, xena]: [&Visitor; 3], sam: &Client) {
    let heard = [
        (&vera.client, "vera", 640),
        (sam, "SAM", 625),
        (&xena.client, "xena", 540),
        (&will.client, "will", 480),
    ];
    let users = heard.map(|(client, nickname, second)| {
        json!({
            "userId": client.id, "username": client.username, "nickname": nickname, "status": "online",
            "lastSeen": story.moment(second)
        })
    });
    let expected = json!({"users": users, "page": 1, "page_size": 20, "total": 4});
    assert_eq!(story.figures("online-users").await, expected);
}
