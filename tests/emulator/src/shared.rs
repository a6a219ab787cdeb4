//! What all fronts of one run have in common.

use crate::Error;
use crate::authority::Authority;
use crate::clock::Clock;
use crate::entra::Issuer;
use crate::keyring::Keyring;
use crate::refusal::Announcer;
use std::net::SocketAddr;
use std::path::Path;
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
    pub(crate) refusals: Announcer,
    /// Who signs Entra's tokens, once that front has started.
    pub(crate) issuer: Option<Arc<Issuer>>,
}

impl Shared {
    /// With an authority of this run only.
    pub(crate) fn new(clock: Option<SystemTime>, keys: Keyring) -> Result<Self, Error> {
        Self::with_authority(clock, keys, None)
    }

    /// With the authority of the folder `ca`, or one of this run only.
    pub(crate) fn with_authority(
        clock: Option<SystemTime>,
        keys: Keyring,
        ca: Option<&Path>,
    ) -> Result<Self, Error> {
        let authority = Arc::new(ca.map_or_else(Authority::new, Authority::kept_in)?);
        Ok(Self { clock: Clock::start(clock), keys, authority, refusals: Announcer::new(), issuer: None })
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
