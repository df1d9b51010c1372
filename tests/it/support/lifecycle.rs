//! Sessions from their opening to their rating.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::UnixMs;
use shared::model::{ClosedBy, Role, Session, SessionState, Status};
use shared::ports::{Event, StaffGrace, StaffPatch};
use shared::support::announce;

use super::desk::at;
use super::told::{GRACES, ONE_PLACE, assigned, position};
use crate::hark::{Client, Hark, World, eventually, on_both};

async fn start(world: &World) -> Hark {
    world.start_with(&[&GRACES[..], &[ONE_PLACE]].concat()).await
}

async fn a_session_is_served_handed_on_returned_closed_and_rated(world: &World) {
    let hark = start(world).await;
    let (sam, sue) = (hark.user_as("sam", Role::Staff).await, hark.user_as("sue", Role::Staff).await);
    let (vera, will) = (hark.visitor_called("vera").await, hark.visitor_called("will").await);
    let mut sams = hark.serves(&sam).await;
    let mut veras = hark.connect(&vera).await;

    let first = hark.opened(&vera).await;
    let room = first.room_id.0;
    let told = assigned(&mut veras, &first, "active", Some(&sam)).await;
    assert_eq!(told["staff"], json!({"id": sam.id, "nickname": "SAM"}));
    assert_eq!(told["visitor"], json!({"id": vera.id, "nickname": "vera"}));
    assigned(&mut sams, &first, "active", Some(&sam)).await;
    hark.settled().await;
    veras.say(room, "where is my order").await;
    assert_eq!(sams.next_of("message").await["content"], "where is my order");
    sams.say(room, "on its way").await;
    assert_eq!(veras.next_of("message").await["content"], "on its way");

    let mut sues = hark.serves(&sue).await;
    hark.handed_on(first.id, &sam, &sue).await;
    for socket in [&mut veras, &mut sams, &mut sues] {
        let told = assigned(socket, &first, "active", Some(&sue)).await;
        assert_eq!(told["step"], "transferred");
    }
    hark.settled().await;
    veras.say(room, "and when").await;
    assert_eq!(sues.next_of("message").await["content"], "and when");
    assert_eq!(sams.heard("message").await, [] as [Value; 0], "who handed it on hears no more of it");
    sams.refused("forbidden", json!({"type": "message", "room_id": room, "content": "tomorrow"})).await;

    let mut wills = hark.connect(&will).await;
    let second = hark.opened(&will).await;
    assigned(&mut wills, &second, "active", Some(&sam)).await;

    drop(sues);
    assigned(&mut veras, &first, "queued", None).await;
    assert_eq!(position(&mut veras, &first).await.0, 1);
    assert_eq!(hark.stands(&sue).await, Some(Status::Offline));
    hark.closed(second.id, &sam).await;
    let closed = wills.next_event("session_closed").await;
    let expected = (json!(second.id.0), json!(second.room_id.0), json!("staff"));
    assert_eq!((closed["session_id"].clone(), closed["room_id"].clone(), closed["by"].clone()), expected);
    assigned(&mut veras, &first, "active", Some(&sam)).await;
    assigned(&mut sams, &first, "active", Some(&sam)).await;

    hark.closed(first.id, &vera).await;
    for socket in [&mut veras, &mut sams] {
        assigned(socket, &first, "closed", Some(&sam)).await;
        let of_it = |frame: &Value| frame["event"] == "session_closed" && frame["session_id"] == first.id.0;
        assert_eq!(socket.next_where(of_it).await["by"], "visitor");
    }
    let rating = json!({"rating": 5, "comment": "quick"});
    hark.post(&vera, &at(&json!({"id": first.id}), "/rating"), &rating).await.expect(200);
    assert_eq!(hark.current(first.id).await.rating, Some(5));
    hark.settled().await;
    hark.stop().await;
}

