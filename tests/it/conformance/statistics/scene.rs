//! The words in which cases speak of what is counted.

use std::ops::RangeInclusive;

use shared::calendar::{Calendar, Day};
use shared::clock::UnixMs;
use shared::desk::Terms;
use shared::ids::{RoomId, UserId};
use shared::model::{Page, Session, Status};
use shared::ports::{
    Changes, Delivered, Event, Kept, NewMessage, NewSession, OUTBOX_DUE_MS, OutboxRow, SessionChanged,
    StaffFigures, StaffSpan, Tally,
};

use crate::conformance::stores::{NOW, Stores, message};

/// 2027-01-15T00:00:00Z, a Friday.
pub(super) const MIDNIGHT: UnixMs = UnixMs(1_799_971_200_000);
pub(super) const FRIDAY: Day = Day::of(2027, 1, 15);
pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const ALL: Page = Page { number: 1, size: 100 };
/// Later than anything said here, in milliseconds.
const LATE: i64 = 1_000 * 24 * HOUR;

pub(super) fn utc() -> Calendar {
    Calendar::of("UTC").expect("a zone")
}

pub(super) fn terms(now: UnixMs) -> Terms {
    Terms { now, max_sessions: 2 }
}

pub(super) fn around() -> RangeInclusive<Day> {
    FRIDAY.plus(-3)..=FRIDAY.plus(3)
}

/// Says something at a time; `text` is its client id, too.
pub(super) async fn say(stores: &Stores, room: RoomId, sender: UserId, text: &str, now: UnixMs) {
    stores.messages.append(&NewMessage { now, ..message(room, sender, text) }).await.expect("append");
}

pub(super) async fn open(stores: &Stores, visitor: UserId, now: UnixMs) -> Session {
    let new = NewSession { visitor, team: String::new(), subject: "help".to_owned(), out_of_hours: false };
    stores.desk.open(new, terms(now)).await.expect("open").0
}

pub(super) async fn comes(stores: &Stores, staff: UserId, now: UnixMs) -> Changes {
    stores.desk.set_status(staff, Status::Online, terms(now)).await.expect("online")
}

pub(super) async fn goes(stores: &Stores, staff: UserId, now: UnixMs) -> Changes {
    stores.desk.set_status(staff, Status::Offline, terms(now)).await.expect("offline")
}

/// What is open in the outbox, as a sweep finds it: each row once.
pub(super) async fn open_rows(stores: &Stores) -> Vec<OutboxRow> {
    // A claim puts off: each is made later than the one before.
    let now = MIDNIGHT.plus(LATE + (stores.tick().0 - NOW.0) * 2 * OUTBOX_DUE_MS);
    let rows = stores.outbox.claim_due(now, 10_000).await.expect("claim");
    assert!(rows.len() < 10_000);
    rows
}

/// Settles rows as their consumers do, in this order, in batches of so many.
pub(super) async fn settle(
    stores: &Stores,
    calendar: &Calendar,
    rows: &[OutboxRow],
    at_once: usize,
) -> usize {
    let mut settled = 0;
    for batch in rows.chunks(at_once) {
        let (mut said, mut steps): (Vec<Delivered>, Vec<SessionChanged>) = (vec![], vec![]);
        for row in batch {
            match &row.event {
                Event::MessageStored(stored) => said.push(Delivered::of(stored, calendar)),
                Event::SessionChanged(step) => steps.push((**step).clone()),
                Event::StaffChanged(_) => {}
                other => panic!("{other:?} has no row"),
            }
        }
        settled += stores.statistics.settle_messages(&said).await.expect("settle").len();
        settled += stores.statistics.settle_steps(&steps, calendar).await.expect("settle").len();
    }
    settled
}

pub(super) async fn settle_all(stores: &Stores, calendar: &Calendar) -> usize {
    settle(stores, calendar, &open_rows(stores).await, 10).await
}

/// All that is kept around the day, to be compared as a whole.
pub(super) async fn kept(stores: &Stores) -> (Kept, Vec<StaffFigures>) {
    let span = StaffSpan { days: around(), from: MIDNIGHT, until: MIDNIGHT };
    let staff = stores.statistics.staff(&span, ALL).await.expect("staff").items;
    (stores.statistics.kept(&around()).await.expect("kept"), staff)
}

/// Of every hour together.
pub(super) async fn sum(stores: &Stores) -> Tally {
    let mut sum = Tally::default();
    for (_, _, tally) in kept(stores).await.0.hours {
        sum += tally;
    }
    sum
}

/// Of a staff member, over all days.
pub(super) async fn of_staff(stores: &Stores, staff: UserId) -> Tally {
    let figures = kept(stores).await.1;
    figures.iter().find(|figures| figures.user.id == staff).expect("they are listed").tally
}
