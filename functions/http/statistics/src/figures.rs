//! Sums as they are shown: averages in seconds, null when there is nothing to average.

use serde::Serialize;
use shared::ports::Tally;
use utoipa::ToSchema;

/// Of an hour, a day or several.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    messages: i64,
    active_users: i64,
    sessions: i64,
    #[schema(required)]
    average_wait_time: Option<f64>,
    #[schema(required)]
    average_first_answer_time: Option<f64>,
    answers: i64,
    #[schema(required)]
    average_answer_time: Option<f64>,
    closed_sessions: i64,
    abandoned_sessions: i64,
    #[schema(required)]
    average_session_length: Option<f64>,
    ratings: i64,
    #[schema(required)]
    average_rating: Option<f64>,
    /// The hour in which most was said.
    #[schema(required)]
    peak_hour: Option<Hour>,
}

/// What fell into an hour of the day.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Hour {
    /// 0 to 23.
    pub(crate) hour: u8,
    pub(crate) messages: i64,
    pub(crate) sessions: i64,
}

impl Figures {
    /// `hours` holds every hour in which something happened, of one day or added up over several.
    pub(crate) fn of(tally: &Tally, active_users: i64, hours: &[Hour]) -> Self {
        Self {
            messages: tally.messages,
            active_users,
            sessions: tally.sessions,
            average_wait_time: seconds_each(tally.waited_ms, tally.waits),
            average_first_answer_time: seconds_each(tally.first_answer_ms, tally.first_answers),
            answers: tally.answers,
            average_answer_time: seconds_each(tally.answer_ms, tally.answers),
            closed_sessions: tally.closed,
            abandoned_sessions: tally.abandoned,
            average_session_length: seconds_each(tally.length_ms, tally.closed),
            ratings: tally.ratings,
            average_rating: each(tally.rating_sum, tally.ratings),
            peak_hour: peak(hours),
        }
    }
}

/// The first of those with the most messages; None when nothing was said.
fn peak(hours: &[Hour]) -> Option<Hour> {
    let said = hours.iter().filter(|hour| hour.messages > 0);
    said.max_by_key(|hour| (hour.messages, std::cmp::Reverse(hour.hour))).copied()
}

/// Seconds to the millisecond.
pub(crate) fn seconds_each(sum_ms: i64, count: i64) -> Option<f64> {
    each(sum_ms, count).map(|ms| rounded(ms / 1000.0))
}

pub(crate) fn each(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| rounded(sum as f64 / count as f64))
}

/// To three digits after the point.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_average() {
        assert_eq!(seconds_each(0, 0), None);
        assert_eq!(seconds_each(7_500, 3), Some(2.5));
        assert_eq!(seconds_each(1_000, 3), Some(0.333));
        assert_eq!(each(9, 2), Some(4.5));
    }

    #[test]
    fn each_average_is_over_those_that_it_counts() {
        let tally = Tally {
            messages: 101,
            sessions: 53,
            waits: 2,
            waited_ms: 2 * 1_000,
            first_answers: 3,
            first_answer_ms: 3 * 2_000,
            answers: 5,
            answer_ms: 5 * 3_000,
            closed: 7,
            length_ms: 7 * 4_000,
            abandoned: 11,
            ratings: 13,
            rating_sum: 13 * 5,
        };
        let shown = serde_json::to_value(Figures::of(&tally, 17, &[])).unwrap();
        let expected = serde_json::json!({
            "messages": 101, "activeUsers": 17, "sessions": 53, "averageWaitTime": 1.0,
            "averageFirstAnswerTime": 2.0, "answers": 5, "averageAnswerTime": 3.0, "closedSessions": 7,
            "abandonedSessions": 11, "averageSessionLength": 4.0, "ratings": 13, "averageRating": 5.0,
            "peakHour": null,
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_peak_is_the_first_hour_with_the_most_messages() {
        let hour = |hour, messages| Hour { hour, messages, sessions: 0 };
        let of = |hours: &[Hour]| peak(hours).map(|peak| peak.hour);
        assert_eq!(of(&[hour(1, 2), hour(5, 9), hour(7, 9)]), Some(5));
        assert_eq!(of(&[hour(1, 0)]), None);
        assert_eq!(of(&[]), None);
    }
}
