//! What was found, beside what is aimed at: as a table for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use super::connects::Connects;
use super::events::Function;
use super::instance::Sizes;
use crate::measure::{Latency, Percentiles};

/// A cold start takes so many times the slowest bare connect at most, by their medians.
const TIMES_CONNECT: f64 = 1.5;
/// Resident memory, in bytes.
const RESIDENT_BYTES: u64 = 18 << 20;
/// It hashes passwords, which takes as much again.
const HASHES: &str = "accounts";
const ZIP_BYTES: u64 = 4_500_000;

/// A function while it is measured.
pub(super) struct Measured {
    pub(super) function: &'static Function,
    pub(super) latency: Latency,
    pub(super) sizes: Option<Sizes>,
    pub(super) resident_bytes: Option<u64>,
}

impl Measured {
    pub(super) fn new(function: &'static Function) -> Self {
        Self { function, latency: Latency::default(), sizes: None, resident_bytes: None }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Figures {
    connects: Vec<Connect>,
    functions: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Connect {
    name: &'static str,
    latency: Percentiles,
}

#[derive(Debug, Serialize)]
struct Row {
    function: &'static str,
    event: &'static str,
    cold_start: Percentiles,
    /// The median over that of the slowest bare connect.
    times_connect: f64,
    resident_bytes: Option<u64>,
    binary_bytes: Option<u64>,
    zip_bytes: Option<u64>,
    misses: Vec<Aim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Aim {
    TimesConnect,
    Resident,
    Zip,
}

impl Figures {
    pub(super) fn new(connects: &Connects, functions: &[Measured]) -> Self {
        let timed = connects.all().into_iter();
        let connects: Vec<Connect> =
            timed.filter_map(|(name, latency)| Some(Connect { name, latency: latency.summary()? })).collect();
        let slowest = connects.iter().map(|connect| connect.latency.p50_us).fold(0.0, f64::max);
        let functions = functions.iter().filter_map(|measured| Row::new(measured, slowest)).collect();
        Self { connects, functions }
    }
}

impl Row {
    /// None when it was never started.
    fn new(measured: &Measured, slowest_us: f64) -> Option<Self> {
        let cold_start = measured.latency.summary()?;
        let mut row = Self {
            function: measured.function.name,
            event: measured.function.event,
            cold_start,
            times_connect: cold_start.p50_us / slowest_us,
            resident_bytes: measured.resident_bytes,
            binary_bytes: measured.sizes.map(|sizes| sizes.binary),
            zip_bytes: measured.sizes.and_then(|sizes| sizes.zip),
            misses: Vec::new(),
        };
        row.misses = row.missed();
        Some(row)
    }

    fn missed(&self) -> Vec<Aim> {
        let resident = self.function != HASHES && self.resident_bytes > Some(RESIDENT_BYTES);
        let aims = [
            (Aim::TimesConnect, self.times_connect > TIMES_CONNECT),
            (Aim::Resident, resident),
            (Aim::Zip, self.zip_bytes > Some(ZIP_BYTES)),
        ];
        aims.into_iter().filter(|(_, is_missed)| *is_missed).map(|(aim, _)| aim).collect()
    }

    /// `!` behind a figure that misses its aim.
    fn mark(&self, aim: Aim) -> char {
        if self.misses.contains(&aim) { '!' } else { ' ' }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<38} {:>8} {:>8}", "bare connects", "p50 ms", "p99 ms")?;
        for Connect { name, latency } in &self.connects {
            writeln!(f, "{name:<38} {:>8} {:>8}", millis(latency.p50_us), millis(latency.p99_us))?;
        }
        let heads = ["p50 ms", "p99 ms", "times", "MiB", "MB", "zip MB"];
        let [p50, p99, times, resident, binary, zip] = heads;
        writeln!(
            f,
            "\n{:<38} {p50:>8} {p99:>8} {times:>6}  {resident:>6}  {binary:>6} {zip:>6}",
            "cold starts"
        )?;
        self.functions.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        let mib = RESIDENT_BYTES >> 20;
        write!(
            f,
            "\n! misses its aim: {TIMES_CONNECT} times the slowest bare connect, {mib} MiB ({HASHES} apart), \
             {} MB zipped",
            megabytes(Some(ZIP_BYTES))
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<38} {:>8} {:>8} {:>6.2}{} {:>6}{} {:>6} {:>6}{}",
            self.event,
            millis(self.cold_start.p50_us),
            millis(self.cold_start.p99_us),
            self.times_connect,
            self.mark(Aim::TimesConnect),
            mebibytes(self.resident_bytes),
            self.mark(Aim::Resident),
            megabytes(self.binary_bytes),
            megabytes(self.zip_bytes),
            self.mark(Aim::Zip),
        )
    }
}

fn millis(micros: f64) -> String {
    format!("{:.2}", micros / 1000.0)
}

fn mebibytes(bytes: Option<u64>) -> String {
    of_unit(bytes, 1024.0 * 1024.0)
}

fn megabytes(bytes: Option<u64>) -> String {
    of_unit(bytes, 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "files and processes are far below 2^52 bytes")]
fn of_unit(bytes: Option<u64>, unit: f64) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.2}", bytes as f64 / unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cold_start::events::FUNCTIONS;

    const MILLISECOND: u64 = 1_000_000;

    fn of(name: &str, millis: u64, resident_bytes: u64, zip: u64) -> Measured {
        let function = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
        let mut measured = Measured::new(function);
        measured.latency.record(millis * MILLISECOND);
        measured.resident_bytes = Some(resident_bytes);
        measured.sizes = Some(Sizes { binary: 9_000_000, zip: Some(zip) });
        measured
    }

    fn row(measured: &Measured) -> Row {
        Row::new(measured, 10_000.0).unwrap()
    }

    #[test]
    fn what_meets_its_aims_is_not_marked() {
        let row = row(&of("rooms", 14, RESIDENT_BYTES, ZIP_BYTES));
        assert!((row.times_connect - 1.4).abs() < 0.01, "{row:?}");
        assert_eq!(row.misses, []);
        assert!(!row.to_string().contains('!'), "{row}");
    }

    #[test]
    fn what_misses_an_aim_is_marked_there() {
        let times = row(&of("rooms", 16, RESIDENT_BYTES, ZIP_BYTES));
        assert_eq!(times.misses, [Aim::TimesConnect]);
        assert!(times.to_string().contains("1.60!"), "{times}");
        let resident = row(&of("rooms", 14, RESIDENT_BYTES + 1, ZIP_BYTES));
        assert_eq!(resident.misses, [Aim::Resident]);
        assert!(resident.to_string().contains("18.00!"), "{resident}");
        let zip = row(&of("rooms", 14, RESIDENT_BYTES, ZIP_BYTES + 1));
        assert_eq!(zip.misses, [Aim::Zip]);
        assert!(zip.to_string().ends_with("4.50!"), "{zip}");
    }

    #[test]
    fn who_hashes_passwords_has_no_aim_for_memory() {
        assert_eq!(row(&of("accounts", 14, 40 << 20, ZIP_BYTES)).misses, []);
    }

    #[test]
    fn what_was_not_read_misses_nothing_and_is_a_dash() {
        let mut measured = of("rooms", 14, 0, 0);
        (measured.resident_bytes, measured.sizes) = (None, None);
        let row = row(&measured);
        assert_eq!(row.misses, []);
        assert!(row.to_string().trim_end().ends_with("-       -      -"), "{row}");
    }

    #[test]
    fn a_function_that_was_never_started_has_no_row() {
        assert!(Row::new(&Measured::new(&FUNCTIONS[0]), 10_000.0).is_none());
    }
}
