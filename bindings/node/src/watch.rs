//! Streams of a manager: each item goes to JavaScript under the same ticket.

use std::sync::{Arc, Mutex, PoisonError};

use keyrotor::host::{Background, Task};
use keyrotor::{EventStream, Subscription};
use napi_derive::napi;

use crate::completion::{News, Payload, Queue};

/// A running stream; it ends when this is stopped or collected.
#[napi(js_name = "NativeWatch")]
pub struct Watch {
    /// Not kept once stopped: it holds on to the runtime's descriptors.
    task: Mutex<Option<Task>>,
}

#[napi]
impl Watch {
    /// Ends the stream. Harmless when repeated.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        drop(self.task.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Watch {
    pub(crate) fn tokens(
        mut subscription: Subscription,
        queue: Arc<Queue>,
        ticket: i64,
    ) -> keyrotor::Result<Self> {
        Self::spawn(async move {
            while let Some(credential) = subscription.next().await {
                queue.push(ticket, News::Outcome(Ok(Payload::Credential(credential))));
            }
        })
    }

    pub(crate) fn events(mut events: EventStream, queue: Arc<Queue>, ticket: i64) -> keyrotor::Result<Self> {
        Self::spawn(async move {
            while let Some(event) = events.next().await {
                queue.push(ticket, News::Outcome(Ok(Payload::Event(Box::new(event)))));
            }
        })
    }

    fn spawn(stream: impl Future<Output = ()> + Send + 'static) -> keyrotor::Result<Self> {
        let task = Background::acquire()?.spawn(stream);
        Ok(Self { task: Mutex::new(Some(task)) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}
