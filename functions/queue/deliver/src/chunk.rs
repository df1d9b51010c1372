use lambda_runtime::Error;
use shared::app::App;
use shared::chat::fanout;
use shared::clock::UnixMs;
use shared::frames::Outgoing;
use shared::ports::{BroadcastChunk, ChunkTally, FanoutChunk};

use crate::post::{self, Errand};

/// Posts one chunk of a large room, or of a broadcast, that was published at that time.
pub(crate) async fn deliver(app: &App, chunk: FanoutChunk, published_at: UnixMs) -> Result<(), Error> {
    let is_first = chunk.attempt == 0;
    match chunk.broadcast {
        Some(of) => return count(app, of, chunk).await,
        None => post(app, chunk).await?,
    };
    // A chunk is published with the commit; one that waited in a retry queue doesn't say any more when that was.
    if is_first {
        fanout::note_time(app, published_at);
    }
    Ok(())
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
