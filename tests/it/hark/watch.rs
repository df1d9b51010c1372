//! Every function under `cargo lambda watch`, for one run of Hark.

use std::collections::HashMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use ::http::Uri;
use tokio::net::TcpStream;

use super::{MANAGEMENT_SECRET, ROOT, eventually};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/bin/cargo-lambda");

/// A watch with the functions that it started; dropping it ends them.
pub struct Watch {
    watch: Child,
    port: u16,
    /// The port on which the runner has to answer `@connections`: the functions were told it.
    pub management_port: u16,
}

impl Watch {
    /// Starts it with the environment of one case, in which the functions need the secret of tokens, too.
    pub async fn start(variables: &HashMap<String, String>) -> Self {
        let (port, management_port) = (free_port(), free_port());
        let watch = Command::new(PROGRAM)
            .args(["lambda", "watch", "--quiet", "--ignore-changes", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &port.to_string()])
            .current_dir(ROOT)
            .envs(variables)
            .envs([
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", MANAGEMENT_SECRET),
                ("AWS_REGION", "us-east-1"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true"),
                ("SERVICE_NETWORKS", "loopback"),
            ])
            .env("ENDPOINT_URL", format!("http://127.0.0.1:{management_port}/live"))
            .stdin(Stdio::null())
            .spawn()
            .expect("run `make test-all`, which installs cargo-lambda");
        let started = Self { watch, port, management_port };
        eventually(async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
        started
    }

    /// Where its Invoke API is.
    pub fn url(&self) -> Uri {
        format!("http://127.0.0.1:{}", self.port).parse().expect("a URL")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It ends its functions, which are groups of their own, and then itself.
        let _ = Command::new("kill").args(["-TERM", &self.watch.id().to_string()]).status();
        let _ = self.watch.wait();
    }
}

/// A port that nobody has at the moment: a watch can't be told to take any.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
