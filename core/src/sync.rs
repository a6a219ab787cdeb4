//! What the protocol of *read, refresh, reject and close* is written over: its lock, its atomics, the cell of the
//! current credential, what subscribers see of it, and the tasks of its runtime.
//!
//! `tests/model` compiles this crate's sources once more with `cfg(model)`, where these are a model checker's: it sees
//! each step and chooses who takes the next. Nothing else of the protocol differs there.

#[cfg(model)]
mod model;

#[cfg(not(model))]
pub(crate) use arc_swap::ArcSwapOption;
#[cfg(not(model))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
#[cfg(not(model))]
pub(crate) use std::sync::{Mutex, MutexGuard};
#[cfg(not(model))]
pub(crate) use tokio::runtime::Handle;
#[cfg(not(model))]
pub(crate) use tokio::sync::watch::Sender as Latest;
#[cfg(not(model))]
pub(crate) use tokio::task::AbortHandle;

#[cfg(model)]
pub use model::end_tasks;
#[cfg(model)]
pub(crate) use model::{
    AbortHandle, ArcSwapOption, AtomicBool, AtomicU64, Handle, Latest, Mutex, MutexGuard,
};
