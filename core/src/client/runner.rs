//! What connection code needs of whoever runs it. Nothing else in the client names a runtime, so that a host's
//! event loop, or the thread that waits for a reply, can take tokio's place.

use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;
#[cfg(unix)]
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConnection;
use socket2::{SockRef, TcpKeepalive};
#[cfg(unix)]
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_rustls::client::TlsStream;

use crate::clock::{BoxFuture, Clock, SystemClock};
use crate::error::Result;
use crate::process::Process;
use crate::runtime::Engine;

/// A connected byte stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Takes it out of the runtime that it was opened in.
    fn bare(self: Box<Self>) -> io::Result<Bare>;
}

/// A connected socket, and the TLS over it, that no runtime knows of.
pub(crate) struct Bare {
    pub(crate) socket: std::net::TcpStream,
    pub(crate) tls: Option<ClientConnection>,
}

impl Stream for TcpStream {
    fn bare(self: Box<Self>) -> io::Result<Bare> {
        Ok(Bare { socket: self.into_std()?, tls: None })
    }
}

impl Stream for TlsStream<Box<dyn Stream>> {
    fn bare(self: Box<Self>) -> io::Result<Bare> {
        let (stream, tls) = self.into_inner();
        Ok(Bare { tls: Some(tls), ..stream.bare()? })
    }
}

/// Runs tasks, waits, connects.
pub(crate) trait Runner: Send + Sync + 'static {
    /// Runs the future to its end, or until the task is dropped.
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task;
    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// Time since an arbitrary moment.
    fn now(&self) -> Duration;
    /// Whether this is a forked child of the process that it runs in: nothing of it works here.
    fn is_inherited(&self) -> bool;
    /// Opens a TCP connection.
    fn connect(
        &self,
        host: String,
        port: u16,
        nodelay: bool,
    ) -> BoxFuture<'static, io::Result<Box<dyn Stream>>>;
    /// Watches a socket that others use, too. Called on the runtime.
    #[cfg(unix)]
    fn watch(&self, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<Box<dyn Watch>>;
}

/// Says when something happens on a socket.
#[cfg(unix)]
pub(crate) trait Watch: Send {
    /// Ready once each time that something came or, where asked for, room was made: whoever hears of it goes on until
    /// the socket has nothing more for him.
    fn poll_stirred(&mut self, context: &mut Context<'_>, for_room: bool) -> Poll<io::Result<()>>;
}

/// A running future; dropping it ends the future.
pub(crate) struct Task(Option<AbortHandle>);

impl Task {
    /// Lets the future run to its end.
    pub(crate) fn detach(mut self) {
        self.0 = None;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Runs on a tokio runtime: the caller's, or keyrotor's own thread.
pub(crate) struct TokioRunner {
    handle: Handle,
    clock: SystemClock,
    process: Process,
    /// Keeps keyrotor's own thread alive where that is the runtime.
    _engine: Option<Arc<Engine>>,
}

impl TokioRunner {
    /// The runtime that this code runs in, else keyrotor's own.
    pub(crate) fn find() -> Result<Self> {
        let (clock, process) = (SystemClock::default(), Process::this());
        match Handle::try_current() {
            Ok(handle) => Ok(Self { _engine: Engine::of(&handle), handle, clock, process }),
            Err(_) => {
                let engine = Engine::shared()?;
                Ok(Self { handle: engine.handle().clone(), clock, process, _engine: Some(engine) })
            }
        }
    }
}

/// A peer that vanished without a packet is asked after this time of silence, and given up after three questions
/// without an answer; what it does not confirm is waited for as long.
const SILENCE: Duration = Duration::from_secs(30);
const QUESTION: Duration = Duration::from_secs(10);
const QUESTIONS: u32 = 3;

fn notice_silence(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(QUESTION);
    #[cfg(unix)]
    let keepalive = keepalive.with_retries(QUESTIONS);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE + QUESTION * QUESTIONS))?;
    Ok(())
}

#[cfg(unix)]
struct Watched(Arc<dyn AsFd + Send + Sync>);

#[cfg(unix)]
impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(unix)]
impl Watch for AsyncFd<Watched> {
    fn poll_stirred(&mut self, context: &mut Context<'_>, for_room: bool) -> Poll<io::Result<()>> {
        // No shortcut: each of the two has to know whom to wake.
        let came = self.poll_read_ready(context)?.map(|mut ready| ready.clear_ready());
        let room = match for_room {
            true => self.poll_write_ready(context)?.map(|mut ready| ready.clear_ready()),
            false => Poll::Pending,
        };
        if came.is_ready() || room.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl Runner for TokioRunner {
    #[cfg(unix)]
    #[expect(
        deprecated,
        reason = "its successor is unsafe code; `Watched` keeps the descriptor open, as that asks"
    )]
    fn watch(&self, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<Box<dyn Watch>> {
        let _inside = self.handle.enter();
        Ok(Box::new(AsyncFd::new(Watched(socket))?))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task {
        Task(Some(self.handle.spawn(future).abort_handle()))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // The timer is bound here, so that the future may be awaited anywhere.
        let _inside = self.handle.enter();
        self.clock.sleep(duration)
    }

    fn is_inherited(&self) -> bool {
        self.process.is_gone()
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn connect(
        &self,
        host: String,
        port: u16,
        nodelay: bool,
    ) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> {
        // A socket belongs to the runtime it is opened in.
        let opening = self.handle.spawn(async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            #[cfg(unix)]
            crate::sockets::note(&stream);
            stream.set_nodelay(nodelay)?;
            notice_silence(&stream)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        });
        let abandoned = Task(Some(opening.abort_handle()));
        Box::pin(async move {
            let stream = opening.await.map_err(io::Error::other)?;
            drop(abandoned);
            stream
        })
    }
}
