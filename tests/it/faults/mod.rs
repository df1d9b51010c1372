//! Hark on a bad day: each fault that the runner can make, as clients and the stores see it.

mod connects;
mod disconnects;
mod failing;
mod recording;
mod switches;
mod times;
mod twice;

use shared::ids::UserId;

use crate::hark::{Client, Hark};

/// A status that is told would be a post too.
const QUIET: (&str, &str) = ("PUSH_ROOM_MAX", "0");

/// These go wrong from now on, in place of those that did before.
fn go_wrong(hark: &Hark, specs: &[&str]) {
    let faults: Vec<_> = specs.iter().map(|spec| spec.parse().unwrap()).collect();
    hark.running.sockets().faults().set(faults);
}

/// The connections of somebody that presence knows of, and those that the log holds.
async fn known(hark: &Hark, client: &Client) -> (usize, usize) {
    let app = hark.running.app();
    let of = [UserId(client.id)];
    let heard = app.presence.listeners(&of).await.unwrap();
    (heard.len(), app.connection_log.of_users(&of).await.unwrap().len())
}

async fn is_online(hark: &Hark, client: &Client) -> bool {
    let app = hark.running.app();
    app.presence.status(UserId(client.id), app.clock.now()).await.unwrap().online
}
