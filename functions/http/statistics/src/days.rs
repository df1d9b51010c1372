use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::calendar::Day;
use shared::http::Params;
use shared::identity::{Caller, Permission};
use shared::ports::{Kept, Tally};
use utoipa::{IntoParams, ToSchema};

use crate::cached;
use crate::figures::{Figures, Hour};

/// The longest span of days that is answered at once, both ends counted.
pub(crate) const RANGE_MAX_DAYS: i64 = 366;

/// `?startDate=2024-01-01&endDate=2024-01-31`, both included.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Dates {
    #[param(value_type = Day, required)]
    start_date: Option<String>,
    #[param(value_type = Day, required)]
    end_date: Option<String>,
}

impl Dates {
    /// # Errors
    /// `invalid`, naming the field.
    pub(crate) fn days(&self) -> Result<RangeInclusive<Day>, Error> {
        let (start, end) = (day("startDate", &self.start_date)?, day("endDate", &self.end_date)?);
        match start.days_to(end) {
            ..=0 => Err(Error::invalid("endDate", "must not be before startDate")),
            1..=RANGE_MAX_DAYS => Ok(start..=end),
            _ => Err(Error::invalid("endDate", format!("must be within {RANGE_MAX_DAYS} days of startDate"))),
        }
    }
}

fn day(field: &str, text: &Option<String>) -> Result<Day, Error> {
    let text = text.as_deref().ok_or_else(|| Error::invalid(field, "is missing"))?;
    text.parse().map_err(|problem| Error::invalid(field, problem))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FiguresOfDay)]
struct OneDay {
    date: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(flatten)]
    figures: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Vec<Hour>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FiguresOfDays)]
struct Range {
    start_date: Day,
    end_date: Day,
    time_zone: String,
    totals: Figures,
    /// By the hour of the day, over all days.
    hours: Vec<Hour>,
    /// Every one, in order.
    days: Vec<OneDay>,
}

/// `GET /api/chatstatistics/today`: figures of the day that goes on, with its hours.
///
/// # Errors
/// `forbidden` without `statistics.view`.
#[utoipa::path(
    get, path = "/api/chatstatistics/today",
    responses((status = 200, description = "The figures.", body = OneDay)),
)]
pub(crate) async fn today(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Error> {
    caller.require(Permission::StatisticsView)?;
    let calendar = app.config.statistics.calendar()?;
    let date = calendar.day_of(app.clock.now());
    cached::answer(&app, &format!("today:{date}"), cached::TODAY, async {
        let kept = app.statistics.kept(&(date..=date)).await?;
        let (figures, hours) = Sums::of(&kept).day(date);
        let time_zone = Some(calendar.name().to_owned());
        Ok(OneDay { date, time_zone, figures, hours: Some(hours) })
    })
    .await
}

/// `GET /api/chatstatistics/range`: figures of some days, day by day, and together.
///
/// # Errors
/// `forbidden` without `statistics.view`; `invalid` names the date that is wrong.
#[utoipa::path(
    get, path = "/api/chatstatistics/range", params(Dates),
    responses((status = 200, description = "The figures.", body = Range)),
)]
pub(crate) async fn range(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(dates): Params<Dates>,
) -> Result<Response, Error> {
    caller.require(Permission::StatisticsView)?;
    let days = dates.days()?;
    let (first, last) = (*days.start(), *days.end());
    let calendar = app.config.statistics.calendar()?;
    let lifetime = cached::lifetime(&calendar, last, app.clock.now());
    cached::answer(&app, &format!("range:{first}:{last}"), lifetime, async {
        let kept = app.statistics.kept(&days).await?;
        let active_users = app.statistics.active_users(&days).await?;
        let sums = Sums::of(&kept);
        let (total, hours) = sums.all();
        let each = Day::each(&days).map(|date| {
            let (figures, _) = sums.day(date);
            OneDay { date, time_zone: None, figures, hours: None }
        });
        Ok(Range {
            start_date: first,
            end_date: last,
            time_zone: calendar.name().to_owned(),
            totals: Figures::of(&total, active_users, &hours),
            days: each.collect(),
            hours,
        })
    })
    .await
}

/// What is kept, by day.
struct Sums {
    days: BTreeMap<Day, Vec<(u8, Tally)>>,
    active_users: BTreeMap<Day, i64>,
}

impl Sums {
    fn of(kept: &Kept) -> Self {
        let mut days: BTreeMap<Day, Vec<(u8, Tally)>> = BTreeMap::new();
        for (day, hour, tally) in &kept.hours {
            days.entry(*day).or_default().push((*hour, *tally));
        }
        Self { days, active_users: kept.active_users.iter().copied().collect() }
    }

    /// A day in which nothing happened has figures, too.
    fn day(&self, day: Day) -> (Figures, Vec<Hour>) {
        let (total, hours) = added(self.days.get(&day).into_iter().flatten());
        let active_users = self.active_users.get(&day).copied().unwrap_or_default();
        (Figures::of(&total, active_users, &hours), hours)
    }

    fn all(&self) -> (Tally, Vec<Hour>) {
        added(self.days.values().flatten())
    }
}

/// The sum, and the hours of the day in which something happened.
fn added<'a>(tallies: impl Iterator<Item = &'a (u8, Tally)>) -> (Tally, Vec<Hour>) {
    let (mut total, mut hours) = (Tally::default(), BTreeMap::new());
    for (hour, tally) in tallies {
        total += *tally;
        let of_hour = hours.entry(*hour).or_insert(Hour { hour: *hour, messages: 0, sessions: 0 });
        of_hour.messages += tally.messages;
        of_hour.sessions += tally.sessions;
    }
    (total, hours.into_values().collect())
}
