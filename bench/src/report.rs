//! The figures of all loads, as tables for people and as JSON for machines.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::hops::{Hop, bare_sum_us};
use crate::measure::Percentiles;
use crate::outcome::Outcome;
use crate::scenarios::COMPARED;
use crate::table::{millis, table};

/// What a run of the driver found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    outcomes: Vec<Outcome>,
    hops: Vec<HopFigures>,
    ratios: Vec<Ratio>,
}

#[derive(Debug, Serialize)]
struct HopFigures {
    mode: String,
    name: &'static str,
    times_in_path: u32,
    latency: Option<Percentiles>,
}

/// How far a message to ten receivers is from the hops it is made of.
#[derive(Debug, Serialize)]
struct Ratio {
    mode: String,
    end_to_end_p50_us: f64,
    bare_hops_us: f64,
    ratio: f64,
}

impl Report {
    /// Whether nothing was measured.
    pub(crate) fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.hops.is_empty()
    }

    /// Adds what came of one load.
    pub(crate) fn add_outcome(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// Adds a mode's hops, and the ratio when the scenario to compare with was run.
    pub(crate) fn add_hops(&mut self, mode: &str, hops: &[Hop]) {
        self.hops.extend(hops.iter().map(|hop| HopFigures {
            mode: mode.to_owned(),
            name: hop.name,
            times_in_path: hop.times,
            latency: hop.latency.summary(),
        }));
        let bare = bare_sum_us(hops);
        let compared = |run: &&Outcome| run.scenario == COMPARED && run.mode == mode;
        let found = self.outcomes.iter().find(compared);
        let message = found.and_then(|outcome| outcome.members.end_to_end);
        if let Some(message) = message.filter(|_| bare > 0.0) {
            self.ratios.push(Ratio {
                mode: mode.to_owned(),
                end_to_end_p50_us: message.p50_us,
                bare_hops_us: bare,
                ratio: message.p50_us / bare,
            });
        }
    }

    /// Writes everything as JSON.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn write_json(&self, file: &Path) -> anyhow::Result<()> {
        write_json(file, self)
    }
}

/// Writes figures as JSON.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn write_json(file: &Path, figures: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(figures)?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Runs of one mode are beside each other, so a table has no more columns than scenarios.
        for runs in self.outcomes.chunk_by(|a, b| a.mode == b.mode) {
            writeln!(f, "\n{}", table(runs))?;
        }
        for hop in &self.hops {
            let mode = &hop.mode;
            writeln!(f, "{mode:<9} {:<27} {}", hop.name, millis(hop.latency.as_ref()))?;
        }
        for ratio in &self.ratios {
            writeln!(f, "{ratio}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<9} to ten receivers, p50 end to end {:.2} ms = {:.2} times the sum of its bare hops \
             {:.2} ms",
            self.mode,
            self.end_to_end_p50_us / 1000.0,
            self.ratio,
            self.bare_hops_us / 1000.0
        )
    }
}