async fn who_waits_is_told_where_they_stand_and_for_how_long(world: &World) {
    let hark = start(world).await;
    let sam = hark.user_as("sam", Role::Staff).await;
    let _sams = hark.serves(&sam).await;
    let mut waiting = Vec::new();
    let visitors = ["vera", "will", "xena"];
    let mut served = hark.visitor_called("first").await;
    let mut serving = hark.opened(&served).await;
    for (ahead, name) in visitors.into_iter().enumerate() {
        served = hark.visitor_called(name).await;
        let mut socket = hark.connect(&served).await;
        let session = hark.opened(&served).await;
        let place = i64::try_from(ahead).unwrap() + 1;
        // Five minutes each while nobody was served.
        assert_eq!(position(&mut socket, &session).await, (place, Some(300 * place)));
        waiting.push((socket, session));
    }
    for left in (0..visitors.len()).rev() {
        hark.closed(serving.id, &sam).await;
        let (mut socket, session) = waiting.remove(0);
        assigned(&mut socket, &session, "active", Some(&sam)).await;
        serving = session;
        for (ahead, (socket, session)) in waiting.iter_mut().enumerate() {
            let (place, estimate) = position(socket, session).await;
            assert_eq!(place, i64::try_from(ahead).unwrap() + 1);
            assert!(estimate.unwrap() < 300, "sessions took less than that lately: {estimate:?}");
        }
        assert_eq!(waiting.len(), left);
    }
    hark.stop().await;
}

async fn beyond_the_first_ten_the_others_are_told_a_few_seconds_later(world: &World) {
    let hark = start(world).await;
    let (mut visitors, mut waiting) = (Vec::new(), Vec::new());
    for n in 1..=12 {
        let visitor = hark.visitor_called(&format!("v{n}")).await;
        let socket = hark.connect(&visitor).await;
        let session = hark.opened(&visitor).await;
        visitors.push(visitor);
        waiting.push((socket, session));
        hark.settled().await;
    }
    for (n, (socket, session)) in waiting.iter_mut().enumerate() {
        let told = position(socket, session).await;
        assert_eq!(told, (i64::try_from(n).unwrap() + 1, None), "while nobody serves nobody knows how long");
    }
    let (_, first) = &waiting[0];
    hark.closed(first.id, &visitors[0]).await;
    for (n, (socket, session)) in waiting.iter_mut().enumerate().skip(1) {
        assert_eq!(position(socket, session).await.0, i64::try_from(n).unwrap());
    }
    for (socket, _) in &mut waiting {
        assert_eq!(socket.heard("queue_position").await, [] as [Value; 0], "each place is told once");
    }
    hark.stop().await;
}

async fn staff_serve_while_they_are_here_as_they_chose(world: &World) {
    let hark = start(world).await;
    let (sam, ann) = (hark.user_as("sam", Role::Staff).await, hark.user("ann").await);
    let (root, vera) = (hark.user_as("root", Role::Admin).await, hark.visitor_called("vera").await);
    let session = hark.opened(&vera).await;
    let mut anns = hark.connect(&ann).await;
    let mut roots = hark.connect(&root).await;
    for socket in [&mut anns, &mut roots] {
        socket.ask(&json!({"type": "heartbeat"})).await;
    }
    let mut sams = hark.connect(&sam).await;
    assigned(&mut sams, &session, "active", Some(&sam)).await;
    anns.ask(&json!({"type": "status_update", "status": "busy"})).await;
    assert_eq!((hark.stands(&ann).await, hark.stands(&root).await), (None, None), "who doesn't serve");

    for (word, status) in [("busy", Status::Busy), ("away", Status::Away), ("offline", Status::Offline)] {
        let ack = sams.ask(&json!({"type": "status_update", "status": word})).await;
        assert_eq!(ack["status"], word);
        assert_eq!(hark.stands(&sam).await, Some(status), "by the time of the ack");
    }
    // The session goes back, and whoever is here unseen gets none.
    eventually(async || hark.current(session.id).await.state == SessionState::Queued).await;
    sams.close().await;
    let mut sams = hark.connect(&sam).await;
    hark.settled().await;
    roots.ask(&json!({"type": "status_update", "status": "online"})).await;
    assigned(&mut roots, &session, "active", Some(&root)).await;
    assert_eq!(hark.stands(&sam).await, Some(Status::Offline), "chosen, and kept over a reconnect");
    sams.ask(&json!({"type": "status_update", "status": "online"})).await;
    assert_eq!(hark.stands(&sam).await, Some(Status::Online));
    hark.stop().await;
}

