//! TCP, then TLS, each with its own time and its own error.

use std::io;
use std::sync::Arc;

use keyrotor_proto::Code;
use rustls::ClientConfig;
use tokio_rustls::TlsConnector;

use super::runner::{Runner, Stream};
use super::tls;
use crate::config::{Address, Settings, Tls};
use crate::error::{Error, Result};

/// Opens a connection to the first of the addresses that answers.
pub(super) async fn dial(
    addresses: &[Address],
    settings: &Settings,
    config: Option<&Arc<ClientConfig>>,
    runner: &dyn Runner,
) -> Result<(Box<dyn Stream>, Address)> {
    let mut last = None;
    for address in addresses {
        match dial_one(address, settings, config, runner).await {
            Ok(stream) => return Ok((stream, address.clone())),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::internal("a client without addresses")))
}

async fn dial_one(
    address: &Address,
    settings: &Settings,
    config: Option<&Arc<ClientConfig>>,
    runner: &dyn Runner,
) -> Result<Box<dyn Stream>> {
    let timeout = settings.connection_timeout;
    let stream = tokio::select! {
        stream = runner.connect(address.host.clone(), address.port, settings.nodelay) => {
            stream.map_err(|error| connect_error(address, &error))?
        }
        () = runner.sleep(timeout) => return Err(Error::new(
            Code::NetworkConnectTimeout,
            format!("{address} did not accept a TCP connection within {} ms", timeout.as_millis()),
        )),
    };
    let (Some(tls), Some(config)) = (&settings.tls, config) else {
        return Ok(stream);
    };
    let name = tls::server_name(tls, &address.host)?;
    tokio::select! {
        stream = TlsConnector::from(Arc::clone(config)).connect(name, stream) => match stream {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(tls_error(tls, address, &error)),
        },
        () = runner.sleep(timeout) => Err(Error::new(
            Code::NetworkTlsTimeout,
            format!(
                "{address} accepted the connection but did not finish the TLS handshake within {} ms; is it a \
                 server without TLS?",
                timeout.as_millis()
            ),
        )),
    }
}

fn connect_error(address: &Address, error: &io::Error) -> Error {
    // getaddrinfo's failures have no kind of their own.
    let is_lookup = error.raw_os_error().is_none() && error.to_string().contains("lookup");
    if is_lookup {
        return Error::new(Code::NetworkResolve, format!("the name {} was not found: {error}", address.host));
    }
    Error::new(Code::NetworkConnect, format!("no TCP connection to {address}: {error}"))
}

fn tls_error(tls: &Tls, address: &Address, error: &io::Error) -> Error {
    let advice = match certificate_error(error) {
        Some(rustls::CertificateError::UnknownIssuer) if tls.roots.is_empty() => {
            "; it was signed by none of this system's authorities: hand its authority over in root_certs"
        }
        Some(rustls::CertificateError::UnknownIssuer) => {
            "; root_certs does not hold the authority that signed its certificate"
        }
        Some(rustls::CertificateError::BadSignature) => {
            "; root_certs has an authority of the same name with another key: is it the file of an earlier run?"
        }
        Some(
            rustls::CertificateError::NotValidForName
            | rustls::CertificateError::NotValidForNameContext { .. },
        ) => "; its certificate is for another name: use that name as the address, or set server_name",
        Some(rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. }) => {
            "; its certificate has expired, or this machine's clock is wrong"
        }
        Some(_) => "",
        None => "; is it a server without TLS?",
    };
    Error::new(Code::NetworkTls, format!("no TLS connection to {address}: {error}{advice}"))
}

fn certificate_error(error: &io::Error) -> Option<&rustls::CertificateError> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(error) => Some(error),
        _ => None,
    }
}
