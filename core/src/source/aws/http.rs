//! The one HTTP client for everything that AWS keys are asked of.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::process::PerProcess;
use crate::skew;

/// One client for the whole process, made when the first link needs the network. A forked child makes its own: the
/// connections of the parent's have nobody there who reads them.
pub(super) fn client() -> SharedHttpClient {
    static CLIENT: PerProcess<SharedHttpClient> = PerProcess::new();
    let make = || {
        let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        SharedHttpClient::new(Guarded(client))
    };
    CLIENT.get(make).value.clone()
}

/// Sends nothing in the clear but to this machine and to the metadata addresses, whatever endpoint some variable or
/// file names.
#[derive(Debug)]
struct Guarded(SharedHttpClient);

impl HttpClient for Guarded {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(GuardedConnector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct GuardedConnector(SharedHttpConnector);

impl HttpConnector for GuardedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if may_be_asked(request.uri()) {
            let answer = self.0.call(request);
            return HttpConnectorFuture::new(async move {
                let answer = answer.await?;
                skew::note(answer.headers().get("date"));
                Ok(answer)
            });
        }
        let refusal =
            "plain http goes to this machine and to the metadata addresses alone; set an https endpoint";
        HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into())))
    }
}

/// Whether keys, or what they are given for, may travel to this URL.
pub(crate) fn may_be_asked(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => is_near(host_of(rest)),
        _ => false,
    }
}

fn host_of(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn is_near(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        // fd00:ec2::/32 is where EC2 and EKS answer.
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.segments().starts_with(&[0xfd00, 0x0ec2]),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// How long one request may take to connect; the whole is bounded by the source's budget.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s05_plain_http_goes_to_loopback_and_metadata_alone() {
        for url in [
            "https://sts.eu-west-1.amazonaws.com/",
            "http://127.0.0.1:4566",
            "http://localhost:4566/x",
            "http://[::1]:1/",
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(may_be_asked(url), "{url}");
        }
        for url in [
            "http://sts.eu-west-1.amazonaws.com/",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://[2001:db8::1]/",
            "ftp://127.0.0.1/",
            "127.0.0.1:80",
        ] {
            assert!(!may_be_asked(url), "{url}");
        }
    }
}
