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
//! [The manual](guide) has the whole of it: what happens when, what always holds, what each fault does, and the tests
//! that show it.
//!
//! # Sharing
//!
//! Managers and clients of one identity share one fetch, one credential and the word of a server that refused it,
//! wherever in the process they are made. An identity is everything that decides which token comes out: the kind of
//! source, service, resource, user, region, token life, profile, role, external id, endpoint, the function that is
//! called, explicit keys (by a keyed hash), and, for AWS's default chain, the variables that choose among its links,
//! as they are when the manager is made. Identities that sign with the same keys ask for these keys once, too.
//!
//! Interval, ratio, margin and budget belong to each manager: the earliest wish of all that are in use says when the
//! next token is fetched, each hands out by its own margin, and nobody waits longer than it said. Closing one stops
//! nobody else. A forked child shares with nobody but itself.
//!
//! # Lazy mode
//!
//! Where a process is frozen between two calls, as under AWS Lambda, background work does harm. A manager with
//! `lazy_refresh` ([`TokenRefreshConfig::lazy`]; by itself under AWS Lambda only) does nothing that nobody asked for:
//! past its refresh point a token is renewed by whoever wants one next, and no thread is left when that is done.
//! These promises need the background, and do not hold for it:
//!
//! | promise | in lazy mode |
//! |---|---|
//! | T06 refreshes spread out | they fall when somebody asks |
//! | T07 refreshing never stops | a failed refresh is tried again when somebody asks |
//! | T19 subscribers get each newer credential | only those that somebody's asking brought |
//! | C03 connections log in again before their lease ends | the connection is replaced when the server cuts it |
//! | C08 the first command after a long pause succeeds | it may find its connection cut |
//! | C10 subscriptions survive rotation | they end with their connection |
//!
//! # What is told
//!
//! [`TokenManager::events`] is a stream of what happens, as messages ([`proto::Event`]): fetched, fetch failed,
//! degraded, recovered, expired, rejected, closed, and from a client reauthenticated, re-AUTH failed and fallback. Logs
//! go to
//! `tracing`: `IAM token refreshed successfully` and `Failed to refresh IAM token: …` with source, generation and
//! expiry, inside the span `token_refresh`. None of them ever holds a token or a key. They run under no lock: a log
//! may ask for the status, and one that panics stops no token. They run on keyrotor's own thread, or on that of whoever
//! had a token signed on the spot: one that hangs holds up the refreshing, not a reader of the current token.
//!
//! # Metrics
//!
//! With the feature `metrics` (on by default) these go to the recorder that the `metrics` facade has; without one they
//! cost nothing:
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `keyrotor_token_refresh_total` | counter | `provider` (the source), `target` (cluster or host), `result` |
//! | `keyrotor_token_refresh_duration_seconds` | histogram | `provider`, `target` |
//! | `keyrotor_token_age_seconds`, when its successor came | histogram | `provider`, `target` |
//! | `keyrotor_token_expiry_timestamp_seconds` | gauge | `provider`, `target` |
//! | `keyrotor_credentials_expiry_timestamp_seconds`, of the cloud's keys | gauge | `provider` |
//! | `keyrotor_auth_failures_total` | counter | `reason` (the error's name) |
//! | `keyrotor_reauth_total` | counter | `client`, `result` |
//! | `keyrotor_connections_open`, of the client | gauge | `target` (host and port) |
//! | `keyrotor_connection_age_seconds`, when it was closed | histogram | `target` (host and port) |
//! | `keyrotor_fallback_in_use`, 1 while the password is | gauge | `provider`, `target` |
//! | `keyrotor_clock_skew_seconds`, by which this machine is ahead | gauge | |
//! | `keyrotor_build_info` | gauge | `version` |
//!
//! The clock's skew is what the dates of the answers say of the services that give keys and tokens (STS, SSO, instance
//! metadata, Entra); beyond 60 s `status` warns of it, too.
//!
//! # Errors
//!
//! Each [`Error`] has a [`Code`], the same in every language, and says what was tried, with what, and what to do next.
//! Where no keys were found it begins with `No AWS credentials provider found` and lists each link of the chain;
//! where signing failed, with `Failed to sign request`; where a source failed, with `Failed to refresh IAM token`.
//!
//! # Threads
//!
//! Nothing runs before the first use. From then on one thread, named `keyrotor`, serves every manager of the
//! process; it ends when the last one is closed. Names are resolved and files are read on one more, while there is
//! something to resolve or to read. Functions of the host (subscribers, callbacks that give credentials) run on a
//! thread `keyrotor-host`; one that does not return soon keeps it, and another takes over, so that it delays nobody.

#![cfg_attr(model, allow(unused_imports, reason = "the model checker brings its own runtime and clock"))]
#![cfg_attr(not(feature = "client"), allow(dead_code, reason = "some of the engine is there for the client"))]

mod callbacks;
#[cfg(feature = "client")]
mod client;
mod clock;
mod config;
mod credential;
#[cfg(feature = "azure")]
pub mod entra;
mod error;
mod foreign;
#[cfg(all(feature = "client", feature = "aws-chain"))]
pub mod glide;
#[doc = include_str!("../docs/guide.md")]
pub mod guide {}
pub mod host;
#[cfg(feature = "azure")]
mod http;
mod identity;
mod manager;
mod once;
#[cfg(feature = "deadpool-postgres")]
pub mod postgres;
mod process;
#[cfg(feature = "redis-provider")]
pub mod redis_rs;
mod registry;
mod runtime;
mod secret;
#[cfg_attr(not(any(feature = "aws", feature = "azure")), allow(dead_code, reason = "nobody is asked"))]
mod skew;
#[cfg(all(feature = "client", unix))]
mod sockets;
mod source;
mod sync;
mod telemetry;
mod time;
mod timer;
#[cfg(any(feature = "client", feature = "deadpool-postgres"))]
mod tls;

#[cfg(feature = "aws")]
pub use callbacks::KeysCallback;
pub use callbacks::{Callback, Callbacks, CredentialsCallback};
#[cfg(feature = "client")]
pub use client::{
    Arg, Batch, CallOptions, Client, ClientStats, Cmd, ConnectionRole, ConnectionStats, Gap, PubSubEvent,
    PubSubMessage, Routing, Script, Subscriber, ToRedisArgs, Value, Watch, cmd,
};
pub use clock::BoxFuture;
#[cfg(model)]
pub use clock::pass;
pub use credential::Credential;
pub use error::{Error, Result};
pub use identity::Identity;
pub use keyrotor_proto as proto;
pub use keyrotor_proto::{Code, ConnectionRequest, Format, IdentityState, Status, TokenManagerRequest};
pub use manager::{
    EventStream, RetryConfig, Subscription, SubscriptionHandle, TokenManager, TokenRefreshConfig,
};
pub use once::{doubts, fetch_once, fetch_once_with};
pub use secret::Secret;
#[cfg(feature = "aws")]
pub use source::aws;
pub use source::{Fetch, Fetched, Source, SourceError};
#[cfg(model)]
pub use sync::end_tasks;

/// The README's Rust, compiled.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../README.md")]
struct Readme;
