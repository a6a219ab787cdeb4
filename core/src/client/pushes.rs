//! What a server sends to a subscriber, kept until the subscriber takes it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use redis::PushKind::{self, PSubscribe, PUnsubscribe, Subscribe, Unsubscribe};
use redis::Value;
use tokio::sync::Notify;

use super::value;
use crate::clock::{Clock, SystemClock};
use crate::error::Error;

/// What a subscriber that is not read holds at most. Beyond it the oldest messages go: the connection, and with it the
/// login, must not wait for a reader.
const MOST_MESSAGES: usize = 65_536;
const MOST_BYTES: usize = 64 << 20;

/// A message of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PubSubMessage {
    /// Where it was published.
    pub channel: Vec<u8>,
    /// The pattern that the channel matched, where it came by one.
    pub pattern: Option<Vec<u8>>,
    /// What was published.
    pub payload: Vec<u8>,
}

/// What comes to a subscriber.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PubSubEvent {
    /// A message.
    Message(PubSubMessage),
    /// The connection was lost, or could not be subscribed again, and is being replaced. Said once an outage.
    Interrupted(Error),
    /// The subscriptions hold again; what was published in between was not seen.
    Gap(Gap),
}

/// A time without a subscription, or messages that were dropped since nobody took them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// When the last message before it came. `None`: there was none.
    pub last_message: Option<SystemTime>,
    /// When the new subscription was confirmed; for dropped messages, when the last of them came.
    pub subscribed: SystemTime,
    /// Messages that came and were dropped, since more than 65,536 messages or 64 MiB waited.
    pub dropped: u64,
}

/// `Pushes` is the queue between a subscriber's connections and its reader.
#[derive(Debug)]
pub(super) struct Pushes {
    is_resp3: bool,
    queue: Mutex<Queue>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<PubSubEvent>,
    bytes: usize,
    last_message: Option<SystemTime>,
    dropped: u64,
    expects_gap: bool,
    is_closed: bool,
}

impl Pushes {
    pub(super) fn new(is_resp3: bool) -> Self {
        Self { is_resp3, queue: Mutex::default(), arrived: Notify::new() }
    }

    /// Takes a frame unless it is a reply; the confirmation of a subscription is one.
    pub(super) fn take(&self, frame: &[u8]) -> bool {
        let marker = if self.is_resp3 { b'>' } else { b'*' };
        if frame.first() != Some(&marker) {
            return false;
        }
        let Some(value) = value::read(frame) else { return false };
        if let Value::Push { kind: Subscribe | PSubscribe | Unsubscribe | PUnsubscribe, .. } = value {
            return false;
        }
        match message(value) {
            Some(message) => self.put_message(message),
            // In RESP2 any array may be a reply.
            None => return self.is_resp3,
        }
        true
    }

    fn put_message(&self, message: PubSubMessage) {
        let mut queue = self.queue();
        if queue.is_closed {
            return;
        }
        queue.end_gap();
        queue.last_message = Some(SystemClock::default().wall());
        queue.bytes += size(&message);
        queue.events.push_back(PubSubEvent::Message(message));
        queue.shrink();
        drop(queue);
        self.arrived.notify_one();
    }

    /// From here on a message comes after a gap: it may be here before whoever subscribed anew knows that he did.
    pub(super) fn expect_gap(&self) {
        self.queue().expects_gap = true;
    }

    /// The subscriptions hold again.
    pub(super) fn put_gap(&self) {
        self.queue().end_gap();
        self.arrived.notify_one();
    }

    pub(super) fn put_interruption(&self, error: Error) {
        self.put(PubSubEvent::Interrupted(error));
    }

    fn put(&self, event: PubSubEvent) {
        let mut queue = self.queue();
        if !queue.is_closed {
            queue.events.push_back(event);
            drop(queue);
            self.arrived.notify_one();
        }
    }

    /// The next event, if one has come. `Err`: no more will come.
    pub(super) fn try_next(&self) -> Result<Option<PubSubEvent>, Closed> {
        let mut queue = self.queue();
        if let Some(gap) = queue.gap_of_the_dropped() {
            return Ok(Some(PubSubEvent::Gap(gap)));
        }
        let event = queue.events.pop_front();
        if let Some(PubSubEvent::Message(message)) = &event {
            queue.bytes -= size(message);
        }
        if event.is_none() && queue.is_closed { Err(Closed) } else { Ok(event) }
    }

    /// The next event. `None`: no more will come.
    pub(super) async fn next(&self) -> Option<PubSubEvent> {
        loop {
            match self.try_next() {
                Ok(Some(event)) => return Some(event),
                Ok(None) => self.arrived.notified().await,
                Err(Closed) => {
                    // Another reader may wait for the same end.
                    self.arrived.notify_one();
                    return None;
                }
            }
        }
    }

    /// Ends when there is something to take, or nothing more will come.
    pub(super) async fn ready(&self) {
        while !self.queue().is_ready() {
            self.arrived.notified().await;
        }
        // Whoever hears of it may not take it; then another reader has to hear of it.
        self.arrived.notify_one();
    }

