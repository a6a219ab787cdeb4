//! A way to the server that takes little at a time, as a network does: sockets that lead through it are full now and
//! then, which on one machine they hardly are.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Of an Ethernet. The system makes room in a socket by the packets that it sends, and those of a machine to itself are
/// 64 KiB long.
const PACKET: u32 = 1448;
const ROOM: usize = 64 << 10;
/// What is passed on at once, and the pause after some of that: a machine that is busy makes it a long one.
const PIECE: usize = 32 << 10;
const PIECES: usize = 8;
const PAUSE: Duration = Duration::from_millis(1);

/// Passes connections on; until it is dropped.
pub(crate) struct Narrows {
    pub(crate) port: u16,
    passing: JoinHandle<()>,
}

impl Narrows {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_tcp_mss(PACKET).unwrap();
        socket.set_recv_buffer_size(ROOM).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        socket.listen(1024).unwrap();
        let listener = TcpListener::from_std(socket.into()).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { port, passing: tokio::spawn(pass_all(listener, server)) }
    }
}

impl Drop for Narrows {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

async fn pass_all(listener: TcpListener, server: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(pass(client, server));
        while connections.try_join_next().is_some() {}
    }
}

/// Until either side has left.
async fn pass(client: TcpStream, server: SocketAddr) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let ((from_client, mut to_client), (mut from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = squeeze(from_client, to_server) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

async fn squeeze(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let (mut piece, mut passed) = (vec![0; PIECE], 0);
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
        passed += length;
        if passed >= PIECES * PIECE {
            passed = 0;
            tokio::time::sleep(PAUSE).await;
        }
    }
}
