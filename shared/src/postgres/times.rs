use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use crate::clock::UnixMs;

/// The years 1 and 9999: what both Postgres and the type hold.
const RANGE_MS: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);

/// The time as a `timestamptz`; beyond the range, its nearest end.
pub(super) fn timestamp(at: UnixMs) -> OffsetDateTime {
    let ms = at.0.clamp(RANGE_MS.0, RANGE_MS.1);
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(super) fn unix_ms(at: OffsetDateTime) -> UnixMs {
    let ms = at.unix_timestamp_nanos().div_euclid(1_000_000);
    // The years of the type are far within 64 bits of milliseconds.
    UnixMs(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// The `timestamptz` column `name` of a row.
pub(super) fn time_of(row: &PgRow, name: &str) -> Result<UnixMs, sqlx::Error> {
    row.try_get(name).map(unix_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_column() {
        for ms in [0, 1, 1_700_000_000_123, -1, -1_001] {
            assert_eq!(unix_ms(timestamp(UnixMs(ms))), UnixMs(ms));
        }
    }

    #[test]
    fn a_time_out_of_range_becomes_the_nearest() {
        assert_eq!(unix_ms(timestamp(UnixMs(i64::MAX))), UnixMs(RANGE_MS.1));
        assert_eq!(unix_ms(timestamp(UnixMs(i64::MIN))), UnixMs(RANGE_MS.0));
    }
}
