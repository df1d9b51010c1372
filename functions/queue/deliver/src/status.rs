//! Telling others that somebody came, went or chose another status.

use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::status::{last_seen, shown};
use shared::chat::{fanout, rebuild, registration};
use shared::frames::{Outgoing, ServerFrame};
use shared::ids::UserId;
use shared::model::{Listener, Status};
use shared::ports::{
    ContactScope, Delay, Event, KeptStatus, PresenceError, PushTopic, PushTurn, StatusChanged, UserStatus,
};
use shared::support::serving::{self, FollowError};

/// Rooms of the user that are looked at, and users told, at most.
const ROOMS: u32 = 100;
const CONTACTS: u32 = 1_000;
/// Contacts whose connections are read in one trip.
const CONTACTS_A_TRIP: usize = 200;
/// All posts of one update.
const BUDGET: Duration = Duration::from_secs(5);

enum News {
    None,
    /// Others were told something of the user a moment ago.
    Later,
    Of(UserStatus, Status),
}

/// Looks at how the user stands now, has staff serve by it, and tells their contacts if it is news. While
/// presence is away, or isn't whole, nothing is known of anybody: it is looked at again later.
pub(crate) async fn tell(app: &App, changed: StatusChanged) -> Result<(), Error> {
    if !rebuild::start_if_lost(app).await {
        return again(app, changed, Delay::FiveSeconds).await;
    }
    let Some(kept) = app.statuses.kept(changed.user).await? else { return Ok(()) };
    let news = news(app, changed.user, kept).await;
    // After what is told was noted: whoever comes back from here on is news again, and followed again.
    let followed = if kept.role.serves() { serving::follow(app, changed.user).await } else { Ok(()) };
    match news {
        Ok(News::None) => {}
        Ok(News::Later) => again(app, changed, Delay::OneSecond).await?,
        Ok(News::Of(user, status)) => push(app, &user, status, kept).await?,
        Err(error) => {
            tracing::warn!(%error, "a status without presence");
            return again(app, changed, Delay::FiveSeconds).await;
        }
    }
    match followed {
        Err(FollowError::Presence(error)) => {
            tracing::warn!(%error, "a staff member without presence");
            again(app, changed, Delay::FiveSeconds).await
        }
        followed => Ok(followed?),
    }
}

async fn news(app: &App, user: UserId, kept: KeptStatus) -> Result<News, PresenceError> {
    let now = app.clock.now();
    match app.presence.push_turn(user, PushTopic::Status, now).await? {
        PushTurn::Now => {}
        PushTurn::Later => return Ok(News::Later),
        PushTurn::Never => return Ok(News::None),
    }
    // Read after it: whoever is let in tells the newest, and nobody tells an older one after that.
    let user = app.presence.status(user, now).await?;
    let status = shown(user.online, kept.chosen);
    let is_news = app.presence.tell(user.user, status).await?;
    Ok(if is_news { News::Of(user, status) } else { News::None })
}

async fn again(app: &App, changed: StatusChanged, delay: Delay) -> Result<(), Error> {
    Ok(app.bus.publish_after(&[Event::StatusChanged(changed)], delay, app.clock.now()).await?)
}

async fn push(app: &App, user: &UserStatus, status: Status, kept: KeptStatus) -> Result<(), Error> {
    if let (false, Some(heard)) = (user.online, user.last_seen) {
        app.statuses.seen(user.user, heard).await?;
    }
    let last_seen = last_seen(user, kept);
    let frame = Outgoing::new(&ServerFrame::StatusUpdate { user_id: user.user, status, last_seen });
    let posted = fanout::post(app, contacts(app, user.user).await?, &frame, BUDGET).await;
    for gone in &posted.gone {
        registration::forget_closed(app, gone).await?;
    }
    // Who is left was too slow; nothing of it is stored.
    Ok(())
}

/// The connections of everyone who shares a small room with the user.
async fn contacts(app: &App, user: UserId) -> Result<Vec<Listener>, Error> {
    let room_max_members = app.config.chat.push_room_max;
    let scope = ContactScope { room_max_members, rooms: ROOMS, users: CONTACTS };
    let mut listeners = Vec::new();
    for users in app.statuses.contacts(user, scope).await?.chunks(CONTACTS_A_TRIP) {
        listeners.extend(app.presence.listeners(users).await?);
    }
    Ok(listeners)
}
