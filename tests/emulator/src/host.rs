//! The servers that are started behind the fronts: their accounts, folders and processes.

pub(crate) mod account;
mod guarded;

pub(crate) use guarded::{Guarded, command};
