//! An HTTP proxy that leads Entra's names in the cloud to the front, for clients that insist on them.
//!
//! It knows CONNECT to those names and nothing else, so that a program which uses it for everything reaches no
//! other place by it.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Entra's names in the cloud. The front's certificate holds for them.
pub(super) const NAMES: [&str; 3] = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com"];
/// No head of a CONNECT comes near it.
const LARGEST_HEAD: u64 = 16 << 10;
/// A client that opens a connection asks at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until `stop` says so; ended either way, it drops all connections.
pub(super) async fn serve(listener: TcpListener, front: SocketAddr, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            Some(_) = connections.join_next() => continue,
            _ = stop.changed() => return,
        };
        match taken {
            Ok((tcp, _)) => {
                connections.spawn(async move {
                    if let Err(error) = tunnel(tcp, front).await {
                        tracing::debug!(%error, "a tunnel ended early");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                crate::clock::wait(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn tunnel(tcp: TcpStream, front: SocketAddr) -> std::io::Result<()> {
    let mut client = BufReader::new(tcp);
    let target = tokio::time::timeout(PATIENCE, head(&mut client)).await.map_err(std::io::Error::other)??;
    let known = target.strip_suffix(":443").is_some_and(|name| NAMES.contains(&name));
    if !known {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    }
    let mut server = TcpStream::connect(front).await?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// The target of a CONNECT; empty for any other request.
async fn head(client: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut limited = client.take(LARGEST_HEAD);
    let mut first = String::new();
    limited.read_line(&mut first).await?;
    let mut line = String::new();
    while limited.read_line(&mut line).await? > 2 {
        line.clear();
    }
    let mut words = first.split_whitespace();
    let connect = words.next() == Some("CONNECT");
    Ok(words.next().filter(|_| connect).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(target: &str) -> String {
        let front = TcpListener::bind(("127.0.0.1", 0)).await.expect("a listener");
        let proxy = TcpListener::bind(("127.0.0.1", 0)).await.expect("a listener");
        let (at, to) = (proxy.local_addr().expect("an address"), front.local_addr().expect("an address"));
        let (_stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(proxy, to, stopped));
        let echo = tokio::spawn(async move {
            let (mut tcp, _) = front.accept().await.expect("a tunnel");
            tcp.write_all(b"hello").await.expect("a write");
        });
        let mut client = TcpStream::connect(at).await.expect("a connection");
        client.write_all(format!("{target} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.expect("a write");
        client.shutdown().await.expect("a shutdown");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("an answer");
        serving.abort();
        echo.abort();
        answer
    }

    #[tokio::test]
    async fn only_names_of_entra_are_led_on() {
        let led = ask("CONNECT login.microsoftonline.com:443").await;
        assert!(led.starts_with("HTTP/1.1 200 ") && led.ends_with("hello"), "{led}");
        for target in ["CONNECT example.com:443", "CONNECT login.microsoftonline.com:80", "GET http://a/"] {
            assert!(ask(target).await.starts_with("HTTP/1.1 403 "), "{target}");
        }
    }
}
