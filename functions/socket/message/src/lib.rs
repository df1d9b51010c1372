//! Every frame that a client sends, and the frame that answers it.

mod receipt;
mod resume;
mod revise;
mod status;
mod typing;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{admission, members, send};
use shared::frames::{ClientFrame, Draft, FrameError, FrameId, ServerFrame, decode, error_frame};
use shared::ids::{ClientMessageId, RoomRef};
use shared::ports::Change;
use shared::socket::{Origin, SocketReply};
use shared::telemetry::Metric;

/// # Errors
/// When the event carries no caller: the route has no authorizer. Whatever the client did wrong is an
/// `error` frame.
pub async fn handle(app: &App, event: ApiGatewayWebsocketProxyRequest) -> Result<SocketReply, Error> {
    let origin = Origin::of(&event, &app.config.sockets)?;
    let answer = match decode(event.body.as_deref().unwrap_or_default()) {
        Ok((id, frame)) => answer(app, &origin, id, frame).await,
        Err(error) => Some(refuse(app, &origin, error).await),
    };
    Ok(answer.map_or(SocketReply::status(200), |frame| SocketReply::frame(&frame)))
}

/// None for a frame that has no reply.
async fn answer(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    frame: ClientFrame,
) -> Option<ServerFrame<'static>> {
    let kind = frame.name();
    match act(app, origin, id.clone(), frame).await {
        Ok(reply) => {
            tracing::info!(user = %origin.caller.user, frame = kind, "answered");
            reply
        }
        Err(error) => {
            tracing::info!(user = %origin.caller.user, frame = kind, code = error.code.row().name, "refused");
            Metric::Errors.add_by(error.code.row().name);
            Some(error_frame(id, error))
        }
    }
}

/// What can't be read counts against the sender's rate like what can.
async fn refuse(app: &App, origin: &Origin, FrameError { id, error }: FrameError) -> ServerFrame<'static> {
    let error = admit(app, origin).await.err().unwrap_or(error);
    tracing::info!(user = %origin.caller.user, code = error.code.row().name, "unreadable frame");
    Metric::Errors.add_by(error.code.row().name);
    error_frame(id, error)
}

async fn act(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    frame: ClientFrame,
) -> Result<Option<ServerFrame<'static>>, shared::Error> {
    let reply = match frame {
        ClientFrame::Heartbeat => heartbeat(app, origin, id).await,
        ClientFrame::Message(draft) => message(app, origin, id, draft).await,
        ClientFrame::Edit(frame) => revise::edit(app, origin, id, frame).await,
        ClientFrame::Recall(frame) => revise::recall(app, origin, id, frame).await,
        ClientFrame::Resume(frame) => resume::resume(app, origin, id, frame).await,
        ClientFrame::JoinRoom(frame) => join(app, origin, id, &frame.room_id).await,
        ClientFrame::LeaveRoom(frame) => leave(app, origin, id, &frame.room_id).await,
        ClientFrame::StatusUpdate(frame) => status::update(app, origin, id, frame).await,
        ClientFrame::ReadReceipt(receipt) => receipt::read(app, origin, id, &receipt).await,
        ClientFrame::Typing(frame) => return typing::typing(app, origin, &frame).await.map(|()| None),
    };
    reply.map(Some)
}

async fn message(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    draft: Draft,
) -> Result<ServerFrame<'static>, shared::Error> {
    admit(app, origin).await?;
    let client_id = client_id(origin, id.as_ref())?;
    let from = Some(&origin.address.connection);
    let ack = send::send(app, &origin.caller, from, client_id, draft).await?;
    Ok(ServerFrame::Ack { id, ack })
}

/// What makes a frame idempotent: its own id, or what the gateway calls it.
fn client_id(origin: &Origin, id: Option<&FrameId>) -> Result<ClientMessageId, shared::Error> {
    let own = |id: &FrameId| id.client_id().map_err(|problem| shared::Error::invalid("id", problem));
    id.map_or_else(|| Ok(origin.client_id()), own)
}

async fn join(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    room: &RoomRef,
) -> Result<ServerFrame<'static>, shared::Error> {
    admit(app, origin).await?;
    members::join(app, &origin.caller, room).await.map(|change| room_ack(id, &change))
}

async fn leave(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    room: &RoomRef,
) -> Result<ServerFrame<'static>, shared::Error> {
    admit(app, origin).await?;
    members::leave(app, &origin.caller, room).await.map(|change| room_ack(id, &change))
}

fn room_ack(id: Option<FrameId>, change: &Change) -> ServerFrame<'static> {
    ServerFrame::RoomAck { id, room_id: change.room, last_seq: change.last_seq }
}

/// Renews presence whatever the sender's rate: it says "I am here" and no more.
async fn heartbeat(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
) -> Result<ServerFrame<'static>, shared::Error> {
    admission::renew(app, &origin.caller, &origin.address).await?;
    let interval_ms = u64::from(app.config.sockets.ping_interval_s) * 1000;
    Ok(ServerFrame::Heartbeat { id, content: "pong", interval_ms, timestamp: app.clock.now() })
}

async fn admit(app: &App, origin: &Origin) -> Result<(), shared::Error> {
    admission::admit(app, &origin.caller, Some(&origin.address)).await
}
