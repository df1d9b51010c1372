//! `cargo run`: the local runner.

use clap::Parser;
use local::{Banner, Options, Running, demo, stop_requested};
use std::process::ExitCode;

/// The library reports what comes back unrouted a second time: we do, with the queue's name.
const QUIET: &str = "lapin::returned_messages=off";

#[tokio::main]
async fn main() -> ExitCode {
    let level = local::log_level();
    // Less than in AWS: what is worth reading here is printed below.
    shared::telemetry::init(&format!("{},{QUIET}", level.as_deref().unwrap_or("warn")));
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hark: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is told to stop, or does the one thing that it was asked for.
async fn run(options: Options) -> anyhow::Result<()> {
    if let Some(document) = options.print {
        print!("{}", document.text());
        return Ok(());
    }
    if let [function, event] = &options.invoke[..] {
        println!("{}", local::invoke_once(&options, function, event).await?);
        return Ok(());
    }
    let running = local::start(options).await?;
    announce(&running).await?;
    stop_requested().await?;
    running.stop().await;
    Ok(())
}

async fn announce(running: &Running) -> anyhow::Result<()> {
    let has_demos = running.is_embedded() && !running.are_guests();
    let demos = if has_demos { demo::identities(running.app()).await? } else { Vec::new() };
    println!("{}", Banner { running, demos: &demos });
    Ok(())
}
