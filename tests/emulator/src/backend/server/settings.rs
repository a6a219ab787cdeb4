//! What a server is told at its start.

use super::Member;
use super::process::LOG;
use crate::backend::Users;
use std::fmt::Write as _;
use std::path::Path;

/// The settings of a server that listens on `socket` alone, and on the port of its cluster's own traffic.
pub(super) fn text(folder: &Path, socket: &Path, users: &Users, member: Option<&Member>) -> String {
    let mut text = String::from("port 0\nsave \"\"\nappendonly no\n");
    if users.all().iter().all(|account| account.name != "default") {
        text.push_str("user default off\n");
    }
    for (name, path) in [("unixsocket", socket), ("logfile", &folder.join(LOG)), ("dir", folder)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} {}", quoted(&path.to_string_lossy()));
    }
    for account in users.all() {
        let rules: Vec<_> = account.rules.iter().map(|rule| quoted(rule)).collect();
        let _ = writeln!(text, "user {} on >{} {}", quoted(&account.name), account.password, rules.join(" "));
    }
    if let Some(member) = member {
        of_cluster(&mut text, users, member);
    }
    text
}

/// The addresses that a member states, of itself and to clients, are its door's: so its replicas and whoever
/// migrates keys to it come through there too, as the keeper.
fn of_cluster(text: &mut String, users: &Users, member: &Member) {
    let (keeper, password) = users.keeper();
    let (ip, port, bus) = (member.ip, member.port, member.bus.port());
    let timeout = member.node_timeout.as_millis();
    let _ = writeln!(
        text,
        "bind {ip}
cluster-enabled yes
cluster-config-file nodes.conf
cluster-port {bus}
cluster-node-timeout {timeout}
cluster-require-full-coverage no
cluster-allow-replica-migration no
cluster-announce-ip {ip}
cluster-announce-port {port}
cluster-announce-bus-port {bus}
replica-announce-ip {ip}
replica-announce-port {port}
repl-diskless-sync yes
repl-diskless-sync-delay 0
user {keeper} on >{password} ~* &* +@all
masteruser {keeper}
masterauth {password}"
    );
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        let _ = write!(quoted, "\\x{byte:02x}");
    }
    quoted.push('"');
    quoted
}
