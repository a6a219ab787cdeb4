//! After the login: both directions run freely.

use super::say;
use crate::rds::gate::Gate;
use crate::rds::record::End;
use crate::rds::wire::Wire;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::UnixStream;

/// The size of a read.
const PIECE: usize = 64 << 10;

/// Runs until the server has closed its side, as it does when the client has left.
pub(super) async fn run(gate: &Gate, client: &mut Wire, server: &mut UnixStream) -> End {
    let left = AtomicBool::new(false);
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = server.split();
    let both = tokio::try_join!(up(from_client, to_server, &left), down(gate, from_server, to_client, &left));
    both.map_or_else(|why| why, |((), ())| End::Client)
}

async fn up(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    left: &AtomicBool,
) -> Result<(), End> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or_default();
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            left.store(true, Relaxed);
            let _ = to.shutdown().await;
            return Ok(());
        };
        to.write_all(piece).await.map_err(|_| End::Backend)?;
    }
}

async fn down(
    gate: &Gate,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    left: &AtomicBool,
) -> Result<(), End> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or_default();
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            return Err(if left.load(Relaxed) { End::Client } else { End::Backend });
        };
        say(gate, &mut to, piece).await?;
    }
}
