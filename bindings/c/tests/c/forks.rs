//! Children that are forked.

use crate::support::compile::How;
use crate::support::program::run;

#[test]
fn b03_forked_children_go_on_and_the_parent_notices_nothing() {
    println!("{}", run("forks.c", How::Plain));
}
