use lambda_runtime::Error;
use shared::app::App;
use shared::frames::Outgoing;
use shared::ports::FanoutChunk;

use crate::post;

/// Posts one chunk of a large room.
pub(crate) async fn deliver(app: &App, chunk: FanoutChunk) -> Result<(), Error> {
    let FanoutChunk { room, frame, listeners, attempt, .. } = chunk;
    post::patiently(app, room, listeners, &Outgoing::from_text(frame), attempt).await
}
