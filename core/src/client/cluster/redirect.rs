//! What a node says in place of an answer: that a command did not run there, and where or when it will.

use crate::config::Address;
use crate::error::Error;

/// Why a command did not run where it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirect {
    /// The slot belongs to that node.
    Moved { slot: u16, to: Address },
    /// The slot is on its way there, with these keys gone ahead.
    Ask { to: Address },
    /// The same node will take it soon.
    Later,
    /// The cluster is changing: look again who has the slot.
    Lost,
    /// A replica that cannot answer now; its primary can.
    ReplicaAway,
}

/// What this error says, where it says that the command did not run. `asked` is who said it.
pub(super) fn read(error: &Error, asked: &Address) -> Option<Redirect> {
    let text = error.server_text()?;
    // Scripts answer with errors of their own making, and then they ran: only the servers' own words count.
    let (kind, rest) = text.split_once(' ')?;
    match kind {
        "MOVED" => {
            let (slot, to) = place(rest, asked)?;
            Some(Redirect::Moved { slot, to })
        }
        "ASK" => place(rest, asked).map(|(_, to)| Redirect::Ask { to }),
        "TRYAGAIN" if rest.starts_with("Multiple keys request during rehashing of slot") => {
            Some(Redirect::Later)
        }
        "CLUSTERDOWN"
            if rest.starts_with("Hash slot not served") || rest.starts_with("The cluster is down") =>
        {
            Some(Redirect::Lost)
        }
        // What it waited for at a primary that is one no longer; a client that unblocks another says something else.
        "UNBLOCKED" if rest.starts_with("force unblock from blocking operation, instance state changed") => {
            Some(Redirect::Lost)
        }
        "LOADING" if is_loading(rest) => Some(Redirect::ReplicaAway),
        "MASTERDOWN" => Some(Redirect::ReplicaAway),
        "READONLY"
            if rest.starts_with("You can't write against a read only replica")
                && !rest.contains("script:") =>
        {
            Some(Redirect::Lost)
        }
        _ => None,
    }
}

/// `LOADING Redis is loading the dataset in memory`, and Valkey says its own name.
fn is_loading(rest: &str) -> bool {
    rest.ends_with("is loading the dataset in memory")
}

/// `3999 127.0.0.1:6381`; without a host it is that of whoever says so.
fn place(rest: &str, asked: &Address) -> Option<(u16, Address)> {
    let mut words = rest.split(' ');
    let (slot, address) = (words.next()?.parse().ok()?, words.next()?);
    let (host, port) = address.rsplit_once(':')?;
    let host = if host.is_empty() { asked.host.as_str() } else { host };
    Some((slot, Address { host: host.to_owned(), port: port.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::server_error;
    use super::*;

    fn address(host: &str, port: u16) -> Address {
        Address { host: host.to_owned(), port }
    }

    fn said(text: &str) -> Option<Redirect> {
        read(&server_error(text), &address("asked", 7000))
    }

    #[test]
    fn the_servers_words_are_understood() {
        let to = address("10.0.0.1", 6381);
        assert_eq!(said("MOVED 3999 10.0.0.1:6381"), Some(Redirect::Moved { slot: 3999, to: to.clone() }));
        assert_eq!(said("ASK 3999 10.0.0.1:6381"), Some(Redirect::Ask { to }));
        let here = Redirect::Moved { slot: 1, to: address("asked", 6381) };
        assert_eq!(said("MOVED 1 :6381"), Some(here));
        let by_name = Redirect::Moved { slot: 1, to: address("::1", 6381) };
        assert_eq!(said("MOVED 1 ::1:6381"), Some(by_name));
        assert_eq!(said("TRYAGAIN Multiple keys request during rehashing of slot"), Some(Redirect::Later));
        assert_eq!(said("CLUSTERDOWN The cluster is down"), Some(Redirect::Lost));
        let unblocked = "force unblock from blocking operation, instance state changed (master -> replica?)";
        assert_eq!(said(&format!("UNBLOCKED {unblocked}")), Some(Redirect::Lost));
        assert_eq!(said("LOADING Valkey is loading the dataset in memory"), Some(Redirect::ReplicaAway));
        assert_eq!(said("READONLY You can't write against a read only replica."), Some(Redirect::Lost));
    }

    #[test]
    fn c17_what_a_script_says_is_no_redirect() {
        for text in [
            "ERR Script attempted to access a non local key in a cluster node script: x",
            "TRYAGAIN I have written already",
            "READONLY You can't write against a read only replica. script: f00, on @user_script:1.",
            "CLUSTERDOWN",
            "UNBLOCKED client unblocked via CLIENT UNBLOCK",
            "MOVED somewhere",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
