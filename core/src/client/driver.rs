//! Moves bytes between a connection's socket and its [`Wire`], until either ends.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use redis::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroize;

use super::connection::Shared;
use super::inbox::Inbox;
use super::reply;
use super::runner::{Runner, Stream};
use crate::clock::BoxFuture;
use crate::error::{Error, Result};

/// How long a connection that nobody holds any more may take to answer and to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// Replies handed out before what their callers send next is written.
const AT_ONCE: usize = 32;

/// `Driver` is the future that owns the socket. Dropping it ends the connection.
pub(super) struct Driver {
    stream: Box<dyn Stream>,
    shared: Arc<Shared>,
    runner: Arc<dyn Runner>,
    inbox: Inbox,
    replies: VecDeque<Result<Value>>,
    writing: Vec<u8>,
    /// A login is in `writing`.
    is_secret: bool,
    written: usize,
    is_flushed: bool,
    alarm: Option<BoxFuture<'static, ()>>,
    goodbye: Option<BoxFuture<'static, ()>>,
}

impl Driver {
    pub(super) fn new(
        stream: Box<dyn Stream>,
        inbox: Inbox,
        shared: Arc<Shared>,
        runner: Arc<dyn Runner>,
    ) -> Self {
        Self {
            stream,
            shared,
            runner,
            inbox,
            replies: VecDeque::new(),
            writing: Vec::new(),
            is_secret: false,
            written: 0,
            is_flushed: true,
            alarm: None,
            goodbye: None,
        }
    }

    fn write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let unsent = self.writing.get(self.written..).unwrap_or_default();
            if unsent.is_empty() {
                self.written = 0;
                let lent = self.shared.take_outgoing(&mut self.writing);
                self.is_secret = lent.is_secret;
                if lent.is_late {
                    self.alarm = None;
                }
                if self.writing.is_empty() {
                    break;
                }
                continue;
            }
            self.is_flushed = false;
            match ready!(Pin::new(&mut self.stream).poll_write(context, unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what there is; ends only with the connection.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        loop {
            if let Err(error) = self.deliver() {
                return Poll::Ready(error);
            }
            if !self.replies.is_empty() {
                // Whoever got one may have the next command ready by then: server and callers work at once.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut room = ReadBuf::new(self.inbox.room());
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut room));
            let length = room.filled().len();
            match read {
                Err(error) => return Poll::Ready(reply::disconnected(error)),
                Ok(()) if length == 0 => return Poll::Ready(reply::disconnected("the server closed it")),
                Ok(()) => {}
            }
            if let Err(error) = self.inbox.received(length, &mut self.replies) {
                return Poll::Ready(self.shared.deliver(self.replies.drain(..)).err().unwrap_or(error));
            }
        }
    }

    fn deliver(&mut self) -> Result<()> {
        let count = self.replies.len().min(AT_ONCE);
        self.shared.deliver(self.replies.drain(..count))
    }

    /// Ends calls whose time is over, and sees to it that this is asked again in time.
    fn expire(&mut self, context: &mut Context<'_>) {
        while self.alarm.as_mut().is_none_or(|alarm| alarm.as_mut().poll(context).is_ready()) {
            let now = self.runner.now();
            let Some(next) = self.shared.expire(now) else {
                self.alarm = None;
                return;
            };
            self.alarm = Some(self.runner.sleep(next.saturating_sub(now)));
        }
    }

    /// Once the connection is to be closed: waits for replies that somebody waits for, then says goodbye.
    fn part(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let runner = &self.runner;
        let goodbye = self.goodbye.get_or_insert_with(|| runner.sleep(GOODBYE));
        let is_over = goodbye.as_mut().poll(context).is_ready();
        if !is_over && self.shared.is_awaited() {
            return Poll::Pending;
        }
        let parted = Pin::new(&mut self.stream).poll_shutdown(context);
        if is_over || parted.is_ready() { Poll::Ready(Error::closed("connection")) } else { Poll::Pending }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.shared.wake_with(context.waker());
        let end = match this.write(context) {
            Poll::Ready(Err(error)) => Poll::Ready(reply::disconnected(error)),
            _ => this.read(context),
        };
        let end = match end {
            Poll::Pending if this.shared.is_closing() => this.part(context),
            end => end,
        };
        if let Poll::Ready(error) = end {
            this.shared.end(error);
            return Poll::Ready(());
        }
        this.expire(context);
        Poll::Pending
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.is_secret {
            self.writing.zeroize();
        }
        self.shared.end(reply::disconnected("the runtime that drove it has ended"));
    }
}
