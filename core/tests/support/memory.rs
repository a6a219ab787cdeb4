//! What the kernel counts of this process.
#![allow(dead_code, reason = "each test uses a part of it")]

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

pub(crate) fn threads() -> usize {
    entries("/proc/self/task")
}

pub(crate) fn descriptors() -> usize {
    entries("/proc/self/fd")
}

/// Bytes of memory in use, as the kernel sees them.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}
