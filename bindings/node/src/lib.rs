//! The addon behind the npm package `keyrotor`: converts, calls the core, converts.
//!
//! It is not API: the TypeScript in `lib/` is. Nothing here decides anything, and nothing here may unwind into
//! Node: every function carries `catch_unwind`, and a panic on keyrotor's thread settles its promise.
//!
//! # How a promise is settled
//!
//! ```text
//!  JavaScript's thread                                keyrotor's thread
//!  host.ts: call ── ticket ──▶ runtime::run ────────▶ the core's future
//!      ▲                  └──▶ local: the core's            │ Completion
//!      │                       future, polled here ◀─┐      │
//!      └── Host::drain ◀── one wake-up for many ── Queue ◀──┘
//! ```
//!
//! What the core asks of JavaScript's functions goes the same way ([`callback`]); the answer is a call like any other.

mod arguments;
pub mod callback;
pub mod client;
#[cfg(feature = "cli")]
pub mod command;
mod completion;
pub mod error;
pub mod host;
mod local;
pub mod manager;
#[cfg(debug_assertions)]
pub mod rehearsal;
pub mod reply;
pub mod request;
mod runtime;
pub mod status;
pub mod watch;
