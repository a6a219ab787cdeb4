//! What all fronts of one run have in common.

use crate::Error;
use crate::authority::Authority;
use crate::clock::Clock;
use crate::entra::Issuer;
use crate::keyring::Keyring;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpListener;

/// `Shared` is handed to each front at its start, so that keys, certificates and time are one for all of them. A clone
/// shares the same.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) keys: Keyring,
    pub(crate) authority: Arc<Authority>,
    /// Who signs Entra's tokens, once that front has started.
    pub(crate) issuer: Option<Arc<Issuer>>,
}

impl Shared {
    pub(crate) fn new(clock: Option<SystemTime>, keys: Keyring) -> Result<Self, Error> {
        Ok(Self { clock: Clock::start(clock), keys, authority: Arc::new(Authority::new()?), issuer: None })
    }
}

/// Opens a listener; `what` names it in the error.
pub(crate) async fn bind(
    what: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { what, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
