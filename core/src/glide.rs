//! Valkey GLIDE's core under its own names: a client and a token manager, over [`Client`](crate::Client) and
//! [`TokenManager`](crate::TokenManager).
#![doc = include_str!("glide/guide.md")]

pub mod client;
pub mod iam;

pub use iam::IAMTokenManager;
