use std::collections::{BTreeMap, BTreeSet};

use shared::Error;
use shared::app::App;
use shared::frames::{FrameId, Gap, GapReason, Outgoing, Resume, Resumed, ServerFrame};
use shared::ids::{RoomId, Seq};
use shared::model::Entry;
use shared::ports::{CaughtUp, Resumption, Standing};
use shared::socket::Origin;

use crate::admit;

/// The largest `resumed` frame, in bytes: the gateway takes 128 KiB as a message of several frames.
const RESUMED_MAX_BYTES: usize = 100 * 1024;

/// Entries in one answer. The smallest has more than 150 bytes as JSON, so that the size is met first.
const ENTRIES_MAX: u32 = 700;

/// Rooms that are named without having been asked for. With as many asked for as can be, what is said of
/// them all leaves room for the largest entry, so that every answer gets further.
const OTHERS_MAX: u32 = 500;

/// `resume`: everything since, of many rooms, in one query.
pub(crate) async fn resume(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    frame: Resume,
) -> Result<ServerFrame<'static>, Error> {
    // Whoever presence doesn't know is registered here, before the log is read: what is committed later
    // is pushed.
    admit(app, origin).await?;
    let asked: Vec<_> = frame.rooms.iter().collect();
    let from = Resumption {
        user: origin.caller.user,
        rooms: asked.clone(),
        epoch: frame.epoch,
        max_entries: ENTRIES_MAX,
        max_bytes: u32::try_from(RESUMED_MAX_BYTES).unwrap_or(u32::MAX),
        max_others: OTHERS_MAX,
    };
    let caught_up = app.messages.resume(&from).await?;
    Ok(fitted(id, answer(&asked, frame.epoch.is_some_and(|epoch| epoch != caught_up.epoch), caught_up)))
}

/// The answer with every entry that was read, and with the rooms that it isn't the end of.
fn answer(asked: &[(RoomId, Seq)], is_foreign: bool, caught_up: CaughtUp) -> (Resumed, Vec<Standing>) {
    let CaughtUp { epoch, rooms: standings, others, entries } = caught_up;
    let member_of: BTreeSet<RoomId> = standings.iter().map(|standing| standing.room).collect();
    let strange = asked.iter().filter(|(room, _)| !member_of.contains(room));
    let mut gaps: Vec<Gap> = strange.map(|(room, _)| gap(*room, GapReason::NotMember)).collect();
    gaps.extend(standings.iter().filter_map(|standing| gap_of(standing, is_foreign)));
    let named = standings.iter().map(|standing| (standing.room, standing.last_seq));
    let rooms = named.chain(others).collect();
    let (more, next) = (false, BTreeMap::new());
    let open = standings.into_iter().filter(|standing| !is_foreign && standing.since < standing.last_seq);
    (Resumed { messages: entries, rooms, gaps, epoch, more, next }, open.collect())
}

fn gap_of(standing: &Standing, is_foreign: bool) -> Option<Gap> {
    let Standing { room, first_seq, last_seq, asked, gap: is_cut, .. } = *standing;
    if is_foreign {
        Some(gap(room, GapReason::Epoch))
    } else if asked > last_seq {
        Some(gap(room, GapReason::Ahead))
    } else {
        is_cut.then(|| Gap { first_seq: Some(first_seq), ..gap(room, GapReason::Retention) })
    }
}

const fn gap(room_id: RoomId, reason: GapReason) -> Gap {
    Gap { room_id, reason, first_seq: None }
}

/// The frame with as many entries as it can hold, and where to go on for the others.
fn fitted(id: Option<FrameId>, (mut resumed, open): (Resumed, Vec<Standing>)) -> ServerFrame<'static> {
    let entries = std::mem::take(&mut resumed.messages);
    // As large as it can become without entries.
    resumed.more = true;
    resumed.next = open.iter().map(|standing| (standing.room, standing.last_seq)).collect();
    let empty = ServerFrame::Resumed { id: id.clone(), resumed: resumed.clone() };
    let mut room = RESUMED_MAX_BYTES.saturating_sub(Outgoing::new(&empty).len());
    let fits = move |entry: &Entry| {
        // And a comma.
        let size = Outgoing::new(&entry.into()).len() + 1;
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    };
    resumed.messages = entries.into_iter().take_while(fits).collect();
    resumed.next = unfinished(&open, &resumed.messages);
    resumed.more = !resumed.next.is_empty();
    ServerFrame::Resumed { id, resumed }
}

/// The rooms whose last entry isn't among these, with the last one that is.
fn unfinished(open: &[Standing], messages: &[Entry]) -> BTreeMap<RoomId, Seq> {
    let mut reached: BTreeMap<RoomId, Seq> =
        open.iter().map(|standing| (standing.room, standing.since)).collect();
    reached.extend(messages.iter().map(|entry| (entry.room_id(), entry.seq())));
    for standing in open {
        if reached.get(&standing.room) == Some(&standing.last_seq) {
            reached.remove(&standing.room);
        }
    }
    reached
}
