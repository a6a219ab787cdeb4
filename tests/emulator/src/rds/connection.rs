//! One client connection: its opening, its login, and then bytes.

mod login;
mod open;
mod pipe;

use super::gate::{Attempt, Gate};
use super::record::End;
use super::session::Session;
use super::wire::Wire;
use crate::clock;
use open::Opened;
pub(super) use open::PROTOCOL;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// PostgreSQL's `authentication_timeout`.
const LOGIN_TIME: Duration = Duration::from_secs(60);
/// How long a client may take to hear that we close.
const GOODBYE: Duration = Duration::from_millis(500);
/// After an error such as "too many open files" the next would follow at once.
const AFTER_ERROR: Duration = Duration::from_millis(20);

/// Takes connections until `stop` says so; dropped earlier, it drops all of them.
pub(super) async fn take(
    gate: Arc<Gate>,
    tls: TlsAcceptor,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            // What has ended need not be kept.
            Some(_) = connections.join_next() => continue,
            _ = stop.changed() => break,
        };
        match taken {
            Ok((tcp, peer)) if gate.conditions.takes_connections() => {
                connections.spawn(serve(Arc::clone(&gate), tls.clone(), tcp, peer));
            }
            Ok((tcp, _)) => drop(tcp),
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                clock::wait(AFTER_ERROR).await;
            }
        }
    }
    drop(listener);
    for session in gate.ledger.sessions(None) {
        session.end(End::Stopped);
    }
    while connections.join_next().await.is_some() {}
}

/// Serves one connection to its end, and writes that into the record.
async fn serve(gate: Arc<Gate>, tls: TlsAcceptor, tcp: TcpStream, peer: SocketAddr) {
    let session = gate.ledger.open(peer);
    let why = run(&gate, &session, &tls, tcp).await.unwrap_or_else(|why| why);
    gate.ledger.close(&session, why);
    tracing::debug!(connection = session.id, ?why, "closed");
}

async fn run(gate: &Gate, session: &Session, tls: &TlsAcceptor, tcp: TcpStream) -> Result<End, End> {
    let (mut client, mut server) = tokio::select! {
        ready = begin(gate, session, tls, tcp) => ready?,
        why = session.over() => return Err(why),
        () = clock::wait(LOGIN_TIME) => return Err(End::LoginTimeout),
    };
    let limit = async {
        match gate.settings.session_limit {
            Some(limit) => clock::wait(limit).await,
            None => std::future::pending().await,
        }
    };
    let why = tokio::select! {
        why = session.over() => why,
        () = limit => End::SessionLimit,
        why = pipe::run(gate, &mut client, &mut server) => why,
    };
    if why != End::Killed {
        // The end is a clean one: TLS says goodbye. A killed connection just breaks off.
        goodbye(&mut client).await;
    }
    Ok(why)
}

/// Brings a connection to where bytes may pass.
async fn begin(
    gate: &Gate,
    session: &Session,
    tls: &TlsAcceptor,
    tcp: TcpStream,
) -> Result<(Wire, UnixStream), End> {
    match open::open(tls, tcp).await? {
        Opened::Cancel { mut client, request } => {
            let why = cancel(gate, &request).await;
            // The client waits for the end, which must be a clean one.
            goodbye(&mut client).await;
            Err(why)
        }
        Opened::Login { mut client, startup, tls } => {
            let attempt = Attempt { gate, session, startup: &startup, tls };
            let server = login::run(&attempt, &mut client).await?;
            Ok((client, server))
        }
    }
}

/// Hands the request on as it is: the key in it is the server's own, which the client got untouched.
async fn cancel(gate: &Gate, request: &[u8]) -> End {
    let Ok(mut server) = gate.server.connect().await else { return End::Backend };
    match server.write_all(request).await {
        // The server closes once it is done.
        Ok(()) => server.read(&mut [0]).await.map_or(End::Backend, |_| End::Cancel),
        Err(_) => End::Backend,
    }
}

/// Says to a client what comes from the server's side, unless that is held back.
async fn say(gate: &Gate, client: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), End> {
    gate.conditions.held_back().await;
    let said = async {
        client.write_all(bytes).await?;
        client.flush().await
    };
    said.await.map_err(|_| End::Client)
}

async fn goodbye(client: &mut Wire) {
    tokio::select! {
        _ = client.shutdown() => {}
        () = clock::wait(GOODBYE) => {}
    }
}
