//! Which commands may share a connection.

use keyrotor_proto::Code;
use redis::{Arg, Cmd};

use crate::error::{Error, Result};

/// Commands that change the connection for all who share it, or hold it up.
const REFUSED: [(&str, &str); 29] = [
    ("AUTH", LOGIN),
    ("HELLO", LOGIN),
    ("RESET", LOGIN),
    ("QUIT", "close the client instead"),
    ("MULTI", "use an atomic batch"),
    ("EXEC", "use an atomic batch"),
    ("DISCARD", "use an atomic batch"),
    ("WATCH", "use a Lua script"),
    ("UNWATCH", "use a Lua script"),
    ("SELECT", "set database_id"),
    ("SUBSCRIBE", PUBSUB),
    ("PSUBSCRIBE", PUBSUB),
    ("SSUBSCRIBE", PUBSUB),
    // One command, several replies: whoever comes after would get somebody else's.
    ("UNSUBSCRIBE", PUBSUB),
    ("PUNSUBSCRIBE", PUBSUB),
    ("SUNSUBSCRIBE", PUBSUB),
    ("MONITOR", PUBSUB),
    ("SYNC", PUBSUB),
    ("PSYNC", PUBSUB),
    ("WAIT", BLOCKING),
    ("WAITAOF", BLOCKING),
    ("BLPOP", BLOCKING),
    ("BRPOP", BLOCKING),
    ("BLMOVE", BLOCKING),
    ("BLMPOP", BLOCKING),
    ("BZPOPMIN", BLOCKING),
    ("BZPOPMAX", BLOCKING),
    ("BZMPOP", BLOCKING),
    ("BRPOPLPUSH", BLOCKING),
];

const LOGIN: &str = "the client logs in by itself";
const PUBSUB: &str = "the client has no connection set apart for subscribers yet";
const BLOCKING: &str = "the client has no connection set apart for blocking commands yet";

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
    if is_blocking_read(name, arguments) {
        return Err(Error::new(
            Code::CommandUnsupported,
            format!("XREAD … BLOCK is not supported: {BLOCKING}"),
        ));
    }
    Ok(())
}

fn is_reply_switch(command: &Cmd) -> bool {
    matches!(command.args_iter().nth(1), Some(Arg::Simple(text)) if text.eq_ignore_ascii_case(b"REPLY"))
}

fn is_blocking_read<'a>(name: &[u8], arguments: impl Iterator<Item = Arg<&'a [u8]>>) -> bool {
    (name.eq_ignore_ascii_case(b"XREAD") || name.eq_ignore_ascii_case(b"XREADGROUP"))
        && arguments
            // Keys come after STREAMS; one may be called BLOCK.
            .map_while(|argument| match argument {
                Arg::Simple(text) if !text.eq_ignore_ascii_case(b"STREAMS") => Some(text),
                _ => None,
            })
            .any(|text| text.eq_ignore_ascii_case(b"BLOCK"))
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    #[test]
    fn what_would_take_the_connection_over_is_refused_by_name() {
        check(cmd("CLIENT").arg("SETNAME").arg("reply")).unwrap();
        check(cmd("client").arg("reply").arg("SKIP")).unwrap_err();
        for name in ["multi", "Subscribe", "BLPOP", "AUTH", "unsubscribe", "WAIT"] {
            let error = check(&cmd(name)).unwrap_err();
            assert_eq!(error.code(), Code::CommandUnsupported);
            assert!(error.message().starts_with(&name.to_uppercase()), "{error}");
        }
        check(cmd("XREAD").arg("COUNT").arg(1).arg("STREAMS").arg("BLOCK").arg(0)).unwrap();
        check(cmd("XREAD").arg("BLOCK").arg(0).arg("STREAMS").arg("a").arg(0)).unwrap_err();
        check(cmd("GET").arg("AUTH")).unwrap();
    }

    #[test]
    fn a_command_has_a_name() {
        assert_eq!(check(&Cmd::new()).unwrap_err().code(), Code::ArgumentInvalid);
    }
}
