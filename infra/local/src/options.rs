//! What the runner can be told on the command line and in the environment.

use crate::{
    documents::Document,
    faults::{Fault, Faults, VirtualClock},
    gateway::{Credentials, Limits, sockets::Sockets},
    invoke::INSTANCES_DEFAULT,
    template::Overrides,
};
use clap::Parser;
use http::Uri;
use shared::clock::{Clock, SystemClock};
use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Runs Hark on this machine: stands in for API Gateway, Lambda and the Amazon MQ event source.
#[derive(Clone, Debug, Parser)]
#[command(name = "hark", version)]
pub struct Options {
    /// The port of sockets and HTTP; 0 takes any free one.
    #[arg(long, env = "PORT", default_value_t = 3000)]
    pub port: u16,

    /// The address to listen on; 0.0.0.0 lets other machines in.
    #[arg(long, env = "HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,

    /// The folder of the embedded state.
    #[arg(long, env = "STATE_DIR", default_value = "target/hark")]
    pub state_dir: PathBuf,

    /// The address that `@connections` listens on with real services. Another than loopback lets runners on other
    /// machines post to this one's sockets, by the ENDPOINT_URL that is set then.
    #[arg(long, env = "MANAGEMENT_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub management_host: IpAddr,

    /// The port of `@connections` with real services; 0 takes any free one. Without it, the port
    /// after `--port`: a runner that starts again knows by it which connections were its own.
    #[arg(long, env = "MANAGEMENT_PORT")]
    pub management_port: Option<u16>,

    /// The key id that callers of `@connections` sign with, when it has a port of its own.
    #[arg(long, env = "MANAGEMENT_ACCESS_KEY", default_value = "local")]
    pub management_access_key: String,

    /// The secret key that callers of `@connections` sign with; made once and kept in the database when
    /// not given.
    #[arg(long, env = "MANAGEMENT_SECRET_KEY", hide_env_values = true)]
    pub management_secret_key: Option<String>,

    /// The template that says which functions, routes, queues and schedules there are.
    #[arg(long, default_value = "template.yaml")]
    pub template: PathBuf,

    /// A template parameter's value in place of its default; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameters: Vec<(String, String)>,

    /// Seconds without a message either way after which a socket is closed.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub idle_timeout: Duration,

    /// Seconds after which a socket is closed however busy it is.
    #[arg(long, value_name = "SECONDS", default_value = "7200", value_parser = seconds)]
    pub max_lifetime: Duration,

    /// The WebSocket API's stage, in place of the template's.
    #[arg(long)]
    pub stage: Option<String>,

    /// Runs the functions as processes of their own, each `DIR/<function>/bootstrap` or `DIR/<function>`, as Lambda
    /// does. Hark's own need real services; those of another template need none.
    #[arg(long, value_name = "DIR", conflicts_with = "invoke_url")]
    pub processes: Option<PathBuf>,

    /// How many processes of one function there may be at once.
    #[arg(long, value_name = "NUMBER", default_value_t = INSTANCES_DEFAULT, requires = "processes")]
    pub instances: usize,

    /// Invokes the functions through a Lambda Invoke API, such as `cargo lambda watch`'s. Needs real services.
    #[arg(long, value_name = "URL")]
    pub invoke_url: Option<Uri>,

    /// Makes something go wrong; may be repeated.
    ///
    /// SPEC is one of these:
    ///
    ///   disconnect=lose | late:TIME | twice
    ///   connect=429 | limit:PER_SECOND | late:TIME
    ///   post=403 | 410 | 413 | 429 | 503 | late:TIME
    ///   event=twice
    ///   function=NAME:fail | NAME:crash | NAME:slow:TIME
    ///
    /// TIME is 500ms, 2s or 1m. What follows is optional: :SHARE, the part from 0 to 1 that meets it; ,count=N, how
    /// many do before it is off; of posts ,connection=ID and of events ,function=NAME, whose they are. For
    /// example disconnect=lose:0.2 or post=429:0.1,count=5. While it runs, /_faults changes the list.
    #[arg(long = "fault", value_name = "SPEC", verbatim_doc_comment)]
    pub faults: Vec<Fault>,

    /// What the shares of faults are decided by; one of chance, which is printed, when not given. The same seed
    /// decides the same again.
    #[arg(long, value_name = "NUMBER")]
    pub fault_seed: Option<u64>,

    /// Keeps every event as DIR/<function>/<number>-<what>.json, for `--invoke` and `cargo lambda invoke --data-file`.
    /// Tokens and the content of messages are in these files.
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,

    /// Invokes one function with an event, a JSON document, prints its answer and ends: nothing is served.
    #[arg(long, num_args = 2, value_names = ["FUNCTION", "EVENT"])]
    pub invoke: Vec<String>,

    /// Prints a document that is generated from the code, and ends: nothing is served.
    #[arg(long, value_name = "DOCUMENT")]
    pub print: Option<Document>,

    /// Variables over those of the process's environment; an empty one unsets. For tests, which run many
    /// runners in one process.
    #[arg(skip)]
    pub variables: HashMap<String, String>,

    /// What the gateway and the functions read the time from. For tests, which turn it.
    #[arg(skip)]
    pub time: Time,
}

/// A clock that options can hold: the machine's unless another is given.
#[derive(Clone)]
pub struct Time(pub Arc<dyn Clock>);

impl Default for Time {
    fn default() -> Self {
        Self(Arc::new(SystemClock))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.now())
    }
}

impl Options {
    /// The options without a command line or an environment.
    pub fn defaults() -> Self {
        Self {
            port: 3000,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            state_dir: PathBuf::from("target/hark"),
            management_host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            management_port: None,
            management_access_key: "local".to_owned(),
            management_secret_key: None,
            template: PathBuf::from("template.yaml"),
            parameters: Vec::new(),
            idle_timeout: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(7200),
            stage: None,
            processes: None,
            instances: INSTANCES_DEFAULT,
            invoke_url: None,
            faults: Vec::new(),
            fault_seed: None,
            record: None,
            invoke: Vec::new(),
            print: None,
            variables: HashMap::new(),
            time: Time::default(),
        }
    }

    /// The parameters given for the template.
    pub fn overrides(&self) -> Overrides {
        self.parameters.iter().cloned().collect()
    }

    /// How long a socket may live.
    pub fn limits(&self) -> Limits {
        Limits { idle: self.idle_timeout, life: self.max_lifetime }
    }

    /// No sockets yet, and what they will meet.
    pub(crate) fn sockets(&self) -> Sockets {
        let faults = Faults::new(self.fault_seed, self.faults.iter().cloned());
        Sockets::under(faults, VirtualClock::over(self.time.0.clone()))
    }

    /// Whether the functions are those that are linked in.
    pub(crate) fn runs_in_process(&self) -> bool {
        self.processes.is_none() && self.invoke_url.is_none()
    }

    /// The port of `@connections` when it has its own.
    pub(crate) fn own_management_port(&self) -> u16 {
        let next = if self.port == 0 { 0 } else { self.port.checked_add(1).unwrap_or(0) };
        self.management_port.unwrap_or(next)
    }

    /// The key that `@connections` asks for on a port of its own; `kept` is the secret that counts when
    /// none is given.
    pub fn management_credentials(&self, kept: String) -> Credentials {
        Credentials {
            access_key: self.management_access_key.clone(),
            secret_key: self.management_secret_key.clone().unwrap_or(kept),
        }
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
