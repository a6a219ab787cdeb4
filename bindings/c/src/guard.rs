//! The way out of every call that can fail: an error as a value, never a panic into C.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use keyrotor::{Code, Error};

use crate::argument::required;
use crate::error::kr_error;
use crate::sigpipe::Shield;

/// Runs a call; `None`, which is NULL in C, is success.
pub(crate) fn guard(call: impl FnOnce() -> Result<(), Error>) -> Option<Box<kr_error>> {
    let _shield = Shield::raise();
    let error = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error,
        Err(payload) => {
            // Dropping what somebody panicked with runs his code, which may panic in its turn.
            std::mem::forget(payload);
            Error::new(
                Code::Internal,
                "internal error, please report it: a panic, whose message is on stderr",
            )
        }
    };
    Some(Box::new(kr_error::from(error)))
}

/// [`guard`] for a call that makes something. `out` is checked first, so that nothing is made in vain.
pub(crate) fn produce<T>(
    out: Option<&mut MaybeUninit<Option<Box<T>>>>,
    make: impl FnOnce() -> Result<T, Error>,
) -> Option<Box<kr_error>> {
    guard(|| {
        let out = required(out, "out")?;
        out.write(Some(Box::new(make()?)));
        Ok(())
    })
}

/// Drops what C gives back; a panic on the way ends here.
pub(crate) fn release<T>(owned: Option<Box<T>>) {
    let _shield = Shield::raise();
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(owned))) {
        std::mem::forget(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }

    #[test]
    fn b01_a_panic_becomes_the_code_internal() {
        let error = guard(|| panic!("a bug")).unwrap();
        assert_eq!(error.detail().code, i32::from(Code::Internal));
        assert_eq!(error.detail().name, "internal");
        assert!(!error.detail().message.contains("a bug"), "it could hold a secret");
    }

    #[test]
    fn b01_a_payload_that_panics_when_dropped_does_no_harm() {
        let error = guard(|| std::panic::panic_any(Bomb)).unwrap();
        assert_eq!(error.detail().name, "internal");
        release(Some(Box::new(Bomb)));
    }

    #[test]
    fn an_out_parameter_is_written_on_success_only() {
        let mut out = MaybeUninit::new(None);
        let failed = produce(Some(&mut out), || Err::<u8, _>(Error::new(Code::Cancelled, "no")));
        assert_eq!(failed.unwrap().detail().name, "cancelled");
        assert!(produce::<u8>(None, || unreachable!("made in vain")).is_some());
        assert!(produce(Some(&mut out), || Ok(7_u8)).is_none());
        // SAFETY: it was initialised above.
        assert_eq!(unsafe { out.assume_init() }, Some(Box::new(7)));
    }
}
