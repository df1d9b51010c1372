//! A server with everybody who takes part, for several loads one after the other.

use std::path::PathBuf;

use clap::Args;

use crate::drive::{self, Crowd};
use crate::hops::{self, Hop};
use crate::load::Load;
use crate::outcome::Outcome;
use crate::server::{Mode, Server};
use crate::target::Target;
use crate::tokens;
use crate::users::Users;

/// Where the load goes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// A server that runs already, on a loopback address; otherwise the driver starts one
    #[arg(long, conflicts_with = "hark")]
    pub(crate) url: Option<String>,
    /// Its process, for CPU and memory
    #[arg(long, requires = "url")]
    pub(crate) pid: Option<u32>,
    /// The runner to start
    #[arg(long, default_value = "target/release/hark")]
    pub(crate) hark: PathBuf,
    /// How to start it; for a running server, which hops to measure beside. Default: embedded, and
    /// real as well if DATABASE_URL, REDIS_URL and RABBITMQ_URL are set
    #[arg(long)]
    pub(crate) mode: Option<Mode>,
    /// The server's secret, to renew kept users' tokens with. A runner started here gets this one, or
    /// a random one
    #[arg(long)]
    pub(crate) jwt_secret: Option<String>,
    /// Keep the registered users in this file for the next run on the same server
    #[arg(long)]
    pub(crate) users: Option<PathBuf>,
}

impl Place {
    /// The modes to run, one after the other; a running server has none that the driver chooses.
    pub(crate) fn modes(&self) -> Vec<Option<Mode>> {
        match (&self.url, self.mode) {
            (None, None) => Mode::available().into_iter().map(Some).collect(),
            (_, mode) => vec![mode],
        }
    }

    async fn server(&self, mode: Option<Mode>) -> anyhow::Result<Server> {
        if let Some(url) = &self.url {
            return Ok(Server::running(Target::parse(url)?, self.pid));
        }
        let secret = self.jwt_secret.clone().unwrap_or_else(random_secret);
        Server::start(self.hark.clone(), mode.unwrap_or(Mode::Embedded), secret).await
    }
}

/// 64 hexadecimal digits.
fn random_secret() -> String {
    let half = || uuid::Uuid::new_v4().simple().to_string();
    half() + &half()
}

/// A server with its users and hops.
pub(crate) struct Stage {
    place: Place,
    server: Server,
    crowd: Crowd,
    mode: Option<Mode>,
}

impl Stage {
    /// Starts the server, or looks for the running one.
    ///
    /// # Errors
    /// When it isn't there, isn't on loopback, or the kept users can't be read.
    pub(crate) async fn open(place: &Place, mode: Option<Mode>) -> anyhow::Result<Self> {
        let kept = match &place.users {
            Some(file) => tokens::load(file, place.jwt_secret.as_deref())?,
            None => Vec::new(),
        };
        let server = place.server(mode).await?;
        let crowd =
            Crowd { members: Users::new(server.target, kept)?, idle: Users::new(server.target, Vec::new())? };
        Ok(Self { place: place.clone(), server, crowd, mode })
    }

    /// The word for the mode in reports.
    pub(crate) fn mode_name(&self) -> &'static str {
        match (&self.place.url, self.mode) {
            (None, Some(mode)) => mode.name(),
            _ => "given",
        }
    }

    /// Runs one load.
    ///
    /// # Errors
    /// As [`drive::run`].
    pub(crate) async fn run(&mut self, name: &str, load: &Load) -> anyhow::Result<Outcome> {
        let labels = (name, self.mode_name());
        drive::run(&mut self.server, &mut self.crowd, labels, load).await
    }

    /// Measures the bare hops of the mode.
    ///
    /// # Errors
    /// When a service can't be reached.
    pub(crate) async fn hops(&self) -> anyhow::Result<Vec<Hop>> {
        match self.mode {
            Some(mode) => hops::measure(mode).await,
            None => Ok(Vec::new()),
        }
    }

    /// Keeps the users, if asked to, and stops a server that was started here.
    ///
    /// # Errors
    /// When the server had to be killed or the users can't be written.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let kept = match &self.place.users {
            Some(file) => tokens::save(file, self.crowd.members.all()),
            None => Ok(()),
        };
        self.server.stop().await.and(kept)
    }
}
