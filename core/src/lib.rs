//! Keeps every cache and database connection logged in with short-lived cloud tokens.
//!
//! ElastiCache, MemoryDB, RDS and DSQL take tokens in place of passwords: signed with AWS keys, good for 15
//! minutes, and never longer than the keys that signed them. Two things take care of them here:
//!
//! - [`TokenManager`] keeps one identity's token fresh, for the client that you already have;
//! - [`Client`] is a Redis and Valkey client whose connections stay logged in.
//!
//! Both take their configuration as one protobuf message, as bytes or as JSON: [`TokenManagerRequest`] and
//! [`ConnectionRequest`], whose fields are documented in [`proto`].
//!
//! # The life of a token
//!
//! ```text
//!  issued                     refresh                 margin      expires
//!    |--------------------------|------------------------|-----------|
//!    |          fresh           |  handed out, while its | a better  |  never
//!    |       handed out         |  successor is fetched  | one first | handed out
//! ```
//!
//! - It is refreshed after 8/15 of its life (8 minutes of 15), varied by a tenth, the first time by much more, so
//!   that a fleet does not ask in step.
//! - With less than the margin left (60 s, at most a quarter of its life) it is handed out only where no better
//!   one can be had; once expired, never.
//! - It expires with the AWS keys that signed it, if those end earlier.
//! - A failed refresh takes nothing away, and is tried again for ever, with growing pauses.
//! - When a server refuses it, it is gone at once, the keys behind it are asked for anew, and the next token
//!   differs from it.
//!
//! # States
//!
//! ```text
//!            first use             fetched
//!   idle ───────────────▶ refreshing ─────▶ fresh ──┐ refresh point
//!                            ▲  │                   │
//!                            │  └──── failed        ▼
//!                            │          │       refreshing
//!                            │          ▼           │ failed
//!                            └────── expired ◀── degraded     (any) ── close() ──▶ closed
//! ```
//!
//! # Threads
//!
//! Nothing runs before the first use. From then on one thread, named `keyrotor`, serves every manager of the
//! process; it ends when the last one is closed.

#![cfg_attr(not(feature = "client"), allow(dead_code, reason = "some of the engine is there for the client"))]

#[cfg(feature = "client")]
mod client;
mod clock;
mod config;
mod credential;
mod error;
pub mod host;
mod manager;
mod once;
mod runtime;
mod secret;
mod source;
mod time;
mod timer;

#[cfg(feature = "client")]
pub use client::{Batch, Client, ClientStats, Cmd, Value, cmd};
pub use clock::BoxFuture;
pub use credential::Credential;
pub use error::{Error, Result};
pub use keyrotor_proto as proto;
pub use keyrotor_proto::{Code, ConnectionRequest, Format, Status, TokenManagerRequest};
pub use manager::{
    EventStream, RetryConfig, Subscription, SubscriptionHandle, TokenManager, TokenRefreshConfig,
};
pub use once::{doubts, fetch_once};
pub use secret::Secret;
#[cfg(feature = "aws")]
pub use source::aws;
pub use source::{Fetch, Fetched, Source, SourceError};

/// The README's Rust, compiled.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../README.md")]
struct Readme;
