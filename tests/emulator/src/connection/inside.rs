//! The connections of a cluster's own servers: replicas that follow, keys that migrate. They come to the address that
//! the server states, which is ours, speak without TLS, log in as the keeper, and are no clients: nothing of them is
//! recorded, and only a closed door and a node that is down stop them.

use super::wire::{Wire, send};
use crate::backend::{Reader, Writer};
use crate::gate::Gate;
use crate::resp;
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How a TLS connection begins: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// Whether a connection where TLS is spoken can be one of these.
pub(super) async fn may_be(gate: &Gate, tcp: &TcpStream) -> io::Result<bool> {
    if gate.backend.member().is_none() {
        return Ok(false);
    }
    let mut first = [0];
    Ok(tcp.peek(&mut first).await? == 1 && first != [TLS_HANDSHAKE])
}

/// How a server asks, before it logs in, whether somebody is there.
pub(super) fn is_ping(command: &[u8]) -> bool {
    let mut ping = Vec::new();
    resp::command(&mut ping, &["PING"]);
    command.eq_ignore_ascii_case(&ping)
}

/// Passes everything on, unread, until either side has left.
pub(super) async fn run(wire: &mut Wire) {
    let Wire { intake, client, replies, backend, .. } = wire;
    let (asked, answered) = (intake.rest().to_vec(), replies.rest().to_vec());
    tokio::select! {
        _ = pass(&asked, &mut intake.from, backend) => {}
        _ = pass(&answered, &mut replies.from, client) => {}
    }
}

async fn pass(first: &[u8], from: &mut Reader, to: &mut Writer) -> io::Result<()> {
    send(to, first).await?;
    tokio::io::copy(from, to).await?;
    to.shutdown().await
}
