//! A connection that failed before it began. tokio-postgres alone makes its errors, so one of ours reaches the caller
//! as the failure of a socket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use deadpool_postgres::tokio_postgres::{Config, NoTls};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Connected, drive};
use crate::error::Error;

/// Fails with this error inside.
pub(super) async fn connect(error: Error) -> Connected {
    let (client, connection) = Config::new().user("nobody").connect_raw(Broken(error), NoTls).await?;
    Ok((client, drive(connection)))
}

/// A socket that only fails.
struct Broken(Error);

impl Broken {
    fn fail<T>(&self) -> Poll<io::Result<T>> {
        Poll::Ready(Err(io::Error::other(self.0.clone())))
    }
}

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.fail()
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        self.fail()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fail()
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fail()
    }
}
