//! One morning at the desk, from the first visitor to the last rating, by a clock that stands: so every time that
//! anybody is shown is known to the second, and the figures of the day can be counted by hand.

mod count;
mod people;

use serde_json::{Value, json};
use shared::model::Status;

use super::told::assigned;
use crate::hark::{Client, Socket, World, on_both};
use people::{Staff, Story, Visitor};

on_both! {
    a_morning_at_the_desk_is_told_to_everyone_and_counted,
}

async fn a_morning_at_the_desk_is_told_to_everyone_and_counted(world: &World) {
    let mut story = Story::begin(world).await;
    let mut vera = a_visitor_waits_while_nobody_serves(&mut story).await;
    let mut sam = who_comes_to_serve_is_given_who_waits(&mut story, &mut vera).await;
    they_talk(&mut story, &mut vera, &mut sam).await;
    let sue = she_is_handed_on_to_a_colleague(&mut story, &mut vera, &mut sam).await;
    let mut will = the_next_visitor_is_served_at_once(&mut story, &mut sam).await;
    let mut xena = the_third_visitor_waits(&mut story).await;
    let sue = the_colleague_loses_the_socket(&mut story, sue).await;
    after_the_grace_she_waits_before_who_came_later(&mut story, &mut vera, &mut xena).await;
    whoever_has_a_place_again_takes_her(&mut story, &mut vera, &mut sam, &mut will, &mut xena).await;
    the_third_visitor_gives_up(&mut story, &mut xena).await;
    she_is_helped_and_rates(&mut story, &mut vera, &mut sam).await;
    story.at(720).await;
    count::all_figures_are_those_counted_by_hand(&story, [&vera, &will, &xena], [&sam.client, &sue]).await;
    story.hark.stop().await;
}

/// 0 s: vera comes.
async fn a_visitor_waits_while_nobody_serves(story: &mut Story<'_>) -> Visitor {
    let mut vera = story.visitor("vera").await;
    assert_eq!(assigned(&mut vera.socket, &vera.session, "queued", None).await["step"], "opened");
    assert_eq!(vera.told_place().await, (1, None), "nobody knows how long while nobody serves");
    // Nobody takes sessions and somebody wants one: the load is full.
    story.stands([1, 0, 0, 1], 0.0, 1.0).await;
    vera
}

/// 90 s: sam comes.
async fn who_comes_to_serve_is_given_who_waits(story: &mut Story<'_>, vera: &mut Visitor) -> Staff {
    story.at(90).await;
    let mut sam = story.serves("sam").await;
    for socket in [&mut vera.socket, &mut sam.socket] {
        assigned(socket, &vera.session, "active", Some(&sam.client)).await;
    }
    sam
}

/// 100 to 155 s: she asks, he answers after 20 s, which is 30 s after he got her; she asks again, in two messages.
async fn they_talk(story: &mut Story<'_>, vera: &mut Visitor, sam: &mut Staff) {
    let room = vera.room();
    story.at(100).await;
    says(&mut vera.socket, room, "where is my order", &mut sam.socket).await;
    story.at(120).await;
    says(&mut sam.socket, room, "let me look", &mut vera.socket).await;
    story.at(150).await;
    says(&mut vera.socket, room, "it is late", &mut sam.socket).await;
    story.at(155).await;
    says(&mut vera.socket, room, "by two weeks", &mut sam.socket).await;
}

/// 180 to 230 s: sue comes, gets vera, and answers 80 s after vera asked sam.
async fn she_is_handed_on_to_a_colleague(
    story: &mut Story<'_>,
    vera: &mut Visitor,
    sam: &mut Staff,
) -> Staff {
    story.at(180).await;
    let mut sue = story.serves("sue").await;
    story.at(200).await;
    story.hark.handed_on(vera.session.id, &sam.client, &sue.client).await;
    for socket in [&mut vera.socket, &mut sam.socket, &mut sue.socket] {
        let told = assigned(socket, &vera.session, "active", Some(&sue.client)).await;
        assert_eq!(told["step"], "transferred");
    }
    story.at(230).await;
    says(&mut sue.socket, vera.room(), "it is on its way", &mut vera.socket).await;
    assert_eq!(sam.socket.heard("message").await, [] as [Value; 0], "who handed her on hears no more");
    sue
}

/// 240 s: will comes, and sam has a place.
async fn the_next_visitor_is_served_at_once(story: &mut Story<'_>, sam: &mut Staff) -> Visitor {
    story.at(240).await;
    let mut will = story.visitor("will").await;
    for socket in [&mut will.socket, &mut sam.socket] {
        assigned(socket, &will.session, "active", Some(&sam.client)).await;
    }
    will
}

