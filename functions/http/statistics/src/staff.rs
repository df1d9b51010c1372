use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::calendar::Day;
use shared::http::{Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::UserId;
use shared::model::{Listed, Listing};
use shared::ports::{StaffFigures, StaffSpan};
use utoipa::ToSchema;

use crate::cached;
use crate::days::Dates;
use crate::figures::{each, rounded, seconds_each};

type Staff = Paged<Member>;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StaffReport)]
struct Report {
    start_date: Day,
    end_date: Day,
    time_zone: String,
    /// By id.
    #[serde(flatten)]
    staff: Staff,
}

/// Times are seconds; averages of nothing are null.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StaffFigures)]
struct Member {
    staff_id: UserId,
    username: String,
    nickname: String,
    /// That they were given.
    sessions: i64,
    closed_sessions: i64,
    messages: i64,
    #[schema(required)]
    average_first_answer_time: Option<f64>,
    answers: i64,
    #[schema(required)]
    average_answer_time: Option<f64>,
    #[schema(required)]
    average_session_length: Option<f64>,
    online_time: f64,
    ratings: i64,
    #[schema(required)]
    average_rating: Option<f64>,
}

impl Listed for Member {
    const LIST: &str = "staff";
}

impl From<StaffFigures> for Member {
    fn from(figures: StaffFigures) -> Self {
        let StaffFigures { user, tally, online_ms } = figures;
        Self {
            staff_id: user.id,
            username: user.username,
            nickname: user.nickname,
            sessions: tally.sessions,
            closed_sessions: tally.closed,
            messages: tally.messages,
            average_first_answer_time: seconds_each(tally.first_answer_ms, tally.first_answers),
            answers: tally.answers,
            average_answer_time: seconds_each(tally.answer_ms, tally.answers),
            average_session_length: seconds_each(tally.length_ms, tally.closed),
            online_time: rounded(online_ms as f64 / 1000.0),
            ratings: tally.ratings,
            average_rating: each(tally.rating_sum, tally.ratings),
        }
    }
}

/// `GET /api/chatstatistics/staff`: what each member of staff did in some days, a page of them.
///
/// # Errors
/// `forbidden` without `statistics.view`; `invalid` names the date or page that is wrong.
#[utoipa::path(
    get, path = "/api/chatstatistics/staff", params(Dates, Paging),
    responses((status = 200, description = "The figures.", body = Report)),
)]
pub(crate) async fn staff(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(dates): Params<Dates>,
    Params(paging): Params<Paging>,
) -> Result<Response, Error> {
    caller.require(Permission::StatisticsView)?;
    let (days, page, now) = (dates.days()?, paging.page()?, app.clock.now());
    let (first, last) = (*days.start(), *days.end());
    let kind = format!("staff:{first}:{last}:{}:{}", page.number, page.size);
    let calendar = app.config.statistics.calendar()?;
    cached::answer(&app, &kind, cached::lifetime(&calendar, last, now), async {
        let found = app.statistics.staff(&StaffSpan::of(days, &calendar, now), page).await?;
        let items = found.items.into_iter().map(Member::from).collect();
        Ok(Report {
            start_date: first,
            end_date: last,
            time_zone: calendar.name().to_owned(),
            staff: Paged::new(page, Listing { items, total: found.total }),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model::User;
    use shared::ports::Tally;

    #[test]
    fn each_average_of_a_member_is_over_those_that_it_counts() {
        let tally = Tally {
            messages: 101,
            sessions: 53,
            first_answers: 3,
            first_answer_ms: 3 * 2_000,
            answers: 5,
            answer_ms: 5 * 3_000,
            closed: 7,
            length_ms: 7 * 4_000,
            ratings: 13,
            rating_sum: 13 * 5,
            ..Tally::default()
        };
        let user = User { id: UserId(6), username: "sam".to_owned(), nickname: "Sam".to_owned() };
        let member = Member::from(StaffFigures { user, tally, online_ms: 1_500 });
        let expected = serde_json::json!({
            "staffId": 6, "username": "sam", "nickname": "Sam", "sessions": 53, "closedSessions": 7,
            "messages": 101, "averageFirstAnswerTime": 2.0, "answers": 5, "averageAnswerTime": 3.0,
            "averageSessionLength": 4.0, "onlineTime": 1.5, "ratings": 13, "averageRating": 5.0,
        });
        assert_eq!(serde_json::to_value(member).unwrap(), expected);
    }
}
