//! Where tokens are asked for, and when that may be without TLS.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

use crate::http::Whom;

const ADVICE: &str = "give an https address without user, query and fragment";

/// The address of a service that hands out tokens, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    address: String,
    whom: Whom,
}

impl Endpoint {
    /// A login server, which is sent secrets: https, or anything on loopback.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub(crate) fn login_server(text: &str) -> Result<Self, String> {
        let (address, host, is_plain) = read(text)?;
        let is_here = is_loopback(&host);
        if is_plain && !is_here {
            return Err(format!("`{address}` would be sent secrets in the clear; {ADVICE}"));
        }
        Ok(Self { address, whom: if is_here { Whom::Platform } else { Whom::Service } })
    }

    /// A service of the platform below this process: plain http is its custom, and stays on this machine.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub(crate) fn platform(text: &str) -> Result<Self, String> {
        let (address, host, is_plain) = read(text)?;
        if is_plain && !is_loopback(&host) && !is_link_local(&host) {
            return Err(format!(
                "`{address}` is not on this machine, and its answer would travel in the clear"
            ));
        }
        Ok(Self { address, whom: Whom::Platform })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn whom(&self) -> Whom {
        self.whom
    }
}

/// The address, its host, and whether it is plain http.
fn read(text: &str) -> Result<(String, String, bool), String> {
    let text = text.trim();
    // Microsoft's own tools take a bare host name too.
    let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let uri: Uri = address.parse().map_err(|_| format!("not an address; {ADVICE}"))?;
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if has_user || host.is_empty() || uri.query().is_some() || address.contains('#') {
        return Err(format!("not an address; {ADVICE}"));
    }
    let is_plain = uri.scheme_str() == Some("http");
    match uri.scheme_str() {
        Some("https" | "http") => Ok((address.trim_end_matches('/').to_owned(), host, is_plain)),
        _ => Err(format!("neither http nor https; {ADVICE}")),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_link_local(host: &str) -> bool {
    host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s05_secrets_go_by_https_or_stay_on_loopback() {
        for fine in [
            "https://login.microsoftonline.com/",
            "login.microsoftonline.us",
            "https://login.example.com/path",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost:1",
        ] {
            Endpoint::login_server(fine).unwrap();
        }
        for wrong in [
            "http://login.microsoftonline.com",
            "http://169.254.169.254",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "https://user:secret@login.microsoftonline.com",
            "https://login.microsoftonline.com/?a=b",
            "ftp://localhost",
            "",
            "https://",
            "a b",
        ] {
            let message = Endpoint::login_server(wrong).expect_err(wrong);
            assert!(!message.contains("secret@"), "{message}");
        }
    }

    #[test]
    fn s05_the_platform_is_asked_in_the_clear_only_on_this_machine() {
        for fine in ["http://169.254.169.254", "http://169.254.129.7:8081/msi/token", "http://127.0.0.1:1/x"]
        {
            assert_eq!(Endpoint::platform(fine).unwrap().whom(), Whom::Platform);
        }
        for wrong in ["http://10.0.0.1/", "http://metadata.example.com/"] {
            Endpoint::platform(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn an_address_has_no_slash_at_its_end() {
        let endpoint = Endpoint::login_server("login.microsoftonline.com/").unwrap();
        assert_eq!(endpoint.address(), "https://login.microsoftonline.com");
        assert_eq!(endpoint.whom(), Whom::Service);
    }
}
