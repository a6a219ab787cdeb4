//! Several commands in one piece.

use std::ffi::c_char;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use keyrotor::Batch;

use crate::argument::{command, required};
use crate::error::kr_error;
use crate::guard::{guard, release};

/// Several commands in one piece.
pub struct kr_batch(RwLock<Batch>);

impl kr_batch {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Batch> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An empty batch; an atomic one runs between MULTI and EXEC.
#[unsafe(no_mangle)]
pub extern "C" fn kr_batch_new(atomic: bool) -> Option<Box<kr_batch>> {
    let batch = if atomic { Batch::atomic() } else { Batch::new() };
    Some(Box::new(kr_batch(RwLock::new(batch))))
}

/// Adds a command, whose arguments are those of kr_client_execute() and are copied. Waits while the batch is
/// being executed.
/// Errors: command-unsupported, argument-invalid.
///
/// # Safety
/// `argv` points to `argc` arguments, and `argv_lens` is NULL or points to their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_batch_add(
    batch: Option<&kr_batch>,
    argc: usize,
    argv: *const *const c_char,
    argv_lens: *const usize,
) -> Option<Box<kr_error>> {
    guard(|| {
        let batch = required(batch, "batch")?;
        // SAFETY: the caller's promise.
        let command = unsafe { command(argc, argv, argv_lens) }?;
        batch.0.write().unwrap_or_else(PoisonError::into_inner).add(command)?;
        Ok(())
    })
}

/// Frees it. No other call may be using it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_batch_free(batch: Option<Box<kr_batch>>) {
    release(batch);
}
