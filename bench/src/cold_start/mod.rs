//! How long a function takes from the start of its process to its first answered event, beside what bare connects to
//! the services take meanwhile; and what it holds in memory after many events.
//!
//! The functions are those of `make build`, started and invoked as the runner's process mode does it.

mod connects;
mod events;
mod figures;
mod ground;
mod instance;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;

use crate::process::resident_bytes;
use crate::report::write_json;
use connects::Connects;
use events::{FUNCTIONS, Function};
use figures::{Figures, Measured};
use ground::Ground;
use instance::Instance;

#[derive(Args)]
pub(crate) struct ColdStart {
    /// Where the functions are, each `DIR/<function>/bootstrap` with its zip in `DIR/<function>.zip`
    #[arg(long, value_name = "DIR", default_value = "target/lambda")]
    functions: PathBuf,
    /// Only this function; may be repeated
    #[arg(long = "function", value_name = "NAME")]
    only: Vec<String>,
    /// How often each function is started, and each service connected to
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
    /// How many events one instance answers before its memory is read; 0 doesn't read it
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    events: u32,
    /// Write the figures there as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl ColdStart {
    /// Measures, prints, and drops what it made. What misses an aim is marked and no error.
    ///
    /// # Errors
    /// The services aren't there, a function isn't built, or one doesn't answer its event with a success.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let chosen = chosen(&self.only)?;
        let ground = Ground::lay().await?;
        let measured = self.measure(&chosen, &ground).await;
        ground.clear().await?;
        let figures = measured?;
        println!("{figures}");
        self.json.as_ref().map_or(Ok(()), |file| write_json(file, &figures))
    }

    async fn measure(&self, chosen: &[&'static Function], ground: &Ground) -> anyhow::Result<Figures> {
        let mut connects = Connects::default();
        let mut functions: Vec<Measured> = chosen.iter().map(|function| Measured::new(function)).collect();
        for measured in &functions {
            // What there is to do once, as in `upkeep`, isn't timed.
            ground.settle().await?;
            self.fresh(measured.function, ground).await?.end().await?;
        }
        // In rounds, so that what else the machine does weighs on all of them alike.
        for round in 1..=self.starts {
            for measured in &mut functions {
                self.start(measured, ground).await?;
            }
            connects.measure(ground).await?;
            if round % 10 == 0 {
                eprintln!("{round} of {} starts", self.starts);
            }
        }
        if self.events > 0 {
            for measured in &mut functions {
                measured.resident_bytes = Some(self.memory_of(measured.function, ground).await?);
            }
        }
        Ok(Figures::new(&connects, &functions))
    }

    /// Times a fresh instance.
    async fn start(&self, measured: &mut Measured, ground: &Ground) -> anyhow::Result<()> {
        ground.settle().await?;
        let began = Instant::now();
        let instance = self.fresh(measured.function, ground).await?;
        let took = began.elapsed();
        measured.latency.record(u64::try_from(took.as_nanos())?);
        measured.sizes = Some(instance.sizes(&self.functions)?);
        instance.end().await
    }

    /// An instance that was started by its first event and has answered it.
    async fn fresh(&self, function: &'static Function, ground: &Ground) -> anyhow::Result<Instance> {
        let instance = Instance::of(function, &self.functions, ground)?;
        instance.answer().await?;
        Ok(instance)
    }

    async fn memory_of(&self, function: &'static Function, ground: &Ground) -> anyhow::Result<u64> {
        eprintln!("{}: {} events", function.name, self.events);
        ground.settle().await?;
        let instance = self.fresh(function, ground).await?;
        let pid = instance.pid()?;
        for _ in 1..self.events {
            instance.answer().await?;
        }
        ensure!(instance.pid()? == pid, "{}: another process answered in the middle", function.name);
        let bytes = resident_bytes(pid)?;
        instance.end().await?;
        Ok(bytes)
    }
}

/// All functions, or those named.
fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Function>> {
    if names.is_empty() {
        return Ok(FUNCTIONS.iter().collect());
    }
    let named = |name: &String| FUNCTIONS.iter().find(|function| function.name == name);
    names.iter().map(|name| named(name).with_context(|| format!("there is no function {name}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_functions_are_measured_unless_some_are_named() {
        assert_eq!(chosen(&[]).unwrap().len(), FUNCTIONS.len());
        let names: Vec<&str> = chosen(&["rooms".to_owned(), "authorize".to_owned()])
            .unwrap()
            .iter()
            .map(|function| function.name)
            .collect();
        assert_eq!(names, ["rooms", "authorize"]);
        let refused = chosen(&["lobby".to_owned()]).unwrap_err().to_string();
        assert_eq!(refused, "there is no function lobby");
    }
}
