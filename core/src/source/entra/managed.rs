//! Managed identities: the platform knows who runs here and gives out tokens, over http on this machine.
//! Virtual machines have the metadata service (IMDS), App Service, Functions and Container Apps an address of their own:
//! <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>,
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>.

use std::time::SystemTime;

use keyrotor_proto::Code;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::AccessToken;
use super::answer::{Exchange, Server};
use super::endpoint::Endpoint;
use crate::error::Error;
use crate::http::{Question, Silence, ask};
use crate::identity::Identity;
use crate::secret::Secret;
use crate::source::SourceError;

pub(super) const NAME: &str = "entra-managed-identity";

/// Which of the identities that the platform knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Assigned {
    /// The machine's or application's own.
    System,
    /// One that was assigned to it, by its client id.
    ClientId(String),
    /// The same by its object id, also called principal id.
    ObjectId(String),
    /// The same by its resource id: `/subscriptions/…`.
    ResourceId(String),
}

/// Who is asked.
#[derive(Debug)]
pub(super) enum Platform {
    /// The metadata service of virtual machines and scale sets.
    Imds(Endpoint),
    /// App Service and its kin, which tell the address and a header that proves who asks.
    AppService(Endpoint, Secret),
}

/// An identity and the platform that vouches for it.
#[derive(Debug)]
pub(crate) struct ManagedIdentity {
    pub(super) identity: Assigned,
    pub(super) platform: Platform,
    /// Why nothing that comes before a managed identity was there, where none was asked for by name.
    pub(super) instead_of: Vec<String>,
}

impl ManagedIdentity {
    /// The same as a last resort: why each of the others was not there.
    pub(crate) fn instead_of(self, others: Vec<String>) -> Self {
        Self { instead_of: others, ..self }
    }

    pub(super) fn part_of(&self, identity: Identity) -> Identity {
        let identity = match &self.platform {
            Platform::Imds(endpoint) => identity.and("metadata service", endpoint.address()),
            Platform::AppService(endpoint, _) => identity.and("identity endpoint", endpoint.address()),
        };
        match &self.identity {
            Assigned::System => identity.and("assigned to", "system"),
            Assigned::ClientId(id) => identity.and("client", id),
            Assigned::ObjectId(id) => identity.and("object", id),
            Assigned::ResourceId(id) => identity.and("resource", id),
        }
    }

    pub(super) async fn ask(&self, scope: &str, now: SystemTime) -> Result<AccessToken, SourceError> {
        let uri = self.uri(scope);
        let (endpoint, headers): (&Endpoint, &[(&str, &str)]) = match &self.platform {
            Platform::Imds(endpoint) => (endpoint, &[("metadata", "true")]),
            Platform::AppService(endpoint, header) => (endpoint, &[("x-identity-header", header.expose())]),
        };
        let question =
            Question { whom: endpoint.whom(), method: "GET", uri: &uri, headers, body: String::new() };
        let secrets: Vec<&str> = headers.iter().map(|(_, value)| *value).filter(|it| *it != "true").collect();
        let exchange = Exchange {
            source: NAME,
            server: Server::Platform,
            asked: self.asked(endpoint),
            secrets: &secrets,
        };
        let answer = ask(question).await.map_err(|silence| match self.instead_of.as_slice() {
            [] => exchange.unreachable(&silence),
            others => nothing_found(others, &exchange.asked, &silence),
        })?;
        exchange.token(&answer, now)
    }

    fn uri(&self, scope: &str) -> String {
        let (address, version, resource_id) = match &self.platform {
            Platform::Imds(endpoint) => {
                (format!("{}/metadata/identity/oauth2/token", endpoint.address()), "2018-02-01", "msi_res_id")
            }
            Platform::AppService(endpoint, _) => (endpoint.address().to_owned(), "2019-08-01", "mi_res_id"),
        };
        // The platform speaks the older dialect, of resources in place of scopes.
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let mut uri = format!("{address}?api-version={version}&resource={}", encoded(resource));
        let which = match &self.identity {
            Assigned::System => None,
            Assigned::ClientId(id) => Some(("client_id", id)),
            Assigned::ObjectId(id) => Some(("object_id", id)),
            Assigned::ResourceId(id) => Some((resource_id, id)),
        };
        if let Some((name, id)) = which {
            uri.push_str(&format!("&{name}={}", encoded(id)));
        }
        uri
    }

    fn asked(&self, endpoint: &Endpoint) -> String {
        let kind = match &self.platform {
            Platform::Imds(_) => "the metadata service",
            Platform::AppService(..) => "the identity endpoint",
        };
        let whose = match &self.identity {
            Assigned::System => "system-assigned identity".to_owned(),
            Assigned::ClientId(id) | Assigned::ObjectId(id) | Assigned::ResourceId(id) => {
                format!("user-assigned identity {id}")
            }
        };
        format!("{kind} {} ({whose})", endpoint.address())
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn nothing_found(others: &[String], asked: &str, silence: &Silence) -> SourceError {
    let text = format!(
        "No Entra credentials found. {}; managed identity: {asked} cannot be reached: {silence}. Set AZURE_TENANT_ID, \
         AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give this machine a managed identity",
        others.join("; ")
    );
    SourceError::Permanent(Error::new(Code::CredentialsNotFound, text).with_source(NAME))
}
