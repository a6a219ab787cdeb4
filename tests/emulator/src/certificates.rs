//! The certificates that a node can present: the right one, and wrong ones on command.

use crate::Error;
use crate::authority::{Authority, Leaf};
use crate::faults::Certificate;
use std::net::IpAddr;
use tokio_rustls::TlsAcceptor;

const OTHER_NAME: &str = "other.example.com";
/// Long over, by anybody's clock.
const EXPIRED: (i32, i32) = (2020, 2021);

/// `Certificates` holds one acceptor a kind, so that no session of one is resumed under another.
pub(crate) struct Certificates {
    good: TlsAcceptor,
    expired: TlsAcceptor,
    other_name: TlsAcceptor,
}

impl Certificates {
    /// Makes them; `ip` is where clients connect.
    pub(crate) fn new(authority: &Authority, ip: IpAddr) -> Result<Self, Error> {
        let usual = Leaf::default();
        let ip = ip.to_string();
        let mut names = usual.names.to_vec();
        if !names.contains(&ip.as_str()) {
            names.push(&ip);
        }
        let acceptor = |leaf: &Leaf<'_>| authority.server(leaf).map(TlsAcceptor::from);
        Ok(Self {
            good: acceptor(&Leaf { names: &names, ..usual })?,
            expired: acceptor(&Leaf { names: &names, years: EXPIRED })?,
            other_name: acceptor(&Leaf { names: &[OTHER_NAME], ..Leaf::default() })?,
        })
    }

    pub(crate) fn acceptor(&self, kind: Certificate) -> &TlsAcceptor {
        match kind {
            Certificate::Good => &self.good,
            Certificate::Expired => &self.expired,
            Certificate::OtherName => &self.other_name,
        }
    }
}
