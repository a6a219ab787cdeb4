//! One JavaScript thread: wakes it, and turns outcomes into values there.

use std::sync::Arc;

use napi::bindgen_prelude::{Env, Function, JavaScriptClassExt, JsValue, Object, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::callback::{AnswerInfo, Questions};
use crate::client::Client;
use crate::completion::{Completion, News, Outcome, Payload, Queue};
use crate::local::Local;
use crate::reply::{Decode, Scribe};
use crate::status::{CredentialInfo, EventInfo};

/// One for each JavaScript thread.
#[napi(js_name = "NativeHost")]
pub struct Host {
    queue: Arc<Queue>,
    local: Local,
    questions: Arc<Questions>,
}

#[napi]
impl Host {
    /// `wake` is called on this thread when there is something to [`drain`](Self::drain). It keeps no process
    /// alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(wake: Function<'_, (), ()>) -> napi::Result<Self> {
        let wake = wake.build_threadsafe_function::<()>().weak::<true>().build()?;
        let queue = Queue::new(wake);
        let (local, questions) = (Local::new(Arc::clone(&queue)), Questions::new(Arc::clone(&queue)));
        Ok(Self { queue, local, questions })
    }

    /// What happened since the last call: ticket, whether it failed, value or error; and again. `makers` makes
    /// JavaScript's own objects: `error` (of an `ErrorInfo`), `map` (of keys and values that alternate), `set`,
    /// `bigint` (of digits).
    #[napi(catch_unwind, ts_return_type = "unknown[]")]
    pub fn drain<'env>(&self, env: &'env Env, makers: Object<'env>) -> napi::Result<Vec<Unknown<'env>>> {
        let mut flat = Vec::new();
        for (ticket, news) in self.queue.take() {
            let outcome = match news {
                News::Outcome(outcome) => Some(outcome),
                News::Woken => self.local.go_on(ticket),
            };
            if let Some(outcome) = outcome {
                let (failed, value) = settled(env, makers, outcome)?;
                flat.extend([ticket.into_unknown(env)?, failed.into_unknown(env)?, value]);
            }
        }
        Ok(flat)
    }

    /// What a function has answered to this question.
    #[napi(catch_unwind)]
    pub fn answer(&self, question: i64, answer: AnswerInfo) {
        self.questions.answer(question, answer);
    }

    /// It threw something of this kind in place of an answer.
    #[napi(catch_unwind)]
    pub fn fail(&self, question: i64, kind: String) {
        self.questions.fail(question, &kind);
    }
}

impl Host {
    /// The duty to settle the promise that has this ticket.
    pub(crate) fn completion(&self, ticket: i64) -> Completion {
        Completion::new(self.queue(), ticket)
    }

    /// Settles it with the outcome of a future that this thread polls.
    pub(crate) fn run_here(&self, ticket: i64, future: impl Future<Output = Outcome> + 'static) {
        self.local.start(ticket, future);
    }

    pub(crate) fn questions(&self) -> &Arc<Questions> {
        &self.questions
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }
}

/// Whether it failed, and the value or the error.
fn settled<'env>(
    env: &'env Env,
    makers: Object<'env>,
    outcome: Outcome,
) -> napi::Result<(bool, Unknown<'env>)> {
    let is_error = outcome.is_err();
    let value = match outcome {
        Ok(payload) => value(env, makers, payload),
        Err(error) => Scribe::new(env, makers, Decode::String).error(&error),
    };
    match value {
        Ok(value) => Ok((is_error, value)),
        // A value that cannot be made is not lost: whoever waits is told.
        Err(failure) => Ok((true, failure.reason.clone().into_unknown(env)?)),
    }
}

fn value<'env>(env: &'env Env, makers: Object<'env>, payload: Payload) -> napi::Result<Unknown<'env>> {
    match payload {
        Payload::Credential(credential) => CredentialInfo::from(&*credential).into_unknown(env),
        Payload::Client(client) => Ok(Client::into_instance(client, env)?.to_unknown()),
        Payload::Reply(value, decode) => Scribe::new(env, makers, decode).value(value),
        Payload::Replies(values, decode) => Scribe::new(env, makers, decode).outcomes(values),
        Payload::Question(question) => question.into_unknown(env),
        Payload::Event(event) => EventInfo::from(*event).into_unknown(env),
    }
}
