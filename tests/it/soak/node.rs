//! A runner as a process of its own, on fixed ports, that can be killed.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

/// The runner itself, built with the tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_hark-node");
const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
const STARTS_WITHIN: Duration = Duration::from_secs(60);

pub struct Node {
    process: Child,
    variables: Vec<(String, String)>,
    port: u16,
    management_port: u16,
    log: PathBuf,
}

impl Node {
    /// Starts it on free ports and returns once it answers. Its output is kept in `folder`.
    pub async fn start(folder: &Path, variables: Vec<(String, String)>) -> Self {
        let (port, management_port) = (free_port(), free_port());
        let log = folder.join("node.log");
        let process = spawn(port, management_port, &variables, &log);
        let mut node = Self { process, variables, port, management_port, log };
        node.wait_until_it_answers().await;
        node
    }

    /// What a runner says that doesn't start.
    pub async fn refused(folder: &Path, variables: Vec<(String, String)>) -> String {
        let log = folder.join("node.log");
        let mut process = spawn(free_port(), free_port(), &variables, &log);
        let deadline = Instant::now() + STARTS_WITHIN;
        let ended = loop {
            match process.try_wait().expect("the process can be asked") {
                Some(ended) => break ended,
                None if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(20)).await,
                None => {
                    let _ = process.kill();
                    panic!("it started");
                }
            }
        };
        assert!(!ended.success(), "it ended as if all were well");
        std::fs::read_to_string(&log).expect("it says why")
    }

    /// Everything that it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The process; another one after a restart.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn is_alive(&mut self) -> bool {
        self.process.try_wait().expect("the process can be asked").is_none()
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().expect("it can be killed");
        self.process.wait().expect("it ends");
    }

    /// Starts it again after a kill, on the same ports.
    pub async fn restart(&mut self) {
        self.process = spawn(self.port, self.management_port, &self.variables, &self.log);
        self.wait_until_it_answers().await;
    }

    async fn wait_until_it_answers(&mut self) {
        let url = format!("http://{}/health", self.address());
        let deadline = Instant::now() + STARTS_WITHIN;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        while client.get(&url).send().await.is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "the node ended:\n{}", self.log());
            assert!(Instant::now() < deadline, "the node doesn't answer:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("the node's last words:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

fn spawn(port: u16, management_port: u16, variables: &[(String, String)], log: &Path) -> Child {
    let log = File::options().create(true).append(true).open(log).expect("the log opens");
    Command::new(PROGRAM)
        .args(["--template", TEMPLATE])
        .env("PORT", port.to_string())
        .env("MANAGEMENT_PORT", management_port.to_string())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log opens twice"))
        .stderr(log)
        .spawn()
        .expect("the node starts")
}

/// Below the range of outgoing connections, one of which could else take it while the node is dead.
fn free_port() -> u16 {
    let mut chance = rand::rng();
    std::iter::repeat_with(|| chance.random_range(10_000..30_000))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("there is one")
}
