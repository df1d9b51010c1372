use lambda_runtime::Error;
use shared::app::App;
use shared::frames::Outgoing;
use shared::ports::{BroadcastChunk, ChunkTally, FanoutChunk};

use crate::post::{self, Errand};

/// Posts one chunk of a large room, or of a broadcast.
pub(crate) async fn deliver(app: &App, chunk: FanoutChunk) -> Result<(), Error> {
    match chunk.broadcast {
        Some(of) => count(app, of, chunk).await,
        None => post(app, chunk).await.map(drop),
    }
}

/// Once, as far as that is known, and written down.
async fn count(app: &App, of: BroadcastChunk, chunk: FanoutChunk) -> Result<(), Error> {
    let attempt = chunk.attempt;
    if app.broadcasts.chunk_noted(of, attempt).await? {
        return Ok(());
    }
    let tally = post(app, chunk).await?;
    Ok(app.broadcasts.note_chunk(of, attempt, tally, app.clock.now()).await?)
}

async fn post(app: &App, chunk: FanoutChunk) -> Result<ChunkTally, Error> {
    let FanoutChunk { room, broadcast, frame, listeners, attempt, .. } = chunk;
    let errand = Errand { room, broadcast, attempt };
    post::patiently(app, errand, listeners, &Outgoing::from_text(frame)).await
}
