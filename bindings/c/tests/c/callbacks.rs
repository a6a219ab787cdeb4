//! Functions of the program that give logins and AWS keys.

use crate::support::compile::How;
use crate::support::program::run;

#[test]
fn s04_s02_t02_t16_functions_in_c_under_the_sanitizers() {
    run("callbacks.c", How::Sanitized);
}

#[test]
fn s04_s02_functions_in_cpp_under_the_sanitizers() {
    run("callbacks.cpp", How::Sanitized);
}
