//! libkeyrotor: the keyrotor core behind a C ABI.
//!
//! The contract that C callers rely on stands at the top of `include/keyrotor.h`. Each file here is one noun of
//! it. Who owns an argument is spelled by its Rust type: `Option<Box<T>>` takes it, `Option<&T>` borrows it,
//! `Option<&mut MaybeUninit<…>>` is an out parameter, whose old content C has not initialised and nobody reads.
//! An `Option<Box<kr_error>>` that is returned is `NULL` on success.
//!
//! It is for Unix: `kr_token_manager_fd` hands a file descriptor out.

#![expect(unsafe_code, reason = "this crate is the C ABI: exported symbols and C's pointers")]
#![expect(non_camel_case_types, reason = "types have the names that they have in C")]

mod argument;
mod fork;
mod guard;
mod rotation;
mod sigpipe;
mod text;

pub mod batch;
pub mod callbacks;
pub mod client;
pub mod code;
pub mod credential;
pub mod error;
pub mod format;
pub mod glide;
pub mod manager;
pub mod reply;
pub mod string;
pub mod version;
