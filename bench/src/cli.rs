//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cold_start::ColdStart;
use crate::hops;
use crate::load::Load;
use crate::report::Report;
use crate::scenarios::{self, Scenario};
use crate::server::Mode;
use crate::stage::{Place, Stage};
use crate::statistics::Statistics;

/// Puts a load on a Hark server of this machine and measures it: the named scenarios, with the bare
/// hops beside them, unless a command says otherwise.
#[derive(Parser)]
#[command(name = "hark-bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    scenarios: Scenarios,
}

#[derive(Subcommand)]
enum Command {
    /// One load of your own
    Load(Single),
    /// The bare hops alone
    Hops(Hops),
    /// Figures over a month of messages and sessions
    Statistics(Statistics),
    /// How long the functions take from their start to their first answer
    ColdStart(ColdStart),
}

#[derive(Args)]
struct Scenarios {
    /// The two-minute version
    #[arg(long)]
    quick: bool,
    /// Only this one: direct, ten, thousand, idle, flood
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct Single {
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct Hops {
    /// Default: embedded, and real as well if the services' variables are set
    #[arg(long)]
    mode: Option<Mode>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct Output {
    /// Write the figures there as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Cli {
    /// Does what was asked and prints the report.
    ///
    /// # Errors
    /// When a load can't be run. Lost and repeated messages are figures, not errors.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut report = Report::default();
        let (done, output) = match self.command {
            None => (self.scenarios.run(&mut report).await, self.scenarios.output),
            Some(Command::Load(command)) => (command.run(&mut report).await, command.output),
            Some(Command::Hops(command)) => (command.run(&mut report).await, command.output),
            Some(Command::Statistics(command)) => return command.run().await,
            Some(Command::ColdStart(command)) => return command.run().await,
        };
        // What was measured before a failure is shown all the same.
        if !report.is_empty() {
            println!("{report}");
        }
        if let Some(file) = output.json {
            report.write_json(&file)?;
        }
        done
    }
}

impl Scenarios {
    async fn run(&self, report: &mut Report) -> anyhow::Result<()> {
        let chosen = scenarios::chosen(self.scenario.as_deref())?;
        for mode in self.place.modes() {
            let mut stage = Stage::open(&self.place, mode).await?;
            let done = self.play(&mut stage, &chosen, report).await;
            stage.close().await?;
            done?;
        }
        Ok(())
    }

    /// Hops before and after, so that what else the machine does weighs on both sides.
    async fn play(&self, stage: &mut Stage, chosen: &[&Scenario], report: &mut Report) -> anyhow::Result<()> {
        let mut hops = stage.hops().await?;
        for scenario in chosen {
            eprintln!("{}: {}", scenario.name, scenario.what);
            let load = if self.quick { &scenario.quick } else { &scenario.full };
            report.add_outcome(stage.run(scenario.name, load).await?);
        }
        hops::merge(&mut hops, &stage.hops().await?);
        report.add_hops(stage.mode_name(), &hops);
        Ok(())
    }
}

impl Single {
    async fn run(&self, report: &mut Report) -> anyhow::Result<()> {
        for mode in self.place.modes() {
            let mut stage = Stage::open(&self.place, mode).await?;
            let outcome = stage.run("load", &self.load).await;
            stage.close().await?;
            report.add_outcome(outcome?);
        }
        Ok(())
    }
}

impl Hops {
    async fn run(&self, report: &mut Report) -> anyhow::Result<()> {
        let modes = self.mode.map_or_else(Mode::available, |mode| vec![mode]);
        for mode in modes {
            report.add_hops(mode.name(), &hops::measure(mode).await?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn scenarios_are_what_runs_without_a_command() {
        let cli = parse("hark-bench --quick --scenario ten").unwrap();
        assert!(cli.command.is_none() && cli.scenarios.quick);
        let load = parse("hark-bench load --rate 20").unwrap();
        assert!(matches!(load.command, Some(Command::Load(single)) if single.load.rate == Some(20.0)));
    }

    #[test]
    fn a_load_is_open_or_closed_and_not_both() {
        assert!(parse("hark-bench load --rate 20 --window 4").is_err());
        assert!(parse("hark-bench --quick load").is_err());
    }
}
