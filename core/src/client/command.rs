//! Which commands may share a connection.

use keyrotor_proto::Code;
use redis::{Arg, Cmd};

use crate::error::{Error, Result};

/// Commands that change the connection for all who share it, or hold it up.
const REFUSED: [(&str, &str); 21] = [
    ("AUTH", LOGIN),
    ("HELLO", LOGIN),
    ("RESET", LOGIN),
    ("QUIT", "close the client instead"),
    ("MULTI", "use an atomic batch"),
    ("EXEC", "use an atomic batch"),
    ("DISCARD", "use an atomic batch"),
    ("WATCH", "use a watch, which has a connection of its own"),
    ("UNWATCH", "end the watch"),
    ("SELECT", "set database_id"),
    ("SUBSCRIBE", PUBSUB),
    ("PSUBSCRIBE", PUBSUB),
    ("SSUBSCRIBE", SHARDED),
    // One command, several replies: whoever comes after would get somebody else's.
    ("UNSUBSCRIBE", PUBSUB),
    ("PUNSUBSCRIBE", PUBSUB),
    ("SUNSUBSCRIBE", SHARDED),
    ("MONITOR", TAKES_OVER),
    ("SYNC", TAKES_OVER),
    ("PSYNC", TAKES_OVER),
    ("WAIT", ITS_WRITES),
    ("WAITAOF", ITS_WRITES),
];

const LOGIN: &str = "the client logs in by itself";
const PUBSUB: &str = "subscribers have a connection of their own: make one with the client, or give the request's \
                      pubsub_subscriptions";
const SHARDED: &str = "sharded pub/sub is not there yet";
const TAKES_OVER: &str = "it would take over the connection that all commands share";
const ITS_WRITES: &str = "it asks about what its own connection wrote, and commands share one";

/// The words of a command, its name first.
pub(super) fn words(command: &Cmd) -> impl Iterator<Item = &[u8]> {
    command.args_iter().map(|argument| match argument {
        Arg::Simple(word) => word,
        // Of a scan that begins.
        _ => b"0",
    })
}

/// Refuses what would take the shared connection over.
pub(super) fn check(command: &Cmd) -> Result<()> {
    let mut arguments = command.args_iter();
    let Some(Arg::Simple(name)) = arguments.next() else {
        return Err(Error::new(Code::ArgumentInvalid, "a command without a name"));
    };
    let refused = REFUSED.iter().find(|(refused, _)| name.eq_ignore_ascii_case(refused.as_bytes()));
    if let Some((name, instead)) = refused {
        return Err(Error::new(Code::CommandUnsupported, format!("{name} is not supported: {instead}")));
    }
    if name.eq_ignore_ascii_case(b"CLIENT") && is_reply_switch(command) {
        let message = "CLIENT REPLY is not supported: the replies belong to all who share the connection";
        return Err(Error::new(Code::CommandUnsupported, message));
    }
    Ok(())
}

fn is_reply_switch(command: &Cmd) -> bool {
    matches!(command.args_iter().nth(1), Some(Arg::Simple(text)) if text.eq_ignore_ascii_case(b"REPLY"))
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    #[test]
    fn what_would_take_the_connection_over_is_refused_by_name() {
        check(cmd("CLIENT").arg("SETNAME").arg("reply")).unwrap();
        check(cmd("client").arg("reply").arg("SKIP")).unwrap_err();
        for name in ["multi", "Subscribe", "AUTH", "unsubscribe", "WAIT"] {
            let error = check(&cmd(name)).unwrap_err();
            assert_eq!(error.code(), Code::CommandUnsupported);
            assert!(error.message().starts_with(&name.to_uppercase()), "{error}");
        }
        check(cmd("GET").arg("AUTH")).unwrap();
    }

    #[test]
    fn a_command_has_a_name() {
        assert_eq!(check(&Cmd::new()).unwrap_err().code(), Code::ArgumentInvalid);
    }
}
