//! The rules of the repository: who may depend on whom, what may be depended on, and that what is written stays true.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod arrows;
mod bans;
mod counts;
mod deny;
mod duplicates;
mod graph;
mod guide;
mod licences;
mod paths;
mod promises;
mod repository;
mod scenarios;
mod versions;
