//! `cargo run`: the local runner.

use clap::Parser;
use local::{
    Options, Parts, Ports, Runner, gateway::ManagementAccess, gateway::sockets::Sockets, invoke::Functions,
    stop_requested, template::Template,
};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let template = Template::read(&options.template, &options.overrides())?;
    let ports = Ports::bind(&options, ManagementAccess::Loopback)?;
    let parts = Parts {
        template,
        sockets: Sockets::new(),
        invoker: Arc::new(Functions::new()),
        background: Vec::new(),
    };
    let runner = Runner::start(&options, ports, parts);
    println!("http://{}", runner.address());
    stop_requested().await?;
    runner.stop().await;
    Ok(())
}
