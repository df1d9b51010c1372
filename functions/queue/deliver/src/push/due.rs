use futures::future::{join, join_all};
use futures::{StreamExt, TryStreamExt, stream};
use lambda_runtime::Error;
use shared::app::App;
use shared::ids::{PushSubscriptionId, UserId};
use shared::ports::{
    Delay, Event, PushClaim, PushDue, PushError, PushRetry, PushSubscription, StoreError, Unread,
};
use shared::push::{PREVIEW_MAX_CHARS, PushNotice};
use uuid::Uuid;

/// Users pushed to at once from one function.
const PUSHES_AT_ONCE: usize = 32;

/// Pushes to whoever still is away and has something unread. A repeated event pushes once more at most, under
/// the same id.
///
/// # Errors
/// When the store is away. A push service that is away is no error: its pushes are tried again by step, and
/// then dropped.
pub(crate) async fn deliver(app: &App, pushes: Vec<(Uuid, PushDue)>) -> Result<(), Error> {
    let pushes = stream::iter(pushes).map(|(id, due)| push(app, id, due));
    pushes.buffer_unordered(PUSHES_AT_ONCE).try_collect::<()>().await?;
    Ok(())
}

async fn push(app: &App, event: Uuid, due: PushDue) -> Result<(), StoreError> {
    let claim = PushClaim { user: due.user, room: due.room };
    if due.retry.is_none() {
        // First: a message that is sent from here on claims the next push.
        app.push_pending.release(claim).await?;
    }
    let Some(unread) = app.push_pending.unread(claim).await? else { return Ok(()) };
    let devices = devices(app, &due).await?;
    let id = due.retry.as_ref().map_or(event, |retry| retry.id);
    let notice = notice(app, id, claim, unread);
    let to_webhook = app.push.reach().webhook && due.retry.as_ref().is_none_or(|retry| retry.webhook);
    let (left, webhook) =
        join(to_devices(app, due.user, &devices, &notice), webhook(app, due.user, to_webhook, &notice)).await;
    let tried = due.retry.as_ref().map_or(0, |retry| retry.tried) + 1;
    try_again(app, claim, PushRetry { id, tried, devices: left?, webhook }).await;
    Ok(())
}

/// The user's devices; of a repeated try, those that are left.
async fn devices(app: &App, due: &PushDue) -> Result<Vec<PushSubscription>, StoreError> {
    let mut devices = app.push_subscriptions.subscriptions(due.user, app.clock.now()).await?;
    if let Some(retry) = &due.retry {
        devices.retain(|device| retry.devices.contains(&device.id));
    }
    Ok(devices)
}

fn notice(app: &App, id: Uuid, claim: PushClaim, unread: Unread) -> PushNotice {
    let preview = || unread.content.chars().take(PREVIEW_MAX_CHARS).collect();
    PushNotice {
        id,
        room_id: claim.room,
        room_name: unread.room_name,
        sender_id: unread.sender_id,
        sender_name: unread.sender_name,
        message_id: unread.message_id,
        seq: unread.seq,
        timestamp: unread.timestamp,
        count: unread.count,
        unread_total: unread.total,
        preview: app.config.push.preview.then(preview),
    }
}

/// Pushes to every device, forgets those that are gone, and answers those to be tried again.
async fn to_devices(
    app: &App,
    user: UserId,
    devices: &[PushSubscription],
    notice: &PushNotice,
) -> Result<Vec<PushSubscriptionId>, StoreError> {
    let now = app.clock.now();
    let outcomes = join_all(devices.iter().map(|device| app.push.to_device(device, notice, now))).await;
    let mut left = Vec::new();
    for (device, outcome) in devices.iter().zip(outcomes) {
        match outcome {
            Ok(()) => {}
            Err(PushError::Gone) => drop(app.push_subscriptions.unsubscribe(user, device.id).await?),
            Err(PushError::Later(_)) => left.push(device.id),
            Err(error) => tracing::warn!(%error, subscription = %device.id, "a push was dropped"),
        }
    }
    Ok(left)
}

/// Tells the operator's server if it is to be told; answers whether to try again.
async fn webhook(app: &App, user: UserId, wanted: bool, notice: &PushNotice) -> bool {
    if !wanted {
        return false;
    }
    match app.push.to_webhook(user, notice, app.clock.now()).await {
        Ok(()) => false,
        Err(PushError::Later(_)) => true,
        Err(error) => {
            tracing::warn!(%error, %user, "a push was dropped by the webhook");
            false
        }
    }
}

/// Schedules the next try by step; after the last one, it is given up.
async fn try_again(app: &App, claim: PushClaim, retry: PushRetry) {
    if retry.devices.is_empty() && !retry.webhook {
        return;
    }
    let Some(delay) = Delay::SHORT.get(usize::from(retry.tried) - 1) else {
        tracing::warn!(user = %claim.user, tried = retry.tried, "a push was given up");
        return;
    };
    let due = PushDue { user: claim.user, room: claim.room, retry: Some(retry) };
    if let Err(error) = app.bus.publish_after(&[Event::PushDue(due)], *delay, app.clock.now()).await {
        tracing::warn!(%error, user = %claim.user, "a push is not tried again");
    }
}
