//! Who may do what in which room: every role, every standing, every type of room and every action, against
//! the whole of Hark. What is refused changes nothing and shows nothing.

mod action;
mod expected;
mod seat;
mod sessions;
mod visitors;

use futures::{StreamExt, stream};

use crate::hark::{World, on_both};
use action::{ACTIONS, Action, Outcome};
use expected::{Place, places};
use seat::{House, Seat};

/// Seats that are tried side by side.
const SIDE_BY_SIDE: usize = 12;

on_both! {
    every_role_in_every_room_does_what_it_may_and_learns_what_it_may,
}

async fn every_role_in_every_room_does_what_it_may_and_learns_what_it_may(world: &World) {
    let hark = world.start().await;
    let stranger = hark.user("stranger").await;
    let mut stranger = hark.connect(&stranger).await;
    let house = House::new(&hark);
    let tried = stream::iter(places()).map(|place| try_everything(&house, place));
    let wrong: Vec<String> = tried.buffer_unordered(SIDE_BY_SIDE).concat().await;
    let heard = stranger.everything().await;
    let (places, actions) = (places().len(), ACTIONS.len());
    println!("{} cells: {places} places of a role in a room, {actions} actions", places * actions);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(heard.is_empty(), "a socket in no room was told {heard:?}");
    hark.stop().await;
}

/// What isn't as it should be.
async fn try_everything(house: &House<'_>, place: Place) -> Vec<String> {
    let seat = Seat::take(house, place).await;
    // What came before is part of the setting.
    seat.overheard().await;
    let mut wrong = Vec::new();
    for action in ACTIONS {
        let found = if place.may(action.rule) && action.changes {
            check(&Seat::take(house, place).await, action).await
        } else {
            check(&seat, action).await
        };
        wrong.extend(found.err().map(|what| format!("{} as {place:?} {what}", action.name)));
    }
    wrong.extend(eavesdrop(&seat).await.err().map(|what| format!("the socket of {place:?} {what}")));
    wrong
}

async fn check(seat: &Seat<'_>, action: &Action) -> Result<(), String> {
    let place = seat.place;
    let may = place.may(action.rule);
    let before = seat.state().await;
    let Outcome { refusal, text } = seat.act(action, may).await;
    let code = if place.is_inside() { "forbidden" } else { action.outside };
    ensure(refusal.as_deref() == (!may).then_some(code), || format!("is answered {text}"))?;
    ensure(may || seat.state().await == before, || "was refused and changed the room".to_owned())?;
    if let Some(leak) = seat.leak(&text) {
        return Err(format!("leaks {leak}: {text}"));
    }
    let is_shown = !(action.shows && place.is_inside()) || text.contains(&seat.word());
    ensure(is_shown, || format!("shows nothing: {text}"))
}

/// Whoever is in the room is told what is said there, and nobody else is told anything.
async fn eavesdrop(seat: &Seat<'_>) -> Result<(), String> {
    let told = seat.overheard().await;
    if let Some((frame, leak)) = told.iter().find_map(|frame| Some((frame, seat.leak(&frame.to_string())?))) {
        return Err(format!("leaks {leak}: {frame}"));
    }
    let hears = told.iter().any(|frame| frame["type"] == "message" && frame["room_id"] == seat.room.id);
    ensure(hears == seat.place.is_inside(), || format!("was told {told:?}"))
}

fn ensure(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}
