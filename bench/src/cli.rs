//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::hops;
use crate::load::Load;
use crate::report::Report;
use crate::scenarios::{self, Scenario};
use crate::server::Mode;
use crate::stage::{Place, Stage};

/// Puts a load on a Hark server of this machine and measures it.
#[derive(Parser)]
#[command(name = "hark-bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The named loads, with the bare hops beside them
    Scenarios(Scenarios),
    /// One load of your own
    Load(Single),
    /// The bare hops alone
    Hops(Hops),
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
            Command::Scenarios(command) => (command.run(&mut report).await, command.output),
            Command::Load(command) => (command.run(&mut report).await, command.output),
            Command::Hops(command) => (command.run(&mut report).await, command.output),
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
    async fn play(
        &self,
        stage: &mut Stage,
        chosen: &[&Scenario],
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let mut hops = stage.hops().await?;
        for scenario in chosen {
            eprintln!("{}: {}", scenario.name, scenario.what);
            let load = if self.quick {
                &scenario.quick
            } else {
                &scenario.full
            };
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
