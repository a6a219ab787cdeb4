//! The protocol of *read, refresh, reject and close*, in thousands of orders of its steps: what runs here is the core's
//! own code, and whatever threads share in it is the model checker's.
//!
//! `KEYROTOR_MODEL_ORDERS` says how many orders each property is tried in; a failing one prints its schedule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod closing;
mod flight;
mod orders;
mod reading;
mod refusal;
mod source;
