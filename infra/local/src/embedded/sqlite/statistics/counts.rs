//! What messages and steps of sessions add to the figures.

use std::collections::{BTreeMap, BTreeSet};

use shared::calendar::Day;
use shared::ids::UserId;
use shared::ports::{StoreError, Tally};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// By their keys, ascending.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) hours: BTreeMap<(Day, u8), Tally>,
    pub(super) staff: BTreeMap<(Day, UserId), Tally>,
    pub(super) actives: BTreeSet<(Day, UserId)>,
}

impl Counts {
    /// A row of `said.sql`.
    pub(super) fn add_said(&mut self, row: &SqliteRow) -> Result<(), StoreError> {
        let (day, hour) = hour_of(row)?;
        let (first, answer) = (row.try_get("first_answer_ms")?, row.try_get("answer_ms")?);
        let (first_answers, first_answer_ms) = counted(first);
        let (answers, answer_ms) = counted(answer);
        let tally =
            Tally { messages: 1, first_answers, first_answer_ms, answers, answer_ms, ..Tally::default() };
        *self.hours.entry((day, hour)).or_default() += tally;
        if let Some(staff) = staff_of(row)? {
            *self.staff.entry((day, staff)).or_default() += tally;
        }
        self.actives.insert((day, UserId(row.try_get("sender_id")?)));
        Ok(())
    }

    /// A row of `stepped.sql`.
    pub(super) fn add_stepped(&mut self, row: &SqliteRow) -> Result<(), StoreError> {
        let key = hour_of(row)?;
        let kind: String = row.try_get("kind")?;
        let (waits, waited_ms) = counted(row.try_get("waited_ms")?);
        let (closed, length_ms) = counted(row.try_get("length_ms")?);
        let (ratings, rating_sum) = counted(row.try_get("rating")?);
        let ends = Tally { closed, length_ms, ratings, rating_sum, ..Tally::default() };
        let (sessions, abandoned) = (i64::from(kind == "opened"), row.try_get("abandoned")?);
        let of_hour = Tally { sessions, waits, waited_ms, abandoned, ..ends };
        if of_hour != Tally::default() {
            *self.hours.entry(key).or_default() += of_hour;
        }
        if let Some(staff) = staff_of(row)? {
            let sessions = i64::from(kind == "assigned" || kind == "transferred");
            *self.staff.entry((key.0, staff)).or_default() += Tally { sessions, ..ends };
        }
        Ok(())
    }
}

/// How many, and their sum.
fn counted(value: Option<i64>) -> (i64, i64) {
    (i64::from(value.is_some()), value.unwrap_or_default())
}

fn staff_of(row: &SqliteRow) -> Result<Option<UserId>, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>("staff_id")?.map(UserId))
}

fn hour_of(row: &SqliteRow) -> Result<(Day, u8), StoreError> {
    Ok((day_of(row)?, row.try_get("hour")?))
}

pub(super) fn day_of(row: &SqliteRow) -> Result<Day, StoreError> {
    let text: String = row.try_get("day")?;
    text.parse().map_err(|error| StoreError::Internal(format!("{text:?}: {error}")))
}
