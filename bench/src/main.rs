//! `hark-bench`: puts a load on a Hark server of this machine and says how long messages took, how
//! many were lost and what they cost. See `bench/README.md`.

mod cast;
mod cli;
mod cold_start;
mod database;
mod drive;
mod frames;
mod hops;
mod idle;
mod limits;
mod load;
mod measure;
mod metronome;
mod outcome;
mod process;
mod progress;
mod receive;
mod report;
mod rooms;
mod runner;
mod scenarios;
mod send;
mod server;
mod sockets;
mod stage;
mod statistics;
mod table;
mod target;
mod tokens;
mod users;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let run = cli::Cli::parse().run();
    let done = tokio::select! {
        done = run => done,
        // Dropping the run stops the runner and removes its state.
        stopped = interrupted() => stopped,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hark-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    anyhow::bail!("interrupted")
}
