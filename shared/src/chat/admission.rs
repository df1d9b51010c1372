//! The first step of the live path: may the sender go on, and does presence know their connection?

use crate::app::App;
use crate::chat::{rebuild, registration, status};
use crate::clock::UnixMs;
use crate::identity::Caller;
use crate::model::Address;
use crate::ports::Admission;
use crate::{Code, Error};

/// Lets a frame in. Presence being away stops nobody; a connection that it doesn't know is registered
/// again in all its rooms.
///
/// # Errors
/// `rate_limited`; `unauthenticated` when the token has run out since the socket opened, or was revoked and
/// presence doesn't know the connection.
pub async fn admit(app: &App, caller: &Caller, connection: Option<&Address>) -> Result<(), Error> {
    let now = check_expiry(app, caller)?;
    // After a freeze every connection is dead: this one is back by the time that the commit is.
    app.bus.wake();
    match app.presence.admit(caller.user, connection.map(|address| &address.connection), now).await {
        Ok(Admission::Limited { retry_after_ms }) => Err(Error::rate_limited(retry_after_ms)),
        Ok(Admission::Admitted { known: false }) => reregister(app, caller, connection).await,
        Ok(Admission::Admitted { known: true }) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "admitted without presence");
            Ok(())
        }
    }
}

/// Renews presence without counting against the sender's rate.
///
/// # Errors
/// `unauthenticated`, as [`admit`].
pub async fn renew(app: &App, caller: &Caller, connection: &Address) -> Result<(), Error> {
    let now = check_expiry(app, caller)?;
    match app.presence.renew(caller.user, &connection.connection, now).await {
        Ok(false) => reregister(app, caller, Some(connection)).await,
        Ok(true) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "heartbeat without presence");
            Ok(())
        }
    }
}

/// A socket may outlive its token; its frames may not.
fn check_expiry(app: &App, caller: &Caller) -> Result<UnixMs, Error> {
    let now = app.clock.now();
    if caller.expires_at <= now { Err(Error::unauthenticated("the token has expired")) } else { Ok(now) }
}

/// The frame goes on whatever comes of it, for the next one tries again; but not that of a connection that
/// was forgotten because its token was revoked.
async fn reregister(app: &App, caller: &Caller, connection: Option<&Address>) -> Result<(), Error> {
    let Some(address) = connection else { return Ok(()) };
    // An empty Redis knows nobody: the first frame to find that out has it filled again.
    let whole = rebuild::start_if_lost(app).await;
    match registration::register(app, caller, address).await {
        Err(error) if error.code == Code::Unauthenticated => Err(error),
        Err(error) => {
            tracing::warn!(%error, "a connection that presence lost was not registered again");
            Ok(())
        }
        Ok(arrived) => {
            // While it is filled nobody knows what others were told.
            if arrived && whole {
                status::changed(app, &[caller.user]).await;
            }
            Ok(())
        }
    }
}
