//! Closing a user's live sockets: each is told why, closed and forgotten.
//!
//! Frames are let in on what the handshake found, without a look-up, so a revocation counts only once the
//! sockets are closed. Nothing that fails here is lost: what could not be closed goes to `deliver`, and
//! what that can't close either is found by `upkeep`, since its row says under which `token_version` it
//! was opened.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, join, stream};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::chat::fanout::{POSTS_AT_ONCE, is_young};
use crate::chat::members::system_frame;
use crate::chat::registration;
use crate::frames::{Outgoing, SystemEvent};
use crate::ids::{ConnectionId, UserId};
use crate::model::Listener;
use crate::ports::{BusError, CloseSockets, Delay, Event, LoggedConnection, PostError};

/// All of a user's sockets together; the request that revoked waits for it.
const BUDGET: Duration = Duration::from_millis(800);
/// A socket that doesn't take its last words is closed without.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Why somebody's sockets are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    LoggedOut,
    PasswordChanged,
    RoleChanged,
    Banned,
    Deleted,
    /// Their tokens were revoked, by whatever: found later.
    Revoked,
    /// By an admin, who leaves the tokens as they are.
    Kicked,
}

impl Farewell {
    const fn reason(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::PasswordChanged => "password_changed",
            Self::RoleChanged => "role_changed",
            Self::Banned => "banned",
            Self::Deleted => "account_deleted",
            Self::Revoked => "token_revoked",
            Self::Kicked => "kicked",
        }
    }

    /// The `kicked` frame. Only a kick leaves a token to come back with.
    #[must_use]
    pub fn frame(self, app: &App) -> Outgoing {
        let reconnect = self == Self::Kicked;
        system_frame(app, SystemEvent::Kicked { reason: self.reason().to_owned(), reconnect })
    }
}

/// Closes the sockets that were opened under tokens that are revoked by now. Returns within a second, and
/// whatever fails is tried again by others.
pub async fn revoked(app: &App, user: UserId, why: Farewell) {
    let found = find(app, user, |logged| logged.revoked).await;
    close(app, found, why.frame(app)).await;
}

/// Closes every socket of the user, as [`revoked`].
pub async fn kick(app: &App, user: UserId) {
    let found = find(app, user, |_| true).await;
    close(app, found, Farewell::Kicked.frame(app)).await;
}

/// By the log and by presence, so that neither alone decides. What presence knows and the log doesn't is
/// taken: its row was lost, or is of a socket that is gone.
async fn find(app: &App, user: UserId, is_meant: impl Fn(&LoggedConnection) -> bool) -> Vec<Listener> {
    let of_user = [user];
    let (logged, heard) = join!(app.connection_log.of_user(user), app.presence.listeners(&of_user));
    let logged = logged.unwrap_or_else(|error| {
        tracing::warn!(%error, %user, "closing without the log");
        Vec::new()
    });
    let heard = heard.unwrap_or_else(|error| {
        tracing::warn!(%error, %user, "closing without presence");
        Vec::new()
    });
    let known: HashSet<ConnectionId> = logged.iter().map(|l| l.address.connection.clone()).collect();
    let meant = logged.into_iter().filter(|logged| is_meant(logged));
    let meant = meant.map(|logged| Listener { user, address: logged.address });
    meant.chain(heard.into_iter().filter(|listener| !known.contains(&listener.address.connection))).collect()
}

async fn close(app: &App, sockets: Vec<Listener>, frame: Outgoing) {
    let found = sockets.len();
    let left = end(app, sockets, &frame, BUDGET).await;
    if found > 0 {
        tracing::info!(found, left = left.len(), "sockets closed");
    }
    if let Err(error) = hand_on(app, left, &frame).await {
        tracing::warn!(%error, "sockets are left to upkeep");
    }
}

/// Tells, closes and forgets each, side by side; answers those that could not be closed in time.
pub async fn end(app: &App, sockets: Vec<Listener>, frame: &Outgoing, budget: Duration) -> Vec<Listener> {
    let deadline = Instant::now() + budget;
    let ended = stream::iter(sockets).map(|socket| async move {
        match timeout_at(deadline, end_one(app, &socket, frame)).await {
            Ok(true) => None,
            Ok(false) | Err(_) => Some(socket),
        }
    });
    ended.buffer_unordered(POSTS_AT_ONCE).filter_map(async |left| left).collect().await
}

/// Whether the socket is closed for good. A young one that answers 410 may still be opening, since its
/// `$connect` has not returned: it is left, to be told before it is closed.
async fn end_one(app: &App, socket: &Listener, frame: &Outgoing) -> bool {
    let last_words = app.connections.post(&socket.address, frame.bytes());
    match timeout_at(Instant::now() + LAST_WORDS, last_words).await {
        Ok(Err(PostError::Gone)) if is_young(&socket.address, app.clock.now()) => return false,
        Ok(_) => {}
        Err(_) => tracing::debug!(connection = %socket.address.connection, "closed without last words"),
    }
    match app.connections.close(&socket.address).await {
        Ok(()) => {}
        Err(PostError::Gone) if !is_young(&socket.address, app.clock.now()) => {}
        Err(error) => {
            tracing::warn!(%error, connection = %socket.address.connection, "not closed");
            return false;
        }
    }
    if let Err(error) = registration::forget_closed(app, socket).await {
        // Its `$disconnect` forgets it too.
        tracing::warn!(%error, connection = %socket.address.connection, "closed, not forgotten");
    }
    true
}

/// Leaves sockets to `deliver`.
async fn hand_on(app: &App, left: Vec<Listener>, frame: &Outgoing) -> Result<(), BusError> {
    app.bus.publish(&closing_of(left, frame, 0), app.clock.now()).await
}

/// The same a second later, when what was left is as many attempts old.
///
/// # Errors
/// When the broker didn't confirm.
pub async fn hand_on_after_a_second(
    app: &App,
    left: Vec<Listener>,
    frame: &Outgoing,
    attempt: u8,
) -> Result<(), BusError> {
    app.bus.publish_after(&closing_of(left, frame, attempt), Delay::OneSecond, app.clock.now()).await
}

/// Nothing when nobody is left.
fn closing_of(left: Vec<Listener>, frame: &Outgoing, attempt: u8) -> Vec<Event> {
    if left.is_empty() {
        return Vec::new();
    }
    vec![Event::CloseSockets(CloseSockets { frame: frame.text(), listeners: left, attempt })]
}
