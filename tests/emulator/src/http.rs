//! HTTP/1.1 over TCP or TLS, for the control API and for the fronts that speak it.

use crate::clock;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// No request of the interfaces played here comes near it.
const LARGEST_BODY: usize = 64 << 10;
/// After an error such as "too many open files" the next would follow at once.
const AFTER_ERROR: Duration = Duration::from_millis(20);

/// A request with its whole body.
pub(crate) type Call = Request<Bytes>;
/// An answer with its whole body.
pub(crate) type Answer = Response<Full<Bytes>>;

/// `Gone` closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed without an answer")]
pub(crate) struct Gone;

/// Serves until `stop` says so; ended either way, it drops all connections.
///
/// `handle` is called for each request that has come whole; bodies over 64 KiB are answered with 413 before it.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Answer, Gone>> + Send + 'static,
{
    let handle = Arc::new(handle);
    let mut connections = JoinSet::new();
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            // What has ended need not be kept.
            Some(_) = connections.join_next() => continue,
            _ = stop.changed() => return,
        };
        let tcp = match taken {
            Ok((tcp, _)) => tcp,
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                clock::wait(AFTER_ERROR).await;
                continue;
            }
        };
        let (tls, handle) = (tls.clone(), Arc::clone(&handle));
        connections.spawn(async move {
            match tls {
                None => converse(tcp, handle).await,
                // A client that does not trust us, or leaves in the middle, is no matter of ours.
                Some(tls) => match tls.accept(tcp).await {
                    Ok(stream) => converse(stream, handle).await,
                    Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
                },
            }
        });
    }
}

/// An answer of this type and text.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// An answer in JSON, ended by a line feed so that a shell shows it well.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    answer(status, "application/json", format!("{value}\n"))
}

async fn converse<S, H, F>(stream: S, handle: Arc<H>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Call) -> F,
    F: Future<Output = Result<Answer, Gone>>,
{
    let service = service_fn(move |request| reply(request, Arc::clone(&handle)));
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn reply<H, F>(
    request: Request<Incoming>,
    handle: Arc<H>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>>
where
    H: Fn(Call) -> F,
    F: Future<Output = Result<Answer, Gone>>,
{
    let (head, body) = request.into_parts();
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(handle(Request::from_parts(head, body.to_bytes())).await?),
        Err(error) if error.is::<LengthLimitError>() => {
            let text = format!("bodies may have at most {LARGEST_BODY} bytes\n");
            Ok(answer(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", text))
        }
        Err(error) => Err(io::Error::other(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn ask(head: &str, body: &[u8]) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = watch::channel(false);
        let echo = |call: Call| async move {
            if call.uri().path() == "/gone" {
                return Err(Gone);
            }
            Ok(answer(StatusCode::OK, "text/plain", call.into_body()))
        };
        let server = tokio::spawn(serve(listener, None, stopped, echo));
        let mut tcp = TcpStream::connect(address).await.expect("a connection");
        let head = format!("{head}host: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        tcp.write_all(&[head.as_bytes(), body].concat()).await.expect("a write");
        let mut reply = Vec::new();
        tcp.read_to_end(&mut reply).await.expect("an end");
        stop.send_replace(true);
        server.await.expect("a stop");
        String::from_utf8(reply).expect("a text")
    }

    #[tokio::test]
    async fn bodies_come_whole_or_not_at_all() {
        let whole = ask("POST / HTTP/1.1\r\n", b"hello").await;
        assert!(whole.starts_with("HTTP/1.1 200 OK") && whole.ends_with("hello"), "{whole}");
        let large = ask("POST / HTTP/1.1\r\n", &vec![b'x'; LARGEST_BODY + 1]).await;
        assert!(large.starts_with("HTTP/1.1 413 "), "{large}");
        assert_eq!(ask("POST /gone HTTP/1.1\r\n", b"hello").await, "");
    }
}
