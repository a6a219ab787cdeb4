//! What a login is made with.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use keyrotor::{Credential, Secret};

use crate::guard::release;
use crate::text::Text;

/// A user name, the secret that goes with it, and how long it holds.
pub struct kr_credential {
    credential: Arc<Credential>,
    user: Text,
    /// With a NUL behind.
    secret: Secret,
}

impl kr_credential {
    pub(crate) fn new(credential: Arc<Credential>) -> Self {
        let exposed = credential.secret.expose();
        // Room for all of it at once: growing would leave a copy behind that nobody wipes.
        let mut secret = String::with_capacity(exposed.len() + 1);
        secret.push_str(exposed);
        secret.push('\0');
        Self { user: Text::new(&*credential.user), secret: Secret::new(secret), credential }
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The name to log in with; `len` may be NULL. It lives until kr_credential_free().
#[unsafe(no_mangle)]
pub extern "C" fn kr_credential_user(
    credential: Option<&kr_credential>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    credential.map_or(std::ptr::null(), |credential| credential.user.exact(len))
}

/// The token or password, with a NUL behind it; `len` may be NULL. It lives, and stays in memory, until
/// kr_credential_free(). Do not log it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_credential_secret(
    credential: Option<&kr_credential>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    let Some(credential) = credential else {
        return std::ptr::null();
    };
    if let Some(len) = len {
        len.write(credential.credential.secret.expose().len());
    }
    credential.secret.expose().as_ptr().cast()
}

/// When the secret was made, in milliseconds since 1970 (UTC).
#[unsafe(no_mangle)]
pub extern "C" fn kr_credential_issued_at(credential: Option<&kr_credential>) -> i64 {
    credential.map_or(0, |credential| milliseconds(credential.credential.issued_at))
}

/// When it ends, in milliseconds since 1970 (UTC); INT64_MAX for a password that does not expire.
#[unsafe(no_mangle)]
pub extern "C" fn kr_credential_expires_at(credential: Option<&kr_credential>) -> i64 {
    credential.map_or(0, |credential| credential.credential.expires_at.map_or(i64::MAX, milliseconds))
}

/// Grows by one with each new secret of a manager; 1 is its first. kr_token_manager_reject() takes it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_credential_generation(credential: Option<&kr_credential>) -> u64 {
    credential.map_or(0, |credential| credential.credential.generation)
}

/// Wipes this copy of the secret and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_credential_free(credential: Option<Box<kr_credential>>) {
    release(credential);
}
