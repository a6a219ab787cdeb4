//! Ports that stay ours while nobody listens on them: for nodes that are down, and for servers that start later.

use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be taken; the system lowers it to what it allows.
const BACKLOG: u32 = 4096;

/// `Reserved` is an address of ours. Others that may use it are we and the servers that we start.
///
/// On Linux a socket that is bound, and does not listen, keeps everybody else off the port. Elsewhere it would keep
/// our own listeners off it too; there the port is only known to have been free.
pub(crate) struct Reserved {
    address: SocketAddr,
    _held: Option<TcpSocket>,
}

impl Reserved {
    /// Takes an address; with port 0 a free one.
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let socket = bound(address)?;
        let address = socket.local_addr()?;
        Ok(Self { address, _held: cfg!(target_os = "linux").then_some(socket) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens on it.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        bound(self.address)?.listen(BACKLOG)
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Also what lets the servers bind the port: they set it too.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn a_port_is_kept_while_nobody_listens() {
        let reserved = Reserved::new(([127, 0, 0, 1], 0).into()).expect("a port");
        for _ in 0..2 {
            assert!(TcpStream::connect(reserved.address()).await.is_err());
            let listener = reserved.listen().expect("a listener");
            let (taken, made) = tokio::join!(listener.accept(), TcpStream::connect(reserved.address()));
            assert!(taken.is_ok() && made.is_ok());
        }
    }
}
