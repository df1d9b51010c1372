//! Figures by hour, by day and by staff member.

mod counts;
mod reads;
mod writes;

use std::ops::RangeInclusive;

use async_trait::async_trait;
use shared::calendar::{Calendar, Day};
use shared::ids::{OutboxId, UserId};
use shared::model::{Listing, Page, Status, User};
use shared::ports::{
    Delivered, DeskNow, Kept, SessionChanged, StaffFigures, StaffSpan, Statistics, StoreError,
};
use sqlx::query;

use super::Sqlite;

#[async_trait]
impl Statistics for Sqlite {
    async fn settle_messages(&self, entries: &[Delivered]) -> Result<Vec<OutboxId>, StoreError> {
        self.transact(async |connection| writes::settle_messages(connection, entries).await).await
    }

    async fn settle_steps(
        &self,
        steps: &[SessionChanged],
        calendar: &Calendar,
    ) -> Result<Vec<OutboxId>, StoreError> {
        self.transact(async |connection| writes::settle_steps(connection, steps, calendar).await).await
    }

    async fn kept(&self, days: &RangeInclusive<Day>) -> Result<Kept, StoreError> {
        self.snapshot(async |connection| reads::kept(connection, days).await).await
    }

    async fn active_users(&self, days: &RangeInclusive<Day>) -> Result<i64, StoreError> {
        self.read(async |connection| reads::active_users(connection, days).await).await
    }

    async fn staff(&self, span: &StaffSpan, page: Page) -> Result<Listing<StaffFigures>, StoreError> {
        self.read(async |connection| reads::staff(connection, span, page).await).await
    }

    async fn now(&self, max_sessions: u32) -> Result<DeskNow, StoreError> {
        self.read(async |connection| reads::now(connection, max_sessions).await).await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<(User, Status)>, StoreError> {
        self.read(async |connection| reads::users(connection, ids).await).await
    }

    async fn rebuild(&self, days: &RangeInclusive<Day>, calendar: &Calendar) -> Result<u64, StoreError> {
        self.transact(async |connection| writes::rebuild(connection, days, calendar).await).await
    }

    async fn check(&self, day: Day, calendar: &Calendar) -> Result<Option<u64>, StoreError> {
        let claim = query("update statistics_checked set day = ?1 where day < ?1").bind(day.to_string());
        if claim.execute(&self.writer).await?.rows_affected() == 0 {
            return Ok(None);
        }
        self.rebuild(&(day..=day), calendar).await.map(Some)
    }
}
