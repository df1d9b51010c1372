//! When a team serves: its business hours, by the clocks of its place.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::clock::UnixMs;
use crate::model::{BusinessHours, OpenHours};

/// Spans of one week.
pub const HOURS_SPANS_MAX: usize = 50;

/// How many days ahead an opening is looked for: two weeks, as the clocks may leave out the only one of the next.
const LOOK_AHEAD_DAYS: i32 = 14;
/// How many days back a span may have begun that still lasts: it ends on the next day, which may be skipped.
const LOOK_BACK_DAYS: i32 = 2;

/// Business hours that were checked.
///
/// A span lasts from the moment at which the clocks show its beginning to the one at which they show its end.
/// Of a time that comes twice, where the clocks are put back, the first counts; one that is left out is as
/// much later as they are put forward.
#[derive(Debug, Clone)]
pub struct Schedule {
    zone: TimeZone,
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    /// 1 is Monday.
    day: i8,
    from: Time,
    to: Time,
}

/// What is wrong with business hours, and where: `week[0].from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursError {
    pub field: String,
    pub problem: String,
}

impl HoursError {
    fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl Schedule {
    /// # Errors
    /// A time zone that the IANA doesn't know, a day that isn't 1 to 7, a time that isn't `HH:MM`, or more than
    /// [`HOURS_SPANS_MAX`] spans.
    pub fn of(hours: &BusinessHours) -> Result<Self, HoursError> {
        let zone = TimeZone::get(&hours.time_zone)
            .map_err(|_| HoursError::new("time_zone", "is no time zone, such as Asia/Shanghai"))?;
        if hours.week.len() > HOURS_SPANS_MAX {
            let problem = format!("has {} spans, {HOURS_SPANS_MAX} at most", hours.week.len());
            return Err(HoursError::new("week", problem));
        }
        let spans = hours.week.iter().enumerate().map(|(at, span)| Span::of(at, span));
        Ok(Self { zone, spans: spans.collect::<Result<_, _>>()? })
    }

    #[must_use]
    pub fn is_open(&self, at: UnixMs) -> bool {
        let Some(today) = self.date(at) else { return false };
        self.spans_of(today, -LOOK_BACK_DAYS, 1).any(|(from, until)| from <= at && at < until)
    }

    /// The moment itself when it is open then; else when it opens next. None: never again.
    #[must_use]
    pub fn opens_at(&self, at: UnixMs) -> Option<UnixMs> {
        if self.is_open(at) {
            return Some(at);
        }
        let openings = self.spans_of(self.date(at)?, -1, LOOK_AHEAD_DAYS);
        openings.filter(|(from, until)| *from > at && from < until).map(|(from, _)| from).min()
    }

    fn date(&self, at: UnixMs) -> Option<Date> {
        let at = Timestamp::from_millisecond(at.0).ok()?;
        Some(self.zone.to_datetime(at).date())
    }

    /// From when until when the spans last that begin on these days, counted from `today`.
    fn spans_of(&self, today: Date, first: i32, last: i32) -> impl Iterator<Item = (UnixMs, UnixMs)> {
        let days = (first..=last).filter_map(move |n| today.checked_add(n.days()).ok());
        days.flat_map(move |day| {
            let of_day =
                self.spans.iter().filter(move |span| span.day == day.weekday().to_monday_one_offset());
            of_day.filter_map(move |span| self.lasts(span, day))
        })
    }

    fn lasts(&self, span: &Span, day: Date) -> Option<(UnixMs, UnixMs)> {
        let last_day = if span.to <= span.from { day.tomorrow().ok()? } else { day };
        Some((self.moment(day, span.from)?, self.moment(last_day, span.to)?))
    }

    fn moment(&self, day: Date, time: Time) -> Option<UnixMs> {
        let moment = self.zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()?;
        Some(UnixMs(moment.as_millisecond()))
    }
}

impl Span {
    fn of(at: usize, span: &OpenHours) -> Result<Self, HoursError> {
        let OpenHours { day, from, to } = span;
        let day = i8::try_from(*day).ok().filter(|day| (1..=7).contains(day));
        let day = day
            .ok_or_else(|| HoursError::new(format!("week[{at}].day"), "must be 1 (Monday) to 7 (Sunday)"))?;
        let time = |name: &str, text: &str| {
            let problem = || HoursError::new(format!("week[{at}].{name}"), "must be a time such as 09:00");
            clock_time(text).ok_or_else(problem)
        };
        Ok(Self { day, from: time("from", from)?, to: time("to", to)? })
    }
}

/// `HH:MM`, 00:00 to 23:59.
fn clock_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn hours(zone: &str, week: &[(u8, &str, &str)]) -> BusinessHours {
        let span = |(day, from, to): &(u8, &str, &str)| OpenHours {
            day: *day,
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        };
        BusinessHours { time_zone: zone.to_owned(), week: week.iter().map(span).collect() }
    }

