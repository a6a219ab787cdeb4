//! Runs the core's futures on keyrotor's own thread, so that Node needs no second runtime.

use keyrotor::host::Background;

use crate::completion::{Completion, Outcome};

/// Runs `future` on keyrotor's thread and settles the promise with its outcome.
pub(crate) fn run(completion: Completion, future: impl Future<Output = Outcome> + Send + 'static) {
    match Background::acquire() {
        Ok(background) => {
            background.spawn(async move { completion.complete(future.await) }).detach();
        }
        Err(error) => completion.complete(Err(error)),
    }
}
