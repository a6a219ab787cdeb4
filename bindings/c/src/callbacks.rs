//! Functions of the program that give credentials.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyrotor::aws::AwsKeys;
use keyrotor::{Callback, Callbacks, Code, Error, Fetch, Fetched, SourceError};

use crate::argument::{invalid, required};
use crate::error::kr_error;
use crate::guard::{guard, produce, release};

/// Functions that requests name. Managers and clients that are made with the same ones share their answers.
pub struct kr_callbacks(Mutex<Callbacks>);

/// What a function answers. It lives until that function returns.
#[derive(Default)]
pub struct kr_answer(Option<Given>);

/// Gives a login, or for a key_source AWS keys, by one of kr_answer_login(), kr_answer_key() and kr_answer_failure();
/// without any of them it has failed. It runs on a thread of the library's, one call at a time, and may wait and call
/// the library; it must not unwind or throw. It is asked again after a failure. A call that outlasts the source's
/// budget is not waited for, and the next one waits for it.
pub type kr_callback = Option<extern "C" fn(data: *mut c_void, answer: Option<&mut kr_answer>)>;

/// Is called once with a function's data, on any thread, when nobody can call that function any more. It may be NULL.
pub type kr_release = Option<extern "C" fn(data: *mut c_void)>;

enum Given {
    Login { user: String, secret: String, end: Option<SystemTime> },
    Key { id: String, secret: String, session_token: Option<String>, end: Option<SystemTime> },
    Failure(String),
}

/// A function and what it is called with.
struct Function {
    call: extern "C" fn(*mut c_void, Option<&mut kr_answer>),
    data: *mut c_void,
    release: kr_release,
}

// SAFETY: the contract of kr_callbacks_add() is that any thread may call the functions with the data.
unsafe impl Send for Function {}
// SAFETY: as above.
unsafe impl Sync for Function {}

impl Drop for Function {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            release(self.data);
        }
    }
}

impl Function {
    fn ask(&self) -> Result<Given, SourceError> {
        let mut answer = kr_answer::default();
        (self.call)(self.data, Some(&mut answer));
        match answer.0 {
            Some(Given::Failure(message)) => Err(failed(message)),
            Some(given) => Ok(given),
            None => Err(failed("it returned without an answer")),
        }
    }

    fn login(&self, now: SystemTime) -> Result<Fetched, SourceError> {
        let Given::Login { user, secret, end } = self.ask()? else {
            return Err(failed("it gave AWS keys where a login was asked for; use kr_answer_login()"));
        };
        let fetched = Fetched::new(user, secret, now);
        Ok(match end {
            Some(end) => fetched.expires_at(end),
            None => fetched,
        })
    }

    fn key(&self) -> Result<AwsKeys, SourceError> {
        let Given::Key { id, secret, session_token, end } = self.ask()? else {
            return Err(failed("it gave a login where AWS keys were asked for; use kr_answer_key()"));
        };
        Ok(AwsKeys::new(id, secret, session_token, end, "a function of the program"))
    }
}

impl kr_callbacks {
    pub(crate) fn all(&self) -> Callbacks {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// None yet.
#[unsafe(no_mangle)]
pub extern "C" fn kr_callbacks_new(
    out: Option<&mut MaybeUninit<Option<Box<kr_callbacks>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || Ok(kr_callbacks(Mutex::default())))
}

/// Adds a function under the name that requests call it by. `data` is handed to it with each call, and to `release` in
/// the end, also where this fails; both must be fit for any thread.
///
/// # Safety
/// `name` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_callbacks_add(
    callbacks: Option<&kr_callbacks>,
    name: *const c_char,
    function: kr_callback,
    data: *mut c_void,
    release: kr_release,
) -> Option<Box<kr_error>> {
    guard(|| {
        extern "C" fn nothing(_: *mut c_void, _: Option<&mut kr_answer>) {}
        let held = Arc::new(Function { call: function.unwrap_or(nothing), data, release });
        required(function, "function")?;
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, "name") }?;
        let mut callbacks =
            required(callbacks, "callbacks")?.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (login, key) = (Arc::clone(&held), held);
        *callbacks = callbacks
            .clone()
            .with_credentials(&name, Callback::blocking(move |fetch: Fetch| login.login(fetch.now)))
            .with_keys(&name, Callback::blocking(move |_| key.key()));
        Ok(())
    })
}

/// Frees the set. The functions live on with the managers and clients that were made with it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_callbacks_free(callbacks: Option<Box<kr_callbacks>>) {
    release(callbacks);
}

/// Answers with a login. `expires_at` is in milliseconds since 1970; INT64_MAX where the secret does not end.
///
/// # Safety
/// Each text ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_answer_login(
    answer: Option<&mut kr_answer>,
    user: *const c_char,
    secret: *const c_char,
    expires_at: i64,
) -> Option<Box<kr_error>> {
    guard(|| {
        let answer = required(answer, "answer")?;
        // SAFETY: the caller's promise.
        let (user, secret) = unsafe { (text(user, "user")?, text(secret, "secret")?) };
        answer.0 = Some(Given::Login { user, secret, end: time(expires_at)? });
        Ok(())
    })
}

/// Answers with AWS keys. `session_token` may be NULL; `expires_at` is as for kr_answer_login().
///
/// # Safety
/// Each text ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_answer_key(
    answer: Option<&mut kr_answer>,
    access_key_id: *const c_char,
    secret_access_key: *const c_char,
    session_token: *const c_char,
    expires_at: i64,
) -> Option<Box<kr_error>> {
    guard(|| {
        let answer = required(answer, "answer")?;
        // SAFETY: the caller's promise.
        let (id, secret) =
            unsafe { (text(access_key_id, "access_key_id")?, text(secret_access_key, "secret_access_key")?) };
        let session_token = match session_token.is_null() {
            true => None,
            // SAFETY: the caller's promise.
            false => Some(unsafe { text(session_token, "session_token") }?),
        };
        answer.0 = Some(Given::Key { id, secret, session_token, end: time(expires_at)? });
        Ok(())
    })
}

/// Answers that there is nothing to give. The message goes into errors and logs: no secret may be in it.
///
/// # Safety
/// `message` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_answer_failure(
    answer: Option<&mut kr_answer>,
    message: *const c_char,
) -> Option<Box<kr_error>> {
    guard(|| {
        let answer = required(answer, "answer")?;
        // SAFETY: the caller's promise.
        answer.0 = Some(Given::Failure(unsafe { text(message, "message") }?));
        Ok(())
    })
}

/// # Safety
/// `pointer` is NULL, or the text ends with a NUL.
unsafe fn text(pointer: *const c_char, name: &str) -> Result<String, Error> {
    if pointer.is_null() {
        return Err(invalid(format!("{name} is NULL")));
    }
    // SAFETY: not NULL, and it ends with a NUL.
    let text = unsafe { CStr::from_ptr(pointer) }.to_str();
    text.map(str::to_owned).map_err(|_| invalid(format!("{name} is not UTF-8")))
}

fn time(milliseconds: i64) -> Result<Option<SystemTime>, Error> {
    if milliseconds == i64::MAX {
        return Ok(None);
    }
    let since = u64::try_from(milliseconds).ok().map(Duration::from_millis);
    match since.and_then(|since| UNIX_EPOCH.checked_add(since)) {
        Some(end) => Ok(Some(end)),
        None => Err(invalid("expires_at is out of range; it is in milliseconds since 1970")),
    }
}

fn failed(message: impl Into<String>) -> SourceError {
    SourceError::Transient(Error::new(Code::CredentialsFetchFailed, message))
}