    fn schedule(zone: &str, week: &[(u8, &str, &str)]) -> Schedule {
        Schedule::of(&hours(zone, week)).unwrap()
    }

    fn every_day<'a>(from: &'a str, to: &'a str) -> Vec<(u8, &'a str, &'a str)> {
        (1..=7).map(|day| (day, from, to)).collect()
    }

    fn at(text: &str) -> UnixMs {
        UnixMs(text.parse::<Timestamp>().expect(text).as_millisecond())
    }

    fn refusal(hours: &BusinessHours) -> String {
        Schedule::of(hours).unwrap_err().field
    }

    #[test]
    fn a_refusal_says_where() {
        assert_eq!(refusal(&hours("Europe/Nowhere", &[])), "time_zone");
        assert_eq!(refusal(&hours("", &[])), "time_zone");
        assert_eq!(refusal(&hours("UTC", &[(1, "09:00", "18:00"), (0, "09:00", "18:00")])), "week[1].day");
        assert_eq!(refusal(&hours("UTC", &[(8, "09:00", "18:00")])), "week[0].day");
        assert_eq!(refusal(&hours("UTC", &[(255, "09:00", "18:00")])), "week[0].day");
        for time in ["24:00", "9:00", "09:60", "0900", "+9:00", "09:00:00", "09:0", "", "ab:cd"] {
            assert_eq!(refusal(&hours("UTC", &[(1, time, "18:00")])), "week[0].from", "{time}");
            assert_eq!(refusal(&hours("UTC", &[(1, "09:00", time)])), "week[0].to", "{time}");
        }
    }

    #[test]
    fn a_week_has_fifty_spans_and_no_more() {
        assert!(Schedule::of(&hours("UTC", &[(1, "09:00", "18:00"); HOURS_SPANS_MAX])).is_ok());
        assert_eq!(refusal(&hours("UTC", &[(1, "09:00", "18:00"); HOURS_SPANS_MAX + 1])), "week");
    }

    #[test]
    fn a_span_begins_with_its_first_moment_and_ends_before_its_last() {
        // 21 November 2026 is a Saturday.
        let shop = schedule("Asia/Shanghai", &[(6, "09:00", "18:00")]);
        assert!(!shop.is_open(at("2026-11-21T00:59:59.999Z")));
        assert!(shop.is_open(at("2026-11-21T01:00:00Z")));
        assert!(shop.is_open(at("2026-11-21T09:59:59.999Z")));
        assert!(!shop.is_open(at("2026-11-21T10:00:00Z")));
        assert!(!shop.is_open(at("2026-11-22T03:00:00Z")));
        assert_eq!(shop.opens_at(at("2026-11-21T10:00:00Z")), Some(at("2026-11-28T01:00:00Z")));
        assert_eq!(shop.opens_at(at("2026-11-21T02:00:00Z")), Some(at("2026-11-21T02:00:00Z")));
    }

    #[test]
    fn a_span_past_midnight_lasts_into_the_next_day() {
        let bar = schedule("Europe/Berlin", &[(7, "22:00", "02:00")]);
        assert!(bar.is_open(at("2026-11-22T22:00:00Z")));
        assert!(bar.is_open(at("2026-11-23T00:59:00Z")));
        assert!(!bar.is_open(at("2026-11-23T01:00:00Z")));
        assert!(!bar.is_open(at("2026-11-22T00:30:00Z")), "the night before is another's");
    }

    #[test]
    fn from_a_time_to_the_same_is_a_whole_day() {
        let always = schedule("America/New_York", &every_day("00:00", "00:00"));
        let begin = at("2026-03-01T00:00:00Z").0;
        assert!((0..60 * 24).all(|hour| always.is_open(UnixMs(begin + hour * 60 * MINUTE))));
    }

    #[test]
    fn a_team_without_a_span_never_opens() {
        let never = schedule("UTC", &[]);
        assert_eq!((never.is_open(UnixMs(0)), never.opens_at(UnixMs(0))), (false, None));
    }

    #[test]
    fn hours_follow_the_clocks_when_they_are_changed() {
        let office = schedule("Europe/Berlin", &every_day("09:00", "17:00"));
        assert_eq!(office.opens_at(at("2026-03-28T20:00:00Z")), Some(at("2026-03-29T07:00:00Z")));
        assert_eq!(office.opens_at(at("2026-03-27T20:00:00Z")), Some(at("2026-03-28T08:00:00Z")));
        assert_eq!(office.opens_at(at("2026-10-24T20:00:00Z")), Some(at("2026-10-25T08:00:00Z")));
    }

    #[test]
    fn a_time_that_is_left_out_comes_later_and_one_that_comes_twice_counts_once() {
        let night = schedule("Europe/Berlin", &[(7, "02:15", "02:45")]);
        // 02:15 would be 01:15 UTC: the clocks go from 02:00 to 03:00 at 01:00 UTC.
        assert_eq!(night.opens_at(at("2026-03-28T20:00:00Z")), Some(at("2026-03-29T01:15:00Z")));
        assert!(!night.is_open(at("2026-03-29T01:45:00Z")));
        // 02:15 is 00:15 UTC and again 01:15 UTC.
        assert_eq!(night.opens_at(at("2026-10-24T20:00:00Z")), Some(at("2026-10-25T00:15:00Z")));
        assert!(!night.is_open(at("2026-10-25T01:20:00Z")));
    }

    /// Whatever the zone does: what opens next is the first minute that is open, and outside of the changes of
    /// the clocks it is open when the clocks show a time within a span.
    #[test]
    fn the_next_opening_is_the_first_minute_that_is_open() {
        let week = [
            (1, "09:00", "12:30"),
            (1, "13:00", "18:00"),
            (3, "00:00", "00:00"),
            (5, "22:00", "03:00"),
            (6, "23:30", "02:30"),
            (7, "02:15", "02:45"),
        ];
        let over = [
            ("Europe/Berlin", "2026-03-25T00:00:00Z"),
            ("Europe/Berlin", "2026-10-21T00:00:00Z"),
            ("America/New_York", "2026-10-28T00:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-01T00:00:00Z"),
            ("Asia/Kathmandu", "2026-01-01T00:00:00Z"),
            ("Pacific/Apia", "2011-12-27T00:00:00Z"),
            ("America/Havana", "2026-10-28T00:00:00Z"),
        ];
        for (zone, begin) in over {
            let (team, begin) = (schedule(zone, &week), at(begin).0);
            let minutes = (0..12 * 24 * 60).map(|n| UnixMs(begin + n * MINUTE));
            let mut next = None;
            for minute in minutes.rev() {
                if team.is_open(minute) {
                    next = Some(minute);
                }
                // Behind the last opening of the stretch nothing is known.
                if let Some(next) = next {
                    assert_eq!(team.opens_at(minute), Some(next), "{zone} {minute:?}");
                }
            }
            assert!(next.is_some());
        }
    }

    #[test]
    fn spans_may_be_named_in_any_order() {
        let shop = schedule("UTC", &[(1, "13:00", "18:00"), (1, "09:00", "12:00")]);
        assert_eq!(shop.opens_at(at("2026-11-22T12:00:00Z")), Some(at("2026-11-23T09:00:00Z")));
    }

    #[test]
    fn where_the_clocks_leave_out_the_only_span_of_a_week_the_next_week_counts() {
        // Half past two is as late as half past three then, which is after three.
        let night = schedule("Europe/Berlin", &[(7, "02:30", "03:00")]);
        assert_eq!(night.opens_at(at("2026-03-22T03:00:00Z")), Some(at("2026-04-05T00:30:00Z")));
    }

    /// Apia had no Friday, 30 December 2011: the clocks went from Thursday's midnight to Saturday.
    #[test]
    fn a_day_that_is_left_out_is_served_on_the_next() {
        let over_midnight = schedule("Pacific/Apia", &[(4, "22:00", "03:00")]);
        assert!(over_midnight.is_open(at("2011-12-30T12:59:00Z")), "Saturday, one minute to three");
        assert!(!over_midnight.is_open(at("2011-12-30T13:00:00Z")));
        let friday = schedule("Pacific/Apia", &[(5, "22:00", "23:00")]);
        assert_eq!(friday.opens_at(at("2011-12-30T22:00:00Z")), Some(at("2011-12-31T08:00:00Z")));
    }

    /// St John's went back from one minute past midnight to the day before.
    #[test]
    fn what_opened_stays_open_when_the_clocks_go_back_to_the_day_before() {
        let sunday = schedule("America/St_Johns", &[(7, "00:00", "05:00")]);
        assert!(sunday.is_open(at("2010-11-07T02:30:00Z")), "midnight");
        assert!(sunday.is_open(at("2010-11-07T02:45:00Z")), "a quarter past eleven on Saturday");
        assert!(!sunday.is_open(at("2010-11-07T02:29:59Z")));
    }

    #[test]
    fn extreme_times_are_closed() {
        let shop = schedule("UTC", &every_day("00:00", "00:00"));
        for ms in [i64::MIN, i64::MAX] {
            assert!(!shop.is_open(UnixMs(ms)));
        }
    }
}
