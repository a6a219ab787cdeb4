//! A file descriptor that tells an event loop of new tokens.

use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use keyrotor::{Code, Error, SubscriptionHandle, TokenManager};

/// A pipe that gets one byte for each token, and ends with the manager.
pub(crate) struct Rotation {
    reader: Arc<UnixStream>,
    _subscription: SubscriptionHandle,
}

impl Rotation {
    pub(crate) fn of(manager: &TokenManager) -> Result<Self, Error> {
        let (reader, mut writer) = pair().map_err(|error| {
            Error::new(Code::Internal, format!("no descriptor for the token's rotations: {error}"))
        })?;
        let reader = Arc::new(reader);
        // The reading end stays open for as long as somebody may write: else a write would raise SIGPIPE.
        let kept = Arc::clone(&reader);
        let subscription = manager.subscribe_with(move |_| {
            let _open = &kept;
            // Full means that 1 byte at least is waiting, which says all that there is to say.
            let _ = writer.write(&[1]);
        })?;
        Ok(Self { reader, _subscription: subscription })
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}

fn pair() -> std::io::Result<(UnixStream, UnixStream)> {
    let (reader, writer) = UnixStream::pair()?;
    reader.set_nonblocking(true)?;
    writer.set_nonblocking(true)?;
    Ok((reader, writer))
}
