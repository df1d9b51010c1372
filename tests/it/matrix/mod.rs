//! Who may do what in which room: every role, every standing, every type of room and every action, against
//! the whole of Hark. What is refused changes nothing and shows nothing.

mod action;
mod ban;
mod expected;
mod seat;

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};

use crate::hark::{Hark, World, on_both};
use action::{ACTIONS, Action};
use expected::{Place, places};
use seat::{Room, Seat};

/// Seats that are tried side by side.
const SIDE_BY_SIDE: usize = 12;

on_both! {
    every_role_in_every_room_does_what_it_may_and_learns_what_it_may,
}

async fn every_role_in_every_room_does_what_it_may_and_learns_what_it_may(world: &World) {
    let hark = world.start().await;
    let stranger = hark.user("stranger").await;
    let mut stranger = hark.connect(&stranger).await;
    let cells = AtomicUsize::new(0);
    let seats = stream::iter(places().into_iter().enumerate());
    seats
        .for_each_concurrent(SIDE_BY_SIDE, async |(number, place)| {
            let tried = try_everything(world, &hark, number, place).await;
            cells.fetch_add(tried, Ordering::Relaxed);
        })
        .await;
    let heard = stranger.everything().await;
    assert!(heard.is_empty(), "a socket in no room was told {heard:?}");
    let cells = cells.into_inner();
    assert_eq!(cells, places().len() * ACTIONS.len());
    println!("{cells} cells: {} places, {} actions", places().len(), ACTIONS.len());
    hark.stop().await;
}

/// How many actions were tried.
async fn try_everything(world: &World, hark: &Hark, number: usize, place: Place) -> usize {
    let seat = Seat::take(world, hark, number, place).await;
    let room = seat.room().await;
    // What came before is part of the setting.
    seat.overheard(&room).await;
    for action in ACTIONS {
        check(&seat, &room, action).await;
    }
    let told = seat.overheard(&room).await;
    for frame in &told {
        seat.check_for_leaks(&frame.to_string(), "the socket");
    }
    let of_the_room = |kind: &str| told.iter().any(|f| f["type"] == kind && f["room_id"] == room.id);
    assert_eq!(of_the_room("message"), place.is_inside(), "what is said as {place:?}: {told:?}");
    ACTIONS.len()
}

async fn check(seat: &Seat<'_>, shared: &Room, action: &Action) {
    let (place, name) = (seat.place, action.name);
    let may = place.may(action.rule);
    // Whoever may change things gets a room for it.
    let own = if may && action.changes { Some(seat.room().await) } else { None };
    let room = own.as_ref().unwrap_or(shared);
    let before = seat.state(room).await;
    let outcome = seat.act(action, room).await;
    let code = if place.is_inside() { "forbidden" } else { action.outside };
    let expected = (!may).then_some(code);
    assert_eq!(outcome.refusal.as_deref(), expected, "{name} as {place:?}: {}", outcome.text);
    seat.check_for_leaks(&outcome.text, name);
    if !may {
        assert_eq!(seat.state(room).await, before, "{name} as {place:?} was refused and changed it");
    } else if action.shows && place.is_inside() {
        assert!(outcome.text.contains(&seat.word()), "{name} as {place:?} shows nothing: {}", outcome.text);
    }
}
