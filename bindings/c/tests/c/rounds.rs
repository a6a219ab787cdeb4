//! What was made and closed has left nothing.

use crate::support::compile::How;
use crate::support::program::run;

#[test]
fn t18_b07_rounds_leave_no_thread_descriptor_or_memory() {
    println!("{}", run("rounds.c", How::Plain));
}
