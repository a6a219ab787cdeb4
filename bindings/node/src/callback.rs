//! Functions of JavaScript's that give credentials: the core asks, their thread answers.
//!
//! A question goes to the thread like any other news, and so keeps no process alive. It is open until it is answered
//! or nobody waits for the answer any more.

use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyrotor::aws::AwsKeys;
use keyrotor::{BoxFuture, Callback, Callbacks, Code, Error, Fetch, Fetched, SourceError};
use napi_derive::napi;
use tokio::sync::oneshot;

use crate::completion::{News, Payload, Queue};

/// The ticket of questions, which no promise has.
const QUESTIONS: i64 = 0;

/// A function under the name that a request gives it.
#[napi(object)]
pub struct FunctionInfo {
    /// In this request.
    pub name: String,
    /// In this process.
    pub number: i64,
}

/// What a function is asked.
#[napi(object)]
#[derive(Debug, Clone, Copy)]
pub struct QuestionInfo {
    /// The function.
    pub function: i64,
    /// The question itself: the answer must name it.
    pub question: i64,
    /// AWS keys; else a login.
    pub wants_keys: bool,
}

/// What a function has answered: a user and a secret, or the two halves of an AWS key.
#[napi(object)]
pub struct AnswerInfo {
    /// The user's name; the key's id.
    pub name: String,
    /// The password or token; the key's secret.
    pub secret: String,
    /// Of keys only.
    pub session_token: Option<String>,
    /// Milliseconds since 1970.
    pub expires_at: Option<f64>,
}

/// What a function threw: JavaScript keeps it.
#[napi(object)]
#[derive(Debug, Clone, Copy)]
pub struct ThrownInfo {
    /// The function.
    pub function: i64,
    /// The question that it was asked.
    pub question: i64,
}

type Answer = Result<AnswerInfo, Error>;

/// A number for a function: managers that are given the same share its answers.
#[napi(catch_unwind)]
pub fn function_number() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    LAST.fetch_add(1, Relaxed) + 1
}

/// The questions that one JavaScript thread has not answered yet.
pub(crate) struct Questions {
    queue: Arc<Queue>,
    open: Mutex<HashMap<i64, (QuestionInfo, oneshot::Sender<Answer>)>>,
}

impl Questions {
    pub(crate) fn new(queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { queue, open: Mutex::default() })
    }

    /// These functions, each for both ends; which of them gives what, the request says.
    pub(crate) fn callbacks(self: &Arc<Self>, functions: Vec<FunctionInfo>) -> Callbacks {
        functions.into_iter().fold(Callbacks::new(), |callbacks, FunctionInfo { name, number }| {
            callbacks.with_credentials(&name, self.login(number)).with_keys(&name, self.keys(number))
        })
    }

    pub(crate) fn answer(&self, question: i64, answer: AnswerInfo) {
        if let Some((_, asker)) = self.open().remove(&question) {
            // Nobody waits any more: it came too late.
            let _ = asker.send(Ok(answer));
        }
    }

    /// `kind` is the name of what was thrown; its text may hold a secret, and is for the cause to show.
    pub(crate) fn fail(&self, question: i64, kind: &str) {
        if let Some((QuestionInfo { function, question, .. }, asker)) = self.open().remove(&question) {
            let message = format!("it threw {kind}; look at the error's cause");
            let error = Error::new(Code::CredentialsFetchFailed, message);
            let _ = asker.send(Err(error.with_cause(ThrownInfo { function, question })));
        }
    }

    fn login(self: &Arc<Self>, function: i64) -> keyrotor::CredentialsCallback {
        let questions = Arc::clone(self);
        Callback::future(move |fetch: Fetch| -> BoxFuture<'static, Result<Fetched, SourceError>> {
            let questions = Arc::clone(&questions);
            Box::pin(async move {
                let AnswerInfo { name, secret, expires_at, .. } = questions.ask(function, false).await?;
                let fetched = Fetched::new(name, secret, fetch.now);
                Ok(match expires_at {
                    Some(end) => fetched.expires_at(time(end)?),
                    None => fetched,
                })
            })
        })
        .identified_by(function.unsigned_abs())
    }

    fn keys(self: &Arc<Self>, function: i64) -> keyrotor::KeysCallback {
        let questions = Arc::clone(self);
        Callback::future(move |_| -> BoxFuture<'static, Result<AwsKeys, SourceError>> {
            let questions = Arc::clone(&questions);
            Box::pin(async move {
                let AnswerInfo { name, secret, session_token, expires_at } =
                    questions.ask(function, true).await?;
                let end = expires_at.map(time).transpose()?;
                Ok(AwsKeys::new(name, secret, session_token, end, "a function of JavaScript's"))
            })
        })
        .identified_by(function.unsigned_abs())
    }

    async fn ask(&self, function: i64, wants_keys: bool) -> Result<AnswerInfo, SourceError> {
        static LAST: AtomicI64 = AtomicI64::new(0);
        let question = LAST.fetch_add(1, Relaxed) + 1;
        let info = QuestionInfo { function, question, wants_keys };
        let (asker, answer) = oneshot::channel();
        self.open().insert(question, (info, asker));
        let _withdrawn = Withdraw { questions: self, question };
        self.queue.push(QUESTIONS, News::Outcome(Ok(Payload::Question(info))));
        let gone = |_| Err(Error::new(Code::Cancelled, "its thread has ended"));
        answer.await.unwrap_or_else(gone).map_err(SourceError::Transient)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<i64, (QuestionInfo, oneshot::Sender<Answer>)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a question back that nobody waits for any more.
struct Withdraw<'a> {
    questions: &'a Questions,
    question: i64,
}

impl Drop for Withdraw<'_> {
    fn drop(&mut self) {
        self.questions.open().remove(&self.question);
    }
}

fn time(milliseconds: f64) -> Result<SystemTime, SourceError> {
    let since = Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    since.and_then(|since| UNIX_EPOCH.checked_add(since)).ok_or_else(|| {
        let message = "the expiry that it gave is out of range; it is a Date, or milliseconds since 1970";
        SourceError::Transient(Error::new(Code::CredentialsFetchFailed, message))
    })
}
