//! A local stand-in for the cloud side of cache logins that really checks tokens.
//!
//! [`Emulator`] listens like an ElastiCache or MemoryDB endpoint, judges every AUTH and HELLO … AUTH as the
//! services say they do ([`verify`]), and passes everything else to a real Redis or Valkey server. With a tenant of
//! [`entra`] beside it, it is a cache of Azure's ([`azure`]). It depends on
//! none of the other crates here: its SigV4 is a second opinion, so that a signing bug cannot hide in both.
//!
//! ```no_run
//! # async fn example() -> Result<(), keyrotor_emulator::Error> {
//! use keyrotor_emulator::{AccessKey, Config, Emulator};
//!
//! let emulator = Emulator::start(Config {
//!     cluster: "my-cluster".into(),
//!     region: "us-east-1".into(),
//!     users: vec!["app".into()],
//!     keys: vec![AccessKey { id: "AKIDEXAMPLE".into(), secret: "secret".into(), ..AccessKey::default() }],
//!     ..Config::default()
//! })
//! .await?;
//! println!("redis-cli --tls --cacert {} -p {}", emulator.ca_path().display(), emulator.address().port());
//! emulator.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Clusters
//! With [`Config::shards`] it starts as many primaries, each with [`Config::replicas`], and makes them a real cluster.
//! Each node has an address and a TLS endpoint of its own, with the same checks; the record says which node. The
//! servers state these addresses as theirs (`cluster-announce-ip`, `cluster-announce-port`), so CLUSTER SLOTS, SHARDS
//! and NODES, MOVED and ASK come from them as clients must see them, and no reply is rewritten. It takes two seconds
//! to start: a primary refuses writes for so long.
//!
//! What follows from it: replicas and migrations come through the same addresses, without TLS, as a user of the
//! servers' own (`keeper-…` in ACL LIST). So where TLS is spoken, a connection without it is not closed before its
//! first command: PING is answered with NOAUTH, anything else closes it. The servers talk among themselves on ports
//! of their own, on the same IP address, without a login; listen on loopback where others can reach the machine.
//!
//! # What it carries
//! 1,000 connections with 20,000 commands a second on two cores: `tests/load` asserts that pace where
//! `KEYROTOR_SOAK_SECONDS` is set, and that no command fails always. A connection costs 60 KiB, and some 220 KiB after large values. Each takes two file descriptors: raise `ulimit -n` for more than 500.
//!
//! # What differs from the services
//! - The server's own replies pass through: `HELLO`, `INFO` and `ACL WHOAMI` describe the local server.
//! - The nodes of a cluster state IP addresses, where the services state host names; `cluster-require-full-coverage` is
//!   off, as with the services.
//! - The three texts that the backend cannot give, and NOAUTH after a forgotten login, are put into the stream as
//!   a script that returns that error. So they keep their place among the replies and inside MULTI. Each user's ACL
//!   allows this one script, which shows in `ACL LIST`.
//! - A token in MULTI is judged when it is queued; its lease starts when EXEC passes.
//! - The record keeps the newest 10,000 logins and 10,000 closed connections; the totals count all.

mod authority;
pub mod azure;
mod backend;
mod cache;
mod certificates;
mod clock;
mod cloud;
mod cluster;
mod command;
mod config;
mod connection;
pub mod control;
pub mod credentials;
mod date;
mod door;
mod emulator;
pub mod entra;
mod error;
mod faults;
mod form;
mod gate;
mod group;
mod history;
mod host;
mod http;
mod judge;
mod jwt;
mod keyring;
mod ledger;
mod listener;
mod policy;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod random;
pub mod rds;
mod record;
mod refusal;
mod reserved;
mod resp;
mod session;
mod shared;
mod sigv4;
mod throttle;
mod trouble;
pub mod verify;

pub use cloud::{Cloud, CloudConfig};
pub use cluster::{Node, Reshard, Role};
pub use config::{AccessKey, Backend, Config, Service, Switches, User};
pub use emulator::Emulator;
pub use entra::{Entra, EntraConfig};
pub use error::Error;
pub use faults::{Certificate, Faults, Refuse};
pub use keyring::Keyring;
pub use policy::{Document, Policy};
pub use record::{Closed, Connection, Login, LoginCommand, Outcome, Record, Totals};
pub use refusal::{Refusal, Refusals};
