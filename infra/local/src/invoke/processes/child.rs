//! A function's process: started with Lambda's environment, frozen, thawed and ended with all that it started.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::Program;

/// Set for every function by Lambda, so that a program which reads them finds them.
const RESERVED: [(&str, &str); 9] = [
    ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    // Nobody answers there on a laptop, and the SDK would wait for it.
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
];

/// One running process, killed when dropped.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
}

impl Process {
    /// Starts `program`, which finds its Runtime API at `runtime_api` (`host:port`).
    ///
    /// # Errors
    /// The system's: it isn't executable, or there are too many processes.
    pub(super) fn start(program: &Program, runtime_api: &str, instance: &str) -> io::Result<Self> {
        let mut command = std::process::Command::new(&program.path);
        command.envs(RESERVED).envs(&program.environment);
        command.env("AWS_LAMBDA_RUNTIME_API", runtime_api);
        command.env("AWS_LAMBDA_FUNCTION_NAME", &program.name);
        command.env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", program.name));
        command.env("AWS_LAMBDA_LOG_STREAM_NAME", instance);
        for own in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
            // A developer's own identity has no business here.
            command.env_remove(own);
        }
        if let Some(folder) = program.path.parent() {
            command.env("LAMBDA_TASK_ROOT", folder).current_dir(folder);
        }
        let (stdout, stderr) = log(program)?;
        command.process_group(0).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let mut child = Command::from(command).spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        print_lines(program, child.stdout.take());
        print_lines(program, child.stderr.take());
        Ok(Self { child, group })
    }

    /// Stops it where it stands: timers, sockets and threads, as Lambda does between events.
    pub(super) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(super) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends it at once.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Whether it ended; also when nobody can say.
    pub(super) fn has_exited(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub(super) async fn exited(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    fn signal(&self, signal: Signal) {
        // It may have ended by itself: whoever waits for it hears of that.
        let _ = self.group.map(|group| kill_process_group(group, signal));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where it writes: a file of its own, or us.
fn log(program: &Program) -> io::Result<(Stdio, Stdio)> {
    let Some(path) = &program.log else { return Ok((Stdio::piped(), Stdio::piped())) };
    let file = File::options().create(true).append(true).open(path)?;
    Ok((file.try_clone()?.into(), file.into()))
}

/// All functions write into one stream, each line under its function's name.
fn print_lines(program: &Program, output: Option<impl AsyncRead + Send + Unpin + 'static>) {
    let (name, Some(output)) = (program.name.clone(), output) else { return };
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            eprintln!("{name:<10} {line}");
        }
    });
}
