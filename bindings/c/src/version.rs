//! Which library a program has loaded.

use std::ffi::c_char;

/// The version of the ABI, which is also the number in the shared library's SONAME.
pub const KR_ABI_VERSION: u32 = 0;

/// The library's version, `"0.1.0"`. It lives as long as the process.
#[unsafe(no_mangle)]
pub extern "C" fn kr_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The library's ABI. A program that loads the library by itself compares it with KR_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn kr_abi_version() -> u32 {
    KR_ABI_VERSION
}