/// 300 s: xena comes, and nobody has a place.
async fn the_third_visitor_waits(story: &mut Story<'_>) -> Visitor {
    story.at(300).await;
    let mut xena = story.visitor("xena").await;
    // Five minutes a session while none was closed, and two who serve one each.
    assert_eq!(xena.told_place().await, (1, Some(150)));
    // Vera waited for 90 s and will for none.
    story.stands([5, 2, 2, 1], 45.0, 1.0).await;
    xena
}

/// 360 s: sue's socket is gone, and she keeps vera for a minute.
async fn the_colleague_loses_the_socket(story: &mut Story<'_>, sue: Staff) -> Client {
    story.at(360).await;
    let Staff { client: sue, socket } = sue;
    drop(socket);
    story.hark.until_stands(&sue, Status::Offline).await;
    story.stands([4, 1, 2, 1], 45.0, 1.0).await;
    story.at(419).await;
    story.upkeep().await;
    story.stands([4, 1, 2, 1], 45.0, 1.0).await;
    sue
}

/// 420 s: the grace is over. Vera opened first, so she is first again; xena is told of it.
async fn after_the_grace_she_waits_before_who_came_later(
    story: &mut Story<'_>,
    vera: &mut Visitor,
    xena: &mut Visitor,
) {
    story.at(420).await;
    story.upkeep().await;
    assert_eq!(assigned(&mut vera.socket, &vera.session, "queued", None).await["step"], "returned");
    // Sam alone serves.
    assert_eq!(vera.told_place().await, (1, Some(300)));
    assert_eq!(xena.told_place().await, (2, Some(600)));
    story.stands([4, 1, 1, 2], 45.0, 1.0).await;
}

/// 440 to 480 s: sam says his first word to will after 200 s, and closes after 240; so he gets vera again.
async fn whoever_has_a_place_again_takes_her(
    story: &mut Story<'_>,
    vera: &mut Visitor,
    sam: &mut Staff,
    will: &mut Visitor,
    xena: &mut Visitor,
) {
    story.at(440).await;
    says(&mut sam.socket, will.room(), "all is well with yours", &mut will.socket).await;
    story.at(480).await;
    story.hark.closed(will.session.id, &sam.client).await;
    assert_eq!(will.socket.next_event("session_closed").await["by"], "staff");
    for socket in [&mut vera.socket, &mut sam.socket] {
        assigned(socket, &vera.session, "active", Some(&sam.client)).await;
    }
    // Sessions take 240 s by now.
    assert_eq!(xena.told_place().await, (1, Some(240)));
    for visitor in [vera, will] {
        assert_eq!(visitor.socket.heard("queue_position").await, [] as [Value; 0], "who isn't in the queue");
    }
}

/// 540 s: xena waited for nothing.
async fn the_third_visitor_gives_up(story: &mut Story<'_>, xena: &mut Visitor) {
    story.at(540).await;
    story.hark.closed(xena.session.id, &xena.client).await;
    assert_eq!(xena.socket.next_event("session_closed").await["by"], "visitor");
    assert_eq!(xena.socket.heard("queue_position").await, [] as [Value; 0]);
}

/// 610 to 700 s, in the next hour of the day: an answer in 15 s, the end 600 s after the first assignment, the
/// rating.
async fn she_is_helped_and_rates(story: &mut Story<'_>, vera: &mut Visitor, sam: &mut Staff) {
    let room = vera.room();
    story.at(610).await;
    says(&mut vera.socket, room, "and now", &mut sam.socket).await;
    story.at(625).await;
    says(&mut sam.socket, room, "it is at your door", &mut vera.socket).await;
    story.at(640).await;
    says(&mut vera.socket, room, "so it is", &mut sam.socket).await;
    story.at(690).await;
    story.hark.closed(vera.session.id, &sam.client).await;
    for socket in [&mut vera.socket, &mut sam.socket] {
        let of_it =
            |frame: &Value| frame["event"] == "session_closed" && frame["session_id"] == vera.session.id.0;
        assert_eq!(socket.next_where(of_it).await["by"], "staff");
    }
    story.at(700).await;
    story.rates(vera, &json!({"rating": 4, "comment": "in the end"})).await;
}

/// One says something, and the other hears it.
async fn says(from: &mut Socket, room: i64, content: &str, to: &mut Socket) {
    from.say(room, content).await;
    assert_eq!(to.next_of("message").await["content"], content);
}
