//! The emulator in a process of its own, so that its memory and its time can be told from the load's.

use crate::sign;
use keyrotor_emulator::{AccessKey, Config};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

/// What this program is asked to be.
pub(crate) const SERVE: &str = "serve-the-load";
pub(crate) const DRIVE: &str = "drive-the-load";
/// 2025-06-15T12:35:00Z, four seconds after the newest token of the drafts' minute would be from the future.
const EPOCH: u64 = 1_749_990_900;
/// The unit of /proc/PID/stat on Linux, for all programs.
const TICKS_A_SECOND: u64 = 100;

/// Becomes the driver, with as many open files as the system allows.
pub(crate) fn with_many_files() {
    let this = std::env::current_exe().expect("a program");
    let raised = r#"ulimit -n "$(ulimit -H -n)" 2>/dev/null; exec "$0" "$@""#;
    let error = Command::new("/bin/sh").args(["-c", raised]).arg(this).arg(DRIVE).exec();
    panic!("cannot start: {error}");
}

/// Is the emulator, until its input ends.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config {
        cluster: "my-cluster".into(),
        region: "us-east-1".into(),
        users: vec!["app".into()],
        keys: vec![AccessKey {
            id: "AKIDEXAMPLE".into(),
            secret: sign::SECRET.into(),
            ..AccessKey::default()
        }],
        clock: Some(UNIX_EPOCH + Duration::from_secs(EPOCH)),
        ..Config::default()
    };
    let emulator = runtime.block_on(keyrotor_emulator::Emulator::start(config)).expect("an emulator");
    println!("{} {}", emulator.address(), emulator.ca_path().display());
    let _ = std::io::stdin().read(&mut [0]);
    runtime.block_on(emulator.stop());
}

pub(crate) struct Emulator {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) ca: PathBuf,
}

impl Emulator {
    pub(crate) fn start() -> Self {
        let this = std::env::current_exe().expect("a program");
        let mut command = Command::new(this);
        command.arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("a line");
        let (address, ca) = line.trim().split_once(' ').expect("an address and a file");
        Self { child, address: address.parse().expect("an address"), ca: ca.into() }
    }

    /// What it holds in memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// How long it has used a processor.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = self.read("stat");
        // The name in brackets may hold spaces.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks =
            |at| -> u64 { fields.split_whitespace().nth(at).expect("a field").parse().expect("a number") };
        Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS_A_SECOND)
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("a running process")
    }

    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("an end").success());
    }
}
