//! Several threads at once.

use crate::support::compile::How;
use crate::support::program::run;

#[test]
fn b05_threads_share_a_client_and_clients_share_a_thread() {
    println!("{}", run("threads.c", How::Plain));
}

#[test]
fn b05_threads_under_the_sanitizers() {
    run("threads.c", How::Sanitized);
}
