//! How many sockets this process, and the server's, may hold open.

use anyhow::{Context, bail};

/// Files a process needs beside the sockets: its binary, logs, database, epoll and pipes.
const SPARE: u64 = 200;

/// Checks that `sockets` fit into the open file limit of the driver and, when its pid is known, of
/// the server.
///
/// # Errors
/// Says whose limit is too low and how many sockets are possible.
pub(crate) fn check_open_files(sockets: u64, server: Option<u32>) -> anyhow::Result<()> {
    check(sockets, "the driver", "self")?;
    if let Some(pid) = server {
        check(sockets, "the server", &pid.to_string())?;
    }
    Ok(())
}

fn check(sockets: u64, who: &str, process: &str) -> anyhow::Result<()> {
    let path = format!("/proc/{process}/limits");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let limit = soft_limit(&text).with_context(|| format!("no `Max open files` in {path}"))?;
    let possible = limit.saturating_sub(SPARE);
    if sockets > possible {
        bail!(
            "{sockets} sockets need more open files than {who} may have ({limit}): at most \
             {possible} sockets are possible; raise it with `ulimit -n` or ask for fewer"
        );
    }
    Ok(())
}

/// The soft limit in the text of `/proc/<pid>/limits`.
fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let text = "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  20000  files\n";
        assert_eq!(soft_limit(text), Some(1024));
        assert_eq!(soft_limit("Max open files unlimited unlimited files"), Some(u64::MAX));
        assert_eq!(soft_limit("Max processes 1 1 processes"), None);
    }

    #[test]
    fn too_many_sockets_are_refused_with_what_is_possible() {
        let error = check_open_files(1 << 60, None).unwrap_err().to_string();
        assert!(error.contains("sockets are possible"), "{error}");
        assert!(check_open_files(1, None).is_ok());
    }
}
