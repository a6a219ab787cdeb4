//! The arm of Microsoft Entra ID.

use std::path::PathBuf;
use std::sync::Arc;

use keyrotor_proto::entra_credentials::Method;
use keyrotor_proto::user_assigned_managed_identity::Identity as ProtoIdentity;
use keyrotor_proto::{ClientCertificate, EntraCredentials, UserAssignedManagedIdentity};

use super::{Lease, Login};
use crate::config::{conflict, invalid, missing};
use crate::error::{Error, Result};
use crate::manager::TokenRefreshConfig;
use crate::secret::Secret;
use crate::source::entra::{
    Application, Assigned, Certificate, EntraSource, Environment, Flow, ManagedIdentity, Proof, REDIS_SCOPE,
};

const PATH: &str = "authentication_info.entra_credentials";

fn at(field: &str) -> String {
    format!("{PATH}.{field}")
}

pub(super) fn entra(credentials: EntraCredentials, refresh: TokenRefreshConfig) -> Result<Login> {
    from(credentials, refresh, &Environment::of_process())
}

/// What is not set in the request is taken from the environment once, here.
fn from(
    mut credentials: EntraCredentials,
    refresh: TokenRefreshConfig,
    environment: &Environment<'_>,
) -> Result<Login> {
    let user = user(credentials.username.take())?;
    let scope = scope(credentials.scope.take())?;
    let flow = Request { credentials, environment }.flow()?;
    Ok(Login {
        source: Arc::new(EntraSource::new(flow, scope, user)),
        refresh,
        interval_field: "refresh",
        lease: Lease::WithToken,
        is_token: true,
        password: None,
    })
}

fn user(username: Option<String>) -> Result<Option<Arc<str>>> {
    match username {
        Some(user) if user.is_empty() => {
            Err(invalid(at("username"), "must not be empty; leave it out for the token's object id"))
        }
        user => Ok(user.map(Arc::from)),
    }
}

fn scope(scope: Option<String>) -> Result<String> {
    let scope = scope.unwrap_or_else(|| REDIS_SCOPE.to_owned());
    if scope.is_empty() || scope.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(invalid(at("scope"), format!("must be one scope without spaces, such as {REDIS_SCOPE}")));
    }
    Ok(scope)
}

/// A request beside the environment that completes it.
struct Request<'a> {
    credentials: EntraCredentials,
    environment: &'a Environment<'a>,
}

impl Request<'_> {
    fn flow(mut self) -> Result<Flow> {
        match self.credentials.method.take() {
            Some(Method::ClientSecret(secret)) if secret.is_empty() => {
                Err(missing(at("client_secret"), "set the secret of this application"))
            }
            Some(Method::ClientSecret(secret)) => self.application(Proof::Secret(Secret::new(secret))),
            Some(Method::ClientCertificate(pem)) => self.application(Proof::Certificate(certificate(&pem)?)),
            Some(Method::WorkloadIdentity(workload)) => {
                let file = self.token_file(workload.token_file)?;
                self.application(Proof::FederatedTokenFile(file))
            }
            Some(Method::SystemAssignedManagedIdentity(_)) => self.managed(Assigned::System),
            Some(Method::UserAssignedManagedIdentity(which)) => self.managed(identity(which)?),
            None => self.whatever_is_there(),
        }
    }

    fn application(&self, proof: Proof) -> Result<Flow> {
        let login_server = self
            .environment
            .login_server(self.credentials.authority.as_deref())
            .map_err(|error| invalid(at("authority"), error))?;
        let tenant_id = self.credentials.tenant_id.clone().or_else(|| self.environment.tenant_id());
        let client_id = self.credentials.client_id.clone().or_else(|| self.environment.client_id());
        Ok(Flow::Application(Application {
            login_server,
            tenant_id: id(tenant_id, "tenant_id", "AZURE_TENANT_ID")?,
            client_id: id(client_id, "client_id", "AZURE_CLIENT_ID")?,
            proof,
        }))
    }

    fn managed(&self, identity: Assigned) -> Result<Flow> {
        let set = [("tenant_id", &self.credentials.tenant_id), ("client_id", &self.credentials.client_id)];
        if let Some((field, _)) = set.iter().find(|(_, value)| value.is_some()) {
            let message = "has no effect on a managed identity; leave it out, or say which identity in \
                           user_assigned_managed_identity";
            return Err(conflict(at(field), message));
        }
        self.managed_identity(identity).map(Flow::Managed)
    }

    fn managed_identity(&self, identity: Assigned) -> Result<ManagedIdentity> {
        self.environment
            .managed_identity(identity, self.credentials.authority.as_deref())
            .map_err(|error| invalid(at("authority"), error))
    }

    /// No method was named: what Microsoft's own tools would find first in this environment, else the identity of the
    /// platform below.
    fn whatever_is_there(&self) -> Result<Flow> {
        let instead_of = match self.environment.proof() {
            Ok(proof) => return self.application(proof),
            Err(reasons) => reasons,
        };
        let client_id = self.credentials.client_id.clone().or_else(|| self.environment.client_id());
        let identity = client_id.map_or(Assigned::System, Assigned::ClientId);
        let identity = self.managed_identity(identity)?;
        Ok(Flow::Managed(identity.instead_of(instead_of)))
    }

    fn token_file(&self, path: Option<String>) -> Result<PathBuf> {
        let path = path.filter(|path| !path.is_empty()).map(PathBuf::from);
        path.or_else(|| self.environment.federated_token_file()).ok_or_else(|| {
            missing(
                at("workload_identity.token_file"),
                "set it here or in AZURE_FEDERATED_TOKEN_FILE, as the platform does for a federated service account",
            )
        })
    }
}

fn certificate(pem: &ClientCertificate) -> Result<Certificate> {
    // One file often holds both.
    let key = if pem.private_key_pem.is_empty() { &pem.certificate_pem } else { &pem.private_key_pem };
    Certificate::from_pem(&pem.certificate_pem, key).map_err(|error| {
        let field = if error.is_about_the_key() { "private_key_pem" } else { "certificate_pem" };
        invalid(at(&format!("client_certificate.{field}")), error)
    })
}

fn identity(which: UserAssignedManagedIdentity) -> Result<Assigned> {
    let (identity, field, value) = match which.identity {
        Some(ProtoIdentity::ClientId(id)) => (Assigned::ClientId(id.clone()), "client_id", id),
        Some(ProtoIdentity::ObjectId(id)) => (Assigned::ObjectId(id.clone()), "object_id", id),
        Some(ProtoIdentity::ResourceId(id)) => (Assigned::ResourceId(id.clone()), "resource_id", id),
        None => return Err(no_identity("user_assigned_managed_identity")),
    };
    if value.is_empty() {
        return Err(no_identity(&format!("user_assigned_managed_identity.{field}")));
    }
    Ok(identity)
}

fn no_identity(field: &str) -> Error {
    missing(at(field), "set exactly one of client_id, object_id, resource_id")
}

/// A tenant or client: it becomes part of an address.
fn id(value: Option<String>, field: &str, variable: &str) -> Result<String> {
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| missing(at(field), format!("set it here or in {variable}").as_str()))?;
    if !value.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        return Err(invalid(at(field), "must be a GUID or a domain name"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
