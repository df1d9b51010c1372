//! What becomes of posts that go wrong, through real sockets.

mod aside;
mod away;
mod gone;
mod noted;
mod throttled;
mod unreachable;

use local::faults::{Fault, Kind, PostAnswer};
use local::gateway::sockets::PostError;
use shared::ids::UserId;
use shared::model::Listener;

use crate::hark::{Client, Hark};

pub use aside::{Kept, aside, deliver, relay, say};

/// Nothing but what is sent is posted: a status that is told would be a post too.
const QUIET: (&str, &str) = ("PUSH_ROOM_MAX", "0");

const FRAME: &str = r#"{"type":"message","content":"once more"}"#;

/// Refuses every post to a connection.
fn refusing(error: PostError, to: &Listener) -> Fault {
    let connection = Some(to.address.connection.0.clone());
    Fault::every(Kind::Post { answer: PostAnswer::Refused(error), connection })
}

fn fail_posts(hark: &Hark, faults: impl IntoIterator<Item = Fault>) {
    hark.running.sockets().faults().set(faults);
}

/// Posts that were sent, and those that were refused.
fn posts(hark: &Hark) -> (u64, u64) {
    let counters = hark.running.sockets().counters();
    (counters.posts, counters.posts_refused)
}

/// The connections that are known of somebody, which presence and the log agree on.
async fn known(hark: &Hark, client: &Client) -> Vec<Listener> {
    let app = hark.running.app();
    let of = [UserId(client.id)];
    let by_id = |listener: &Listener| listener.address.connection.0.clone();
    let mut heard = app.presence.listeners(&of).await.unwrap();
    let mut logged = app.connection_log.of_users(&of).await.unwrap();
    heard.sort_by_key(by_id);
    logged.sort_by_key(by_id);
    let both = [&heard, &logged].map(|found| found.iter().map(by_id).collect::<Vec<_>>());
    if both[0] == both[1] { heard } else { panic!("presence and the log differ: {both:?}") }
}