async fn a_grace_counts_from_when_they_went_last(world: &World) {
    let hark = world.start_with(&[ONE_PLACE]).await;
    let (sam, vera) = (hark.user_as("sam", Role::Staff).await, hark.visitor_called("vera").await);
    let mut sams = hark.serves(&sam).await;
    let session = hark.opened(&vera).await;
    let mut first = None;
    for word in ["offline", "online", "offline"] {
        world.clock.turn(Duration::from_millis(1));
        sams.ask(&json!({"type": "status_update", "status": word})).await;
        first.get_or_insert(hark.running.app().clock.now());
    }
    let first = first.expect("there were three");
    assert_eq!(after_grace(&hark, &sam, &session, first).await, SessionState::Active);
    // Whoever follows their status may have come late, and had them stand once more.
    eventually(async || {
        let last =
            hark.running.app().desk.staff_member(sam.id.into(), 1).await.unwrap().unwrap().status_since;
        after_grace(&hark, &sam, &session, last).await == SessionState::Queued
    })
    .await;
    hark.stop().await;
}

/// How the session stands once the end of a grace that began then is dealt with.
async fn after_grace(hark: &Hark, staff: &Client, session: &Session, since: UnixMs) -> SessionState {
    let app = hark.running.app();
    let grace = Event::StaffGrace(StaffGrace { staff: staff.id.into(), since });
    app.bus.publish(&[grace], app.clock.now()).await.unwrap();
    // One on the same queue behind it, of which the outbox knows.
    let team = StaffPatch { team: Some(String::new()), ..StaffPatch::default() };
    announce(app, app.desk.set_staff(staff.id.into(), team, hark.terms()).await.unwrap()).await;
    hark.settled().await;
    hark.current(session.id).await.state
}

async fn who_is_back_within_the_grace_keeps_their_sessions(world: &World) {
    let hark = world.start_with(&[GRACES[0], ONE_PLACE]).await;
    let (sam, vera) = (hark.user_as("sam", Role::Staff).await, hark.visitor_called("vera").await);
    let sams = hark.serves(&sam).await;
    let session = hark.opened(&vera).await;
    sams.close().await;
    hark.until_stands(&sam, Status::Offline).await;
    world.clock.turn(Duration::from_secs(59));
    let _back = hark.serves(&sam).await;
    world.clock.turn(Duration::from_secs(59));
    hark.running.schedules().run("upkeep").await.unwrap();
    let session = hark.current(session.id).await;
    assert_eq!((session.state, session.staff.unwrap().id.0), (SessionState::Active, sam.id));
    hark.stop().await;
}

async fn what_events_would_have_done_upkeep_does(world: &World) {
    let idle = ("SESSION_IDLE_MINUTES", "1");
    // The grace of a minute comes to its end by nothing but the clock that is turned.
    let hark = world.start_with(&[GRACES[0], ONE_PLACE, idle]).await;
    let app = hark.running.app();
    let (sam, vera) = (hark.user_as("sam", Role::Staff).await, hark.visitor_called("vera").await);
    // Without a socket, and nobody hears of it.
    app.desk.set_status(sam.id.into(), Status::Online, hark.terms()).await.unwrap();
    let session = hark.opened(&vera).await;
    assert_eq!(session.state, SessionState::Active);
    world.clock.turn(Duration::from_secs(2));
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(hark.stands(&sam).await, Some(Status::Offline), "no connection at all");
    world.clock.turn(Duration::from_secs(20));
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(hark.current(session.id).await.state, SessionState::Active, "not yet");
    world.clock.turn(Duration::from_secs(41));
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(hark.current(session.id).await.state, SessionState::Queued, "the grace is over");

    let _sams = hark.serves(&sam).await;
    assert_eq!(hark.current(session.id).await.state, SessionState::Active);
    world.clock.turn(Duration::from_secs(40));
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(hark.current(session.id).await.state, SessionState::Active, "not yet a minute");
    world.clock.turn(Duration::from_secs(21));
    hark.running.schedules().run("upkeep").await.unwrap();
    let closed = hark.current(session.id).await;
    assert_eq!((closed.state, closed.closed_by), (SessionState::Closed, Some(ClosedBy::Idle)));

    // Somebody of whose coming nothing was heard.
    app.desk.set_status(sam.id.into(), Status::Offline, hark.terms()).await.unwrap();
    hark.running.schedules().run("upkeep").await.unwrap();
    hark.until_stands(&sam, Status::Online).await;
    hark.stop().await;
}

on_both! {
    a_session_is_served_handed_on_returned_closed_and_rated,
    who_waits_is_told_where_they_stand_and_for_how_long,
    beyond_the_first_ten_the_others_are_told_a_few_seconds_later,
    staff_serve_while_they_are_here_as_they_chose,
    a_grace_counts_from_when_they_went_last,
    who_is_back_within_the_grace_keeps_their_sessions,
    what_events_would_have_done_upkeep_does,
}
