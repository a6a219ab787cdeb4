//! An authority made for one run, and a server's certificate for the loopback address.

use std::net::Ipv4Addr;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::Outcome;

/// What a server on the loopback address shows, and whoever vouches for it; all in PEM.
pub(crate) struct Certificates {
    pub(crate) ca: String,
    pub(crate) certificate: String,
    /// Of the server, in PKCS #8.
    pub(crate) key: String,
}

impl Certificates {
    pub(crate) fn new() -> Outcome<Self> {
        Self::of(KeyPair::generate()?)
    }

    /// With a key of 2,048 bits, as public authorities sign most.
    pub(crate) fn rsa() -> Outcome<Self> {
        Self::of(KeyPair::from_pem(include_str!("../../tests/data/rsa-key-for-tests.pem"))?)
    }

    fn of(key: KeyPair) -> Outcome<Self> {
        let authority_key = KeyPair::generate()?;
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);
        let names = vec![Ipv4Addr::LOCALHOST.to_string()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?.pem();
        Ok(Self { ca, certificate, key: key.serialize_pem() })
    }
}
