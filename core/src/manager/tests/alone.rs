//! Tests in a process of their own.

use std::process::Command;

/// Tells a process that it is this test's own.
const CHILD: &str = "KEYROTOR_TEST_CHILD";

/// Whether this is the process of this test's own; where it is not, starts it and sees that the test passes there.
///
/// A log that begins in such a process hears of everything. Beside other tests, a line that one of them passes for the
/// first time in that moment may stay silent for ever: tracing-core keeps what it found before it knew of the log.
pub(super) fn is_alone(test: &str) -> bool {
    if std::env::var(CHILD).is_ok_and(|child| child == test) {
        return true;
    }
    let mut alone = Command::new(std::env::current_exe().unwrap());
    let ended = alone.args(["--exact", test, "--nocapture"]).env(CHILD, test).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("1 passed"), "there is no test {test}");
    false
}
