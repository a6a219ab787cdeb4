//! Keeps one identity's token fresh.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, PoisonError};

use keyrotor::{Credential, Error, TokenManager, host, proto};

use crate::argument::{bytes, invalid, required};
use crate::callbacks::kr_callbacks;
use crate::credential::kr_credential;
use crate::error::kr_error;
use crate::fork;
use crate::format::{self, kr_format};
use crate::guard::{guard, produce, release};
use crate::rotation::Rotation;
use crate::string::kr_string;

/// Keeps one identity's token fresh.
pub struct kr_token_manager {
    manager: TokenManager,
    rotation: Mutex<Option<Rotation>>,
}

impl kr_token_manager {
    fn credential(&self) -> Result<Arc<Credential>, Error> {
        self.manager.credential_blocking(|| Ok::<(), Error>(()))
    }
}

/// Makes a manager from a keyrotor.v1.TokenManagerRequest. Nothing runs yet: no thread, no file, no network.
/// Errors: config-*.
///
/// # Safety
/// `request` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_token_manager_new(
    request: *const u8,
    len: usize,
    format: MaybeUninit<kr_format>,
    out: Option<&mut MaybeUninit<Option<Box<kr_token_manager>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        // SAFETY: the caller's promise.
        let request = unsafe { bytes(request, len, "request") }?;
        let manager = TokenManager::from_request(request, format::read(format)?)?;
        fork::watch();
        Ok(kr_token_manager { manager, rotation: Mutex::default() })
    })
}

/// kr_token_manager_new() with the functions that the request names.
///
/// # Safety
/// `request` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_token_manager_new_with(
    request: *const u8,
    len: usize,
    format: MaybeUninit<kr_format>,
    callbacks: Option<&kr_callbacks>,
    out: Option<&mut MaybeUninit<Option<Box<kr_token_manager>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        // SAFETY: the caller's promise.
        let request = unsafe { bytes(request, len, "request") }?;
        let callbacks = required(callbacks, "callbacks")?.all();
        let manager = TokenManager::from_request_with(request, format::read(format)?, &callbacks)?;
        fork::watch();
        Ok(kr_token_manager { manager, rotation: Mutex::default() })
    })
}

/// Begins with the first fetch, for whoever wants it done before the first call. Does not wait. Harmless when
/// repeated. Errors: closed.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_start(manager: Option<&kr_token_manager>) -> Option<Box<kr_error>> {
    guard(|| required(manager, "manager")?.manager.start())
}

/// Copies the token and a NUL to `buf`. Waits where it must be fetched, at most for the source's budget.
///
/// `*len` becomes the token's length without the NUL, also where `cap` is not greater than it: that is the error
/// argument-invalid, and `buf` stays as it was. `len` may be NULL. A token has between 300 bytes and a few
/// thousand, most of them the session token of the keys behind it.
/// Errors: credentials-*, closed, argument-invalid.
///
/// # Safety
/// `buf` points to `cap` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_token_manager_token(
    manager: Option<&kr_token_manager>,
    buf: *mut c_char,
    cap: usize,
    len: Option<&mut MaybeUninit<usize>>,
) -> Option<Box<kr_error>> {
    guard(|| {
        let credential = required(manager, "manager")?.credential()?;
        let token = credential.secret.expose();
        if let Some(len) = len {
            len.write(token.len());
        }
        if cap <= token.len() {
            let needed = token.len() + 1;
            return Err(invalid(format!("buf has {cap} bytes; the token and its NUL take {needed}")));
        }
        if buf.is_null() {
            return Err(invalid("buf is NULL"));
        }
        // SAFETY: `buf` has `cap` bytes, more than the token's; it is C's and so overlaps nothing of ours.
        unsafe {
            buf.cast::<u8>().copy_from_nonoverlapping(token.as_ptr(), token.len());
            buf.add(token.len()).write(0);
        }
        Ok(())
    })
}

/// The token with its user, times and generation. Waits and fails like kr_token_manager_token().
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_credential(
    manager: Option<&kr_token_manager>,
    out: Option<&mut MaybeUninit<Option<Box<kr_credential>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || Ok(kr_credential::new(required(manager, "manager")?.credential()?)))
}

/// Fetches a new token now, whatever the age of the current one, and waits for it. On failure the current token
/// stays. Errors: credentials-*, closed.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_refresh(manager: Option<&kr_token_manager>) -> Option<Box<kr_error>> {
    guard(|| host::wait_for(required(manager, "manager")?.manager.refresh()).map(|_| ()))
}

/// Tells the manager that a server refused the credential of this generation: it is not handed out again, and a
/// new one is fetched at once, later ones with growing pauses. Counts once per generation. Does not wait.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_reject(
    manager: Option<&kr_token_manager>,
    generation: u64,
) -> Option<Box<kr_error>> {
    guard(|| {
        required(manager, "manager")?.manager.reject(generation);
        Ok(())
    })
}

/// Tells the manager that a server took the credential of this generation, which ends the pauses after refusals.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_accept(
    manager: Option<&kr_token_manager>,
    generation: u64,
) -> Option<Box<kr_error>> {
    guard(|| {
        required(manager, "manager")?.manager.accept(generation);
        Ok(())
    })
}

/// How it stands, a keyrotor.v1.Status as JSON, without touching anything.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_status_json(
    manager: Option<&kr_token_manager>,
    out: Option<&mut MaybeUninit<Option<Box<kr_string>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || Ok(kr_string::new(proto::to_json(&required(manager, "manager")?.manager.status()))))
}

/// A descriptor for poll(): readable as soon as there is a token, after each newer one, and at its end once the
/// manager is closed. Read what is there and throw it away, then ask for the credential. It never blocks, is the
/// same at every call, belongs to the manager (do not close it) and lives until kr_token_manager_free(). Starts
/// the manager. Errors: closed, internal (no descriptor is left).
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_fd(
    manager: Option<&kr_token_manager>,
    fd: Option<&mut MaybeUninit<c_int>>,
) -> Option<Box<kr_error>> {
    guard(|| {
        let fd = required(fd, "fd")?;
        let manager = required(manager, "manager")?;
        let mut rotation = manager.rotation.lock().unwrap_or_else(PoisonError::into_inner);
        let rotation = match &mut *rotation {
            Some(rotation) => rotation,
            none => none.insert(Rotation::of(&manager.manager)?),
        };
        fd.write(rotation.fd());
        Ok(())
    })
}

/// Ends the background work; whoever waits gets the error closed. Harmless when repeated, and legal while other
/// threads use the manager.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_close(manager: Option<&kr_token_manager>) -> Option<Box<kr_error>> {
    guard(|| {
        if let Some(manager) = manager {
            manager.manager.close();
        }
        Ok(())
    })
}

/// Closes the manager and frees it. No other call may be using it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_token_manager_free(manager: Option<Box<kr_token_manager>>) {
    release(manager);
}
