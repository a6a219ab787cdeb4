//! What C passes in, checked before it is looked at.

use std::ffi::{CStr, c_char};

use keyrotor::{Cmd, Code, Error};

/// An error of the caller's.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::ArgumentInvalid, message)
}

/// A pointer that must not be NULL.
pub(crate) fn required<T>(pointer: Option<T>, name: &str) -> Result<T, Error> {
    pointer.ok_or_else(|| invalid(format!("{name} is NULL")))
}

/// `length` bytes from `pointer` on. NULL is fine where the length is 0.
///
/// # Safety
/// `pointer` is NULL or points to `length` bytes that nobody writes to during `'a`.
pub(crate) unsafe fn bytes<'a>(pointer: *const u8, length: usize, name: &str) -> Result<&'a [u8], Error> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(invalid(format!("{name} is NULL")));
    }
    if isize::try_from(length).is_err() {
        return Err(invalid(format!("{name} cannot be {length} bytes long")));
    }
    // SAFETY: not NULL, no longer than an object can be, and readable as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// A command of `argc` arguments. They are copied.
///
/// # Safety
/// `argv` is NULL or points to `argc` pointers, `lengths` is NULL or points to `argc` lengths; each argument is
/// NULL, or has as many bytes as its length says, or ends with a NUL where `lengths` is NULL.
pub(crate) unsafe fn command(
    argc: usize,
    argv: *const *const c_char,
    lengths: *const usize,
) -> Result<Cmd, Error> {
    if argc > 0 && argv.is_null() {
        return Err(invalid("argv is NULL"));
    }
    let mut command = Cmd::new();
    for index in 0..argc {
        // SAFETY: `argv` has `argc` pointers.
        let argument = unsafe { *argv.add(index) };
        let name = format!("argv[{index}]");
        let bytes = if lengths.is_null() {
            if argument.is_null() {
                return Err(invalid(format!("{name} is NULL")));
            }
            // SAFETY: not NULL, and it ends with a NUL.
            unsafe { CStr::from_ptr(argument) }.to_bytes()
        } else {
            // SAFETY: `lengths` has `argc` lengths, and the argument as many bytes as its own says.
            unsafe { bytes(argument.cast(), *lengths.add(index), &name) }?
        };
        command.arg(bytes);
    }
    Ok(command)
}
