//! What the kernel knows of this process, and this program once more in a process of its own.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::Outcome;

const PAGE: f64 = 4096.0;

/// Bytes in memory.
pub(crate) fn resident() -> Outcome<f64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    Ok(text.split(' ').nth(1).ok_or("statm has no resident pages")?.parse::<f64>()? * PAGE)
}

pub(crate) fn threads() -> Outcome<f64> {
    Ok(std::fs::read_dir("/proc/self/task")?.count() as f64)
}

/// Lets this process have as many sockets as the system grants to anybody.
pub(crate) fn allow_many_sockets() -> Outcome<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let granted = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: granted, maximum: granted })?;
    Ok(())
}

/// Runs this program once more with these words, and gives the last line that it printed.
pub(crate) fn again(words: &[&str], environment: &[(&str, &OsStr)]) -> Outcome<String> {
    let ended = Command::new(std::env::current_exe()?)
        .arg("--bench")
        .args(words)
        .envs(environment.iter().copied())
        .stderr(Stdio::inherit())
        .output()?;
    let printed = String::from_utf8(ended.stdout)?;
    match printed.lines().last() {
        Some(last) if ended.status.success() => Ok(last.to_owned()),
        _ => Err(format!("{words:?} ended with {}: {printed}", ended.status).into()),
    }
}
