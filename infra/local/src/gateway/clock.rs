//! Times as events carry them.

use time::{UtcDateTime, format_description::BorrowedFormatItem, macros::format_description};

const REQUEST_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
const ISO_8601: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// As in `requestContext.requestTime`: `21/Nov/2026:01:26:03 +0000`.
pub(super) fn request_time(millis: i64) -> String {
    format(millis, REQUEST_TIME)
}

/// ISO 8601 with milliseconds, as `@connections` answers.
pub(super) fn iso_8601(millis: i64) -> String {
    format(millis, ISO_8601)
}

fn format(millis: i64, format: &[BorrowedFormatItem<'_>]) -> String {
    let time = UtcDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
    let text = time.ok().and_then(|time| time.format(format).ok());
    text.unwrap_or_default()
}
