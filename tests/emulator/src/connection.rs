//! One client connection: locked until a login, then open, locked again after RESET.

mod intake;
mod locked;
mod open;
mod wire;

use crate::clock;
use crate::gate::Gate;
use crate::record::Closed;
use crate::session::Session;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use wire::Wire;

/// How long a client may take to hear that we close.
const GOODBYE: Duration = Duration::from_millis(500);

/// Serves one connection to its end, and writes that into the record.
pub(crate) async fn serve(gate: Arc<Gate>, tls: Option<TlsAcceptor>, tcp: TcpStream) {
    let port = tcp.peer_addr().map_or(0, |address| address.port());
    let session = gate.ledger.open(port);
    let why = run(&gate, &session, tls, tcp).await;
    gate.ledger.close(&session, why);
    tracing::debug!(connection = session.id, ?why, "closed");
}

async fn run(gate: &Gate, session: &Session, tls: Option<TlsAcceptor>, tcp: TcpStream) -> Closed {
    let mut wire = tokio::select! {
        wire = connect(gate, tls, tcp) => match wire {
            Ok(wire) => wire,
            Err(why) => return why,
        },
        why = session.over() => return why,
    };
    let why = tokio::select! {
        why = session.over() => why,
        why = pump(gate, session, &mut wire) => why,
    };
    if let (Closed::SessionLimit, Some(words)) = (why, &gate.config.switches.last_words) {
        wire.last_words(words).await;
    }
    if why != Closed::Killed {
        // The end is a clean one: TLS says goodbye. A killed connection just breaks off.
        tokio::select! {
            _ = wire.client.shutdown() => {}
            () = clock::wait(GOODBYE) => {}
        }
    }
    why
}

async fn connect(gate: &Gate, tls: Option<TlsAcceptor>, tcp: TcpStream) -> Result<Wire, Closed> {
    let client = |_: io::Error| Closed::Client;
    tcp.set_nodelay(true).map_err(client)?;
    let (from_client, to_client): (crate::backend::Reader, crate::backend::Writer) = match tls {
        Some(tls) => {
            let (reader, writer) = split(tls.accept(tcp).await.map_err(client)?);
            (Box::new(reader), Box::new(writer))
        }
        None => {
            let (reader, writer) = tcp.into_split();
            (Box::new(reader), Box::new(writer))
        }
    };
    let (from_backend, to_backend) = gate.backend.connect().await.map_err(|_| Closed::Backend)?;
    Ok(Wire::new(from_client, to_client, from_backend, to_backend))
}

async fn pump(gate: &Gate, session: &Session, wire: &mut Wire) -> Closed {
    loop {
        let phase = match locked::run(gate, session, wire).await {
            Ok(()) => open::run(gate, session, wire).await,
            Err(why) => Err(why),
        };
        if let Err(why) = phase {
            return why;
        }
    }
}
