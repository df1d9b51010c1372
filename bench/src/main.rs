//! `hark-bench`: puts a load on a Hark server of this machine and says how long messages took, how
//! many were lost and what they cost. See `bench/README.md`.

mod cast;
mod cli;
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
mod table;
mod target;
mod tokens;
mod users;

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    cli::Cli::parse().run().await
}