    /// What has come may still be taken.
    pub(super) fn close(&self) {
        self.queue().is_closed = true;
        self.arrived.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing more comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed;

impl Queue {
    /// Tells of the gap, unless that was done.
    fn end_gap(&mut self) {
        if std::mem::take(&mut self.expects_gap) && !self.is_closed {
            let subscribed = SystemClock::default().wall();
            let gap = Gap { last_message: self.last_message, subscribed, dropped: 0 };
            self.events.push_back(PubSubEvent::Gap(gap));
        }
    }

    fn is_ready(&self) -> bool {
        self.is_closed || self.dropped > 0 || !self.events.is_empty()
    }

    fn shrink(&mut self) {
        while self.events.len() > MOST_MESSAGES || self.bytes > MOST_BYTES {
            match self.events.pop_front() {
                Some(PubSubEvent::Message(message)) => {
                    self.bytes -= size(&message);
                    self.dropped += 1;
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    fn gap_of_the_dropped(&mut self) -> Option<Gap> {
        let dropped = std::mem::take(&mut self.dropped);
        let subscribed = self.last_message?;
        (dropped > 0).then_some(Gap { last_message: None, subscribed, dropped })
    }
}

fn size(message: &PubSubMessage) -> usize {
    message.channel.len() + message.payload.len() + message.pattern.as_ref().map_or(0, Vec::len)
}

/// In RESP3 a push; in RESP2 an array that begins with the same word.
fn message(value: Value) -> Option<PubSubMessage> {
    let (kind, data) = match value {
        Value::Push { kind, data } => (kind, data),
        Value::Array(mut data) if !data.is_empty() => match data.remove(0) {
            Value::BulkString(kind) if kind == b"message" => (PushKind::Message, data),
            Value::BulkString(kind) if kind == b"pmessage" => (PushKind::PMessage, data),
            _ => return None,
        },
        _ => return None,
    };
    let mut texts = data.into_iter().map(|value| match value {
        Value::BulkString(text) => Some(text),
        _ => None,
    });
    let mut next = || texts.next().flatten();
    match kind {
        PushKind::Message => Some(PubSubMessage { channel: next()?, pattern: None, payload: next()? }),
        PushKind::PMessage => {
            let pattern = next();
            Some(PubSubMessage { channel: next()?, pattern, payload: next()? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    fn message_of(text: &str) -> String {
        format!(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n${}\r\n{text}\r\n", text.len())
    }

    fn payload(pushes: &Pushes) -> Option<String> {
        match pushes.try_next().unwrap()? {
            PubSubEvent::Message(message) => Some(String::from_utf8(message.payload).unwrap()),
            other => Some(format!("{other:?}")),
        }
    }

    #[test]
    fn c10_messages_come_in_order_and_nothing_else_does() {
        let pushes = Pushes::new(true);
        assert!(pushes.take(message_of("one").as_bytes()));
        assert!(pushes.take(b">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n$3\r\ntwo\r\n"));
        assert!(pushes.take(b">2\r\n$10\r\ninvalidate\r\n_\r\n"), "nobody asked for it");
        assert!(!pushes.take(b">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"));
        assert!(!pushes.take(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"), "in RESP3 this is a reply");
        assert!(Pushes::new(false).take(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"));
        assert_eq!((payload(&pushes), payload(&pushes)), (Some("one".into()), Some("two".into())));
        pushes.close();
        assert_eq!(pushes.try_next().unwrap_err(), Closed);
    }

    #[test]
    fn c10_a_gap_is_told_before_what_comes_after_it_and_once() {
        let pushes = Pushes::new(true);
        pushes.take(message_of("before").as_bytes());
        pushes.expect_gap();
        // It came with the confirmation of the new subscription.
        pushes.take(message_of("after").as_bytes());
        pushes.put_gap();
        assert_eq!(payload(&pushes), Some("before".into()));
        let Some(PubSubEvent::Gap(gap)) = pushes.try_next().unwrap() else { panic!("no gap") };
        assert!(gap.last_message.is_some() && gap.last_message <= Some(gap.subscribed));
        assert_eq!((payload(&pushes), payload(&pushes)), (Some("after".into()), None));
        pushes.expect_gap();
        pushes.put_gap();
        assert!(matches!(pushes.try_next(), Ok(Some(PubSubEvent::Gap(_)))));
    }

    #[test]
    fn c10_what_nobody_takes_is_dropped_and_said() {
        let pushes = Pushes::new(true);
        for number in 0..MOST_MESSAGES + 3 {
            pushes.take(message_of(&number.to_string()).as_bytes());
        }
        let Some(PubSubEvent::Gap(gap)) = pushes.try_next().unwrap() else { panic!("no gap") };
        assert_eq!(gap.dropped, 3);
        assert_eq!(payload(&pushes), Some("3".into()));
    }

    #[tokio::test]
    async fn b09_who_hears_of_a_message_and_goes_away_leaves_it_to_the_next_reader() {
        let pushes = std::sync::Arc::new(Pushes::new(true));
        let reading = tokio::spawn({
            let pushes = std::sync::Arc::clone(&pushes);
            async move { pushes.next().await }
        });
        let mut leaving = std::pin::pin!(pushes.ready());
        assert!(
            std::future::poll_fn(|context| Poll::Ready(leaving.as_mut().poll(context))).await.is_pending()
        );
        assert!(pushes.take(message_of("one").as_bytes()));
        leaving.await;
        assert!(matches!(reading.await.unwrap(), Some(PubSubEvent::Message(_))));
        pushes.close();
        pushes.ready().await;
        assert_eq!(pushes.try_next().unwrap_err(), Closed);
    }
}
