//! What a process has used, read from /proc (see `man 5 proc`).

use std::time::Duration;

use anyhow::Context;

/// The CPU time, user and system, that all threads of process `pid` have used so far.
///
/// # Errors
/// When the process is gone.
pub(crate) fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("cannot read the CPU time of process {pid}"))?;
    let ticks = cpu_ticks(&stat).context("unexpected /proc/<pid>/stat")?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(ticks * 1000 / per_second))
}

/// Fields 14 and 15, counted after the name, which is in parentheses and may itself hold spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The resident memory of process `pid`, in bytes.
///
/// # Errors
/// When the process is gone.
pub(crate) fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("cannot read the memory of process {pid}"))?;
    Ok(resident_kib(&status).context("no VmRSS in /proc/<pid>/status")? * 1024)
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The processes that this one started and that haven't ended.
///
/// # Errors
/// When /proc can't be read.
pub(crate) fn children() -> anyhow::Result<Vec<u32>> {
    let own = std::process::id();
    let entries = std::fs::read_dir("/proc")?.filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter(|pid| is_living_child(*pid, own)).collect())
}

fn is_living_child(pid: u32, of: u32) -> bool {
    // It may end between the listing and this.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state_and_parent(&stat).is_some_and(|(state, parent)| state != "Z" && parent == of)
}

/// Fields 3 and 4.
fn state_and_parent(stat: &str) -> Option<(&str, u32)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    Some((fields.next()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_found_behind_a_name_with_spaces_and_parentheses() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 0 0 20 0 4 0 99";
        assert_eq!(cpu_ticks(stat), Some(100));
        assert_eq!(state_and_parent(stat), Some(("S", 1)));
    }

    #[test]
    fn a_child_is_found_until_it_ends() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        assert!(children().unwrap().contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!children().unwrap().contains(&child.id()));
    }

    #[test]
    fn resident_memory_is_read_in_kib() {
        assert_eq!(resident_kib("Name:\thark\nVmRSS:\t   18044 kB\n"), Some(18_044));
    }

    #[test]
    fn this_process_can_be_read() {
        assert!(resident_bytes(std::process::id()).unwrap() > 0);
        assert!(cpu_time(std::process::id()).is_ok());
    }
}
