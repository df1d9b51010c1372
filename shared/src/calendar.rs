//! Days and hours as the clocks of one place show them, from a time zone database of our own: so every
//! engine and every machine counts a moment to the same hour.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::UnixMs;
use crate::contract;

/// The years that a day may be of: what databases and time zones hold alike.
const YEARS: RangeInclusive<i16> = 1..=9998;

/// No change of the clocks is larger, so a day's hours lie within so much of its nominal bounds.
const SLACK_MS: i64 = 26 * 3_600_000;

/// A local day; `2026-11-21` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// # Panics
    /// When there is no such day; for days that are written down.
    #[must_use]
    pub const fn of(year: i16, month: i8, day: i8) -> Self {
        Self(jiff::civil::date(year, month, day))
    }

    /// The one after; the last there is stays.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    #[must_use]
    pub fn previous(self) -> Self {
        self.plus(-1)
    }

    /// So many days later, or earlier when negative.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days.days()))
    }

    /// How many days there are from this one to `last`, both counted; none when it is before.
    #[must_use]
    pub fn days_to(self, last: Self) -> i64 {
        (last.0.duration_since(self.0).as_hours() / 24 + 1).max(0)
    }

    /// Every day of a span, in order.
    pub fn each(days: &RangeInclusive<Self>) -> impl Iterator<Item = Self> + use<> {
        let (first, last) = (*days.start(), *days.end());
        std::iter::successors(Some(first), |day| Some(day.next())).take_while(move |day| *day <= last)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = &'static str;

    /// Takes `2026-11-21` and no other spelling.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date: Option<Date> = text.parse().ok();
        let date = date.filter(|date| YEARS.contains(&date.year()) && date.to_string() == text);
        date.map(Self).ok_or("must be a day such as 2026-11-21")
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        contract::day("A local day, for example `2026-11-21`.").into()
    }
}

impl ToSchema for Day {}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A stretch of time in which the clocks show one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourSpan {
    pub day: Day,
    /// 0 to 23.
    pub hour: u8,
    pub from: UnixMs,
    /// Not included.
    pub until: UnixMs,
}

/// The days and hours of one time zone.
#[derive(Clone)]
pub struct Calendar {
    zone: TimeZone,
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Calendar {
    /// Of the zone that the IANA calls so; None when there is none.
    #[must_use]
    pub fn of(zone: &str) -> Option<Self> {
        TimeZone::get(zone).ok().map(|zone| Self { zone })
    }

    /// As the IANA calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// What the clocks show at a moment: the day, and the hour from 0 to 23.
    #[must_use]
    pub fn hour_of(&self, at: UnixMs) -> (Day, u8) {
        let local = self.local(instant(at));
        (Day(local.date()), local.hour().unsigned_abs())
    }

    #[must_use]
    pub fn day_of(&self, at: UnixMs) -> Day {
        self.hour_of(at).0
    }

    /// The hours of a day, as long as they really are: where the clocks are put forward one is missing or
    /// short, where they are put back one comes twice. Together they are all moments whose
    /// [`Calendar::hour_of`] is in that day.
    #[must_use]
    pub fn span(&self, day: Day) -> Vec<HourSpan> {
        let nominal = |day: Day| TimeZone::UTC.to_timestamp(day.0.to_datetime(jiff::civil::Time::midnight()));
        let (Ok(first), Ok(last)) = (nominal(day), nominal(day.next())) else { return Vec::new() };
        let (mut at, end) = (first.as_millisecond() - SLACK_MS, last.as_millisecond() + SLACK_MS);
        let mut hours = Vec::with_capacity(25);
        while at < end {
            let until = self.hour_end(at);
            let (of, hour) = self.hour_of(UnixMs(at));
            if of == day {
                hours.push(HourSpan { day, hour, from: UnixMs(at), until: UnixMs(until) });
            }
            at = until;
        }
        hours
    }

    /// The hours of every day from the first to the last.
    #[must_use]
    pub fn spans(&self, days: &RangeInclusive<Day>) -> Vec<HourSpan> {
        Day::each(days).flat_map(|day| self.span(day)).collect()
    }

    /// When the day begins; when the one before ends, if the clocks skip it.
    #[must_use]
    pub fn begins(&self, day: Day) -> UnixMs {
        let midnight = day.0.to_zoned(self.zone.clone());
        midnight.map_or(UnixMs(i64::MAX), |midnight| UnixMs(midnight.timestamp().as_millisecond()))
    }

    /// When the hour ends that the clocks show: at its full hour, or earlier if they are put forward or back.
    fn hour_end(&self, at: i64) -> i64 {
        let now = instant(UnixMs(at));
        let local = self.local(now);
        let into = i64::from(local.minute()) * 60_000
            + i64::from(local.second()) * 1000
            + i64::from(local.millisecond());
        let full = at + 3_600_000 - into;
        let change = self.zone.following(now).next().map(|change| change.timestamp().as_millisecond());
        change.map_or(full, |change| full.min(change).max(at + 1))
    }

    fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }
}

/// A moment as ISO 8601 writes it, in UTC: `2024-01-15T10:30:00Z`.
#[must_use]
pub fn iso_8601(at: UnixMs) -> String {
    instant(at).to_string()
}

