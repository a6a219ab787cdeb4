//! The messages of the request's subscriptions, as the redis crate has them.

use redis::{PushInfo, PushKind, Value};
use tokio::sync::mpsc::UnboundedSender;

use crate::Client;
use crate::client::{PubSubEvent, PubSubMessage};
use crate::error::Result;
use crate::host::Background;

/// Until the client is closed or nobody listens any more.
pub(super) fn hand_on(client: Client, sender: UnboundedSender<PushInfo>) -> Result<()> {
    let work = async move {
        let Some(subscriber) = client.request_subscriber() else { return };
        loop {
            let event = tokio::select! {
                event = subscriber.next() => event,
                () = sender.closed() => None,
            };
            let Some(event) = event else { return };
            if sender.send(push(event)).is_err() {
                return;
            }
        }
    };
    Background::acquire()?.spawn(work).detach();
    Ok(())
}

fn push(event: PubSubEvent) -> PushInfo {
    match event {
        PubSubEvent::Message(message) => message_push(message),
        // Between here and the next message something may be missing.
        PubSubEvent::Interrupted(_) | PubSubEvent::Gap(_) => {
            PushInfo { kind: PushKind::Disconnection, data: Vec::new() }
        }
    }
}

fn message_push(message: PubSubMessage) -> PushInfo {
    let kind = if message.pattern.is_some() { PushKind::PMessage } else { PushKind::Message };
    let parts = message.pattern.into_iter().chain([message.channel, message.payload]);
    PushInfo { kind, data: parts.map(Value::BulkString).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_parts_that_the_server_sent() {
        let message = |pattern: Option<&str>| PubSubMessage {
            channel: b"news".to_vec(),
            pattern: pattern.map(Into::into),
            payload: b"text".to_vec(),
        };
        let parts = |texts: &[&str]| texts.iter().map(|text| Value::BulkString((*text).into())).collect();
        let plain = push(PubSubEvent::Message(message(None)));
        assert_eq!(plain, PushInfo { kind: PushKind::Message, data: parts(&["news", "text"]) });
        let matched = push(PubSubEvent::Message(message(Some("n*"))));
        assert_eq!(matched, PushInfo { kind: PushKind::PMessage, data: parts(&["n*", "news", "text"]) });
    }
}
