//! A Redis and Valkey client whose connection stays logged in.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use keyrotor::host::Hosting;
use keyrotor::{Callbacks, Client, Error, Format, host, proto};

use crate::argument::{bytes, command, invalid, required};
use crate::batch::kr_batch;
use crate::callbacks::kr_callbacks;
use crate::error::kr_error;
use crate::fork;
use crate::format::{self, kr_format};
use crate::guard::{guard, produce, release};
use crate::reply::kr_reply;
use crate::string::kr_string;

/// A Redis and Valkey client whose connection stays logged in. Any number of threads share it.
pub struct kr_client(Client);

/// What a client did so far. Set `size` to sizeof(kr_stats) first: a later library may know more members, and
/// fills only those that the caller's has room for.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct kr_stats {
    /// Bytes of this struct, as the caller knows it.
    pub size: usize,
    /// Commands, batches counting one for each of theirs.
    pub commands: u64,
    /// Commands that ended in an error that was not the server's answer to them.
    pub failures: u64,
    /// Logins on a live connection.
    pub reauths: u64,
    /// Connections made after the first.
    pub reconnects: u64,
    /// Commands that wait for a reply.
    pub in_flight: u64,
}

/// Connects and logs in, with a keyrotor.v1.ConnectionRequest. Waits, at most for the request's timeouts. A
/// failure leaves nothing behind.
/// Errors: config-*, credentials-*, network-*, auth-*.
///
/// # Safety
/// `request` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_client_connect(
    request: *const u8,
    len: usize,
    format: MaybeUninit<kr_format>,
    out: Option<&mut MaybeUninit<Option<Box<kr_client>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        // SAFETY: the caller's promise.
        let request = unsafe { bytes(request, len, "request") }?;
        let format = format::read(format)?;
        connect(request, format, &Callbacks::new())
    })
}

/// kr_client_connect() with the functions that the request names.
///
/// # Safety
/// `request` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_client_connect_with(
    request: *const u8,
    len: usize,
    format: MaybeUninit<kr_format>,
    callbacks: Option<&kr_callbacks>,
    out: Option<&mut MaybeUninit<Option<Box<kr_client>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        // SAFETY: the caller's promise.
        let request = unsafe { bytes(request, len, "request") }?;
        let callbacks = required(callbacks, "callbacks")?.all();
        let format = format::read(format)?;
        connect(request, format, &callbacks)
    })
}

fn connect(request: &[u8], format: Format, callbacks: &Callbacks) -> Result<kr_client, Error> {
    fork::watch();
    host::wait_for(Client::hosted(request, format, callbacks, Hosting::Callers)).map(kr_client)
}

/// Waits on the calling thread, which reads the reply itself.
fn read_for<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    host::attend(work, || Ok::<(), Error>(()))?
}

/// Sends a command and waits for its reply, at most for the request's timeout.
///
/// `argv_lens` may be NULL; the arguments then end with a NUL each. An answer of the server that is an error is
/// the error server-error, with its text in kr_error_server_text().
/// Errors: server-error, command-unsupported, auth-*, network-*, request-*, closed, argument-invalid.
///
/// # Safety
/// `argv` points to `argc` arguments, and `argv_lens` is NULL or points to their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_client_execute(
    client: Option<&kr_client>,
    argc: usize,
    argv: *const *const c_char,
    argv_lens: *const usize,
    out: Option<&mut MaybeUninit<Option<Box<kr_reply>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        let client = required(client, "client")?;
        // SAFETY: the caller's promise.
        let command = unsafe { command(argc, argv, argv_lens) }?;
        kr_reply::of_value(read_for(client.0.execute(&command))?)
    })
}

/// Sends a batch in one piece and waits for all replies: an array with one entry for each command. An entry
/// where the server answered with an error has the type KR_TYPE_ERROR, and kr_reply_error() tells which; in an
/// atomic batch that the server refused as a whole, nothing ran and the error is the call's own. A batch may be
/// sent again.
/// Errors: as kr_client_execute().
#[unsafe(no_mangle)]
pub extern "C" fn kr_client_execute_batch(
    client: Option<&kr_client>,
    batch: Option<&kr_batch>,
    out: Option<&mut MaybeUninit<Option<Box<kr_reply>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        let client = required(client, "client")?;
        let batch = required(batch, "batch")?.read();
        kr_reply::of_batch(read_for(client.0.execute_batch(&batch))?)
    })
}

/// How the login's token stands, a keyrotor.v1.Status as JSON; `null` where the client does not log in.
#[unsafe(no_mangle)]
pub extern "C" fn kr_client_status_json(
    client: Option<&kr_client>,
    out: Option<&mut MaybeUninit<Option<Box<kr_string>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || Ok(kr_string::new(proto::to_json(&required(client, "client")?.0.status()))))
}

/// What happened so far.
/// Errors: argument-invalid, where `out->size` is not set.
///
/// # Safety
/// `out` points to `out->size` bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_client_stats(
    client: Option<&kr_client>,
    out: *mut kr_stats,
) -> Option<Box<kr_error>> {
    guard(|| {
        let stats = required(client, "client")?.0.stats();
        if out.is_null() {
            return Err(invalid("out is NULL"));
        }
        // SAFETY: not NULL; `size` comes first in every version of the struct.
        let size = unsafe { out.cast::<usize>().read() };
        if !(size_of::<usize>()..=4096).contains(&size) {
            return Err(invalid("out->size is not set; it is sizeof(kr_stats)"));
        }
        let stats = kr_stats {
            size,
            commands: stats.commands,
            failures: stats.failures,
            reauths: stats.reauths,
            reconnects: stats.reconnects,
            in_flight: stats.in_flight,
        };
        let known = size.min(size_of::<kr_stats>());
        // SAFETY: both sides have so many bytes, and ours is on the stack.
        unsafe { out.cast::<u8>().copy_from_nonoverlapping((&raw const stats).cast(), known) };
        Ok(())
    })
}

/// Closes the connection and ends all background work; calls that wait get the error closed. Harmless when
/// repeated, and legal while other threads use the client.
#[unsafe(no_mangle)]
pub extern "C" fn kr_client_close(client: Option<&kr_client>) -> Option<Box<kr_error>> {
    guard(|| {
        if let Some(client) = client {
            client.0.close();
        }
        Ok(())
    })
}

/// Closes the client and frees it. No other call may be using it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_client_free(client: Option<Box<kr_client>>) {
    release(client);
}
