//! One HTTP exchange, for sources that ask a service for their credentials.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};

use crate::process::PerProcess;
use crate::skew;

/// No answer that is looked for here is as long; a longer one is somebody else's.
const LONGEST_BODY: usize = 1 << 20;
/// Where nothing listens, this is how long a caller waits to hear it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Who is asked, which decides about proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// A service on the network, through the proxy of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    Service,
    /// The platform below this process, which no proxy can reach.
    Platform,
}

/// A question.
pub(crate) struct Question<'a> {
    pub(crate) whom: Whom,
    pub(crate) method: &'static str,
    pub(crate) uri: &'a str,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: String,
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The whole seconds of `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Why there was no answer. The text names neither headers nor body.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Silence(String);

/// Asks once. No redirect is followed: it would carry the secrets of the question elsewhere.
pub(crate) async fn ask(question: Question<'_>) -> Result<Answer, Silence> {
    let response = connector(question.whom)
        .call(request(&question)?)
        .await
        .map_err(|error| Silence(with_causes(&error)))?;
    skew::note(response.headers().get("date"));
    let status = response.status().as_u16();
    let retry_after = retry_after(&response);
    let body = Limited::new(response.into_body(), LONGEST_BODY)
        .collect()
        .await
        .map_err(|error| Silence(format!("the answer broke off: {error}")))?;
    Ok(Answer { status, retry_after, body: body.to_bytes().into() })
}

fn request(question: &Question<'_>) -> Result<HttpRequest, Silence> {
    let mut request = HttpRequest::new(SdkBody::from(question.body.as_str()));
    let malformed = |what: &str| Silence(format!("{what} cannot be sent by HTTP"));
    request.set_method(question.method).map_err(|_| malformed("the method"))?;
    request.set_uri(question.uri).map_err(|_| malformed("the address"))?;
    for (name, value) in question.headers {
        request.headers_mut().try_insert(*name, (*value).to_owned()).map_err(|_| malformed(name))?;
    }
    Ok(request)
}

/// A server that wants to be left alone for longer is asked all the same: refreshing never stops.
const LONGEST_ADVICE: Duration = Duration::from_secs(300);

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.trim().parse().ok();
    seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_ADVICE))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = error.source();
    }
    text
}

/// The connectors of this process, made when the first question is asked.
struct Connectors {
    service: SharedHttpConnector,
    platform: SharedHttpConnector,
}

impl Connectors {
    fn new() -> Self {
        let tls = || {
            let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).connector_settings(settings)
        };
        Self {
            service: SharedHttpConnector::new(tls().proxy_config(ProxyConfig::from_env()).build()),
            platform: SharedHttpConnector::new(tls().proxy_config(ProxyConfig::disabled()).build()),
        }
    }
}

/// A forked child makes its own: the connections of the parent's have nobody there who reads them.
fn connector(whom: Whom) -> SharedHttpConnector {
    static CONNECTORS: PerProcess<Connectors> = PerProcess::new();
    let connectors = CONNECTORS.get(Connectors::new);
    match whom {
        Whom::Service => connectors.value.service.clone(),
        Whom::Platform => connectors.value.platform.clone(),
    }
}