/// Beyond what a day can be of, the nearest that can.
fn instant(at: UnixMs) -> Timestamp {
    let nearest = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at.0).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: &str) -> Calendar {
        Calendar::of(zone).expect(zone)
    }

    fn at(text: &str) -> UnixMs {
        UnixMs(text.parse::<Timestamp>().expect(text).as_millisecond())
    }

    fn hours(zone: &str, day: Day) -> Vec<u8> {
        calendar(zone).span(day).into_iter().map(|span| span.hour).collect()
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!("2026-11-21".parse(), Ok(Day::of(2026, 11, 21)));
        assert_eq!(Day::of(2026, 3, 1).to_string(), "2026-03-01");
        for text in ["2026-02-29", "2026-1-1", "20261121", "2026-11-21T00:00", "", "0000-01-01", "9999-01-01"]
        {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        assert!("2024-02-29".parse::<Day>().is_ok());
    }

    #[test]
    fn a_span_of_days_counts_both_ends() {
        let first = Day::of(2024, 2, 28);
        assert_eq!(first.days_to(Day::of(2024, 3, 1)), 3);
        assert_eq!(first.days_to(first), 1);
        assert_eq!(first.days_to(first.previous()), 0);
        assert_eq!(first.days_to(first.plus(-40)), 0);
        let days: Vec<String> = Day::each(&(first..=first.plus(2))).map(|day| day.to_string()).collect();
        assert_eq!(days, ["2024-02-28", "2024-02-29", "2024-03-01"]);
    }

    #[test]
    fn a_day_has_23_24_or_25_hours() {
        let plain: Vec<u8> = (0..24).collect();
        assert_eq!(hours("UTC", Day::of(2026, 3, 29)), plain);
        assert_eq!(hours("Asia/Kolkata", Day::of(2026, 3, 29)), plain);
        let spring: Vec<u8> = (0..24).filter(|hour| *hour != 2).collect();
        assert_eq!(hours("Europe/Berlin", Day::of(2026, 3, 29)), spring);
        let mut autumn = plain.clone();
        autumn.insert(2, 2);
        assert_eq!(hours("Europe/Berlin", Day::of(2026, 10, 25)), autumn);
    }

    #[test]
    fn a_day_of_a_half_hour_zone_begins_at_half_past() {
        let span = calendar("Asia/Kolkata").span(Day::of(2026, 11, 21));
        assert_eq!(span[0].from, at("2026-11-20T18:30:00Z"));
        assert_eq!(span[23].until, at("2026-11-21T18:30:00Z"));
        assert!(span.iter().all(|hour| hour.until.0 - hour.from.0 == 3_600_000));
    }

    #[test]
    fn clocks_put_back_by_half_an_hour_show_an_hour_of_ninety_minutes() {
        let span = calendar("Australia/Lord_Howe").span(Day::of(2026, 4, 5));
        let ones: i64 =
            span.iter().filter(|hour| hour.hour == 1).map(|hour| hour.until.0 - hour.from.0).sum();
        assert_eq!(ones, 90 * 60_000);
    }

    #[test]
    fn a_day_that_was_skipped_has_no_hour() {
        assert!(calendar("Pacific/Apia").span(Day::of(2011, 12, 30)).is_empty());
        assert_eq!(hours("Pacific/Apia", Day::of(2011, 12, 31)).len(), 24);
    }

    /// Whatever the zone does, the hours of its days and the hour of a moment are the same partition.
    #[test]
    fn every_moment_is_in_the_span_of_its_own_hour_and_in_no_other() {
        let of_zone = [
            ("Europe/Berlin", Day::of(2026, 10, 24)),
            ("America/New_York", Day::of(2026, 3, 7)),
            ("America/Havana", Day::of(2026, 10, 31)),
            ("America/St_Johns", Day::of(2010, 11, 6)),
            ("Australia/Lord_Howe", Day::of(2026, 10, 3)),
            ("Asia/Kathmandu", Day::of(2026, 1, 1)),
            ("Pacific/Apia", Day::of(2011, 12, 29)),
            ("Africa/Cairo", Day::of(2026, 4, 23)),
        ];
        for (zone, first) in of_zone {
            let calendar = calendar(zone);
            let spans = calendar.spans(&(first..=first.plus(3)));
            let mut minute = calendar.begins(first).0;
            for _ in 0..4 * 24 * 60 - 120 {
                let (day, hour) = calendar.hour_of(UnixMs(minute));
                let found: Vec<_> =
                    spans.iter().filter(|span| (span.from.0..span.until.0).contains(&minute)).collect();
                if day <= first.plus(3) && day >= first {
                    assert_eq!(found.len(), 1, "{zone} {minute}");
                    assert_eq!((found[0].day, found[0].hour), (day, hour), "{zone} {minute}");
                }
                minute += 60_000;
            }
        }
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        assert_eq!(iso_8601(UnixMs(1_705_314_600_000)), "2024-01-15T10:30:00Z");
        assert_eq!(iso_8601(UnixMs(1_705_314_600_120)), "2024-01-15T10:30:00.12Z");
    }

    #[test]
    fn extreme_times_have_an_hour_too() {
        for ms in [i64::MIN, i64::MAX] {
            let (_, hour) = calendar("Asia/Shanghai").hour_of(UnixMs(ms));
            assert!(hour < 24);
        }
    }
}
