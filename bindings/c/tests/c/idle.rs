//! Nothing runs before the first use.

use crate::support::compile::How;
use crate::support::program::run;

#[test]
fn t12_no_thread_and_no_descriptor_before_the_first_use() {
    run("idle.c", How::Plain);
}
