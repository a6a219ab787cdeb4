//! PostgreSQL's protocol, as far as a login needs it.

mod fatal;
mod message;
mod startup;

pub(crate) use fatal::Fatal;
pub(crate) use message::{Message, authentication, query, read_message, read_password, startup_message};
pub(crate) use startup::{First, Startup, read_first};

/// What may be read and written: a client over TCP or TLS, or the server's socket.
pub(crate) trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for S {}

/// A connection whose kind no longer matters.
pub(crate) type Wire = Box<dyn Stream>;
