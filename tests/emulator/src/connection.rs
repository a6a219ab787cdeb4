//! One client connection: locked until a login, then open, locked again after RESET. And the connections that a
//! cluster's own servers make.

mod inside;
mod intake;
mod locked;
mod open;
mod wire;

use crate::backend::{Reader, Writer};
use crate::clock;
use crate::gate::Gate;
use crate::record::Closed;
use crate::session::Session;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::rustls::HandshakeKind;
use wire::Wire;

/// How long a client may take to hear that we close.
const GOODBYE: Duration = Duration::from_millis(500);

/// Serves one connection to its end, and writes that into the record.
pub(crate) async fn serve(gate: Arc<Gate>, tcp: TcpStream, stop: watch::Receiver<bool>) {
    let port = tcp.peer_addr().map_or(0, |address| address.port());
    let session = gate.ledger.open(gate.node, port);
    let why = run(&gate, &session, tcp, stop).await;
    gate.ledger.close(&session, why);
    tracing::debug!(connection = session.id, ?why, "closed");
}

async fn run(gate: &Gate, session: &Session, tcp: TcpStream, mut stop: watch::Receiver<bool>) -> Closed {
    let mut wire = tokio::select! {
        wire = connect(gate, session, tcp) => match wire {
            Ok(wire) => wire,
            Err(why) => return why,
        },
        why = session.over() => return why,
    };
    let why = tokio::select! {
        why = session.over() => why,
        why = pump(gate, session, &mut wire) => match why {
            End::Closed(why) => why,
            End::Inside => {
                gate.ledger.withdraw(session);
                tokio::select! {
                    () = inside::run(&mut wire) => Closed::Client,
                    _ = stop.changed() => Closed::Stopped,
                }
            }
        },
    };
    if let (Closed::SessionLimit, Some(words)) = (why, &gate.config.switches.last_words) {
        wire.last_words(words).await;
    }
    if !matches!(why, Closed::Killed | Closed::Cut) {
        // The end is a clean one: TLS says goodbye. A killed connection just breaks off.
        tokio::select! {
            _ = wire.client.shutdown() => {}
            () = clock::wait(GOODBYE) => {}
        }
    }
    why
}

async fn connect(gate: &Gate, session: &Session, tcp: TcpStream) -> Result<Wire, Closed> {
    let client = |_: io::Error| Closed::Client;
    tcp.set_nodelay(true).map_err(client)?;
    let unsealed = gate.certificates.is_some() && inside::may_be(gate, &tcp).await.map_err(client)?;
    let (from_client, to_client): (Reader, Writer) = match gate.acceptor().filter(|_| !unsealed) {
        Some(tls) => {
            let stream = tls.accept(tcp).await.map_err(client)?;
            let is_resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
            session.tls_resumed.store(is_resumed, Relaxed);
            let (reader, writer) = split(stream);
            (Box::new(reader), Box::new(writer))
        }
        None => {
            let (reader, writer) = tcp.into_split();
            (Box::new(reader), Box::new(writer))
        }
    };
    let (from_backend, to_backend) = gate.backend.connect().await.map_err(|_| Closed::Backend)?;
    Ok(Wire { unsealed, ..Wire::new(from_client, to_client, from_backend, to_backend) })
}

/// `End` is how a client's part of a connection ends.
enum End {
    Closed(Closed),
    /// It is no client, but one of the cluster's own servers.
    Inside,
}

impl From<Closed> for End {
    fn from(why: Closed) -> Self {
        Self::Closed(why)
    }
}

async fn pump(gate: &Gate, session: &Session, wire: &mut Wire) -> End {
    loop {
        match locked::run(gate, session, wire).await {
            Ok(()) => {}
            Err(end) => return end,
        }
        if let Err(why) = open::run(gate, session, wire).await {
            return End::Closed(why);
        }
    }
}
