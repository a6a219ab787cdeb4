//! What the surroundings say, under the names that Microsoft's own tools read.

use std::path::PathBuf;

use super::managed::Platform;
use super::{Assigned, Endpoint, ManagedIdentity, Proof};
use crate::secret::Secret;

const IMDS: &str = "http://169.254.169.254";
const LOGIN_SERVER: &str = "https://login.microsoftonline.com";

/// Environment variables, looked up once, when a source is made.
pub(crate) struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Environment<'static> {
    /// This process's own.
    pub(crate) fn of_process() -> Self {
        Self(&|name| std::env::var(name).ok())
    }
}

impl<'a> Environment<'a> {
    #[cfg(test)]
    pub(crate) fn of(variables: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(variables)
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(crate) fn tenant_id(&self) -> Option<String> {
        self.get("AZURE_TENANT_ID")
    }

    pub(crate) fn client_id(&self) -> Option<String> {
        self.get("AZURE_CLIENT_ID")
    }

    pub(crate) fn federated_token_file(&self) -> Option<PathBuf> {
        self.get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from)
    }

    /// The login server: this one, that of `AZURE_AUTHORITY_HOST`, or the public cloud's.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub(crate) fn login_server(&self, authority: Option<&str>) -> Result<Endpoint, String> {
        let from_surroundings =
            || self.get("AZURE_AUTHORITY_HOST").unwrap_or_else(|| LOGIN_SERVER.to_owned());
        Endpoint::login_server(&authority.map_or_else(from_surroundings, str::to_owned))
    }

    /// The identity on the platform below: the metadata service at this address, App Service's endpoint where there
    /// is one, else the metadata service at its usual address.
    ///
    /// # Errors
    /// What is wrong with the address, or that this platform is not known.
    pub(crate) fn managed_identity(
        &self,
        identity: Assigned,
        authority: Option<&str>,
    ) -> Result<ManagedIdentity, String> {
        Ok(ManagedIdentity { identity, platform: self.platform(authority)?, instead_of: Vec::new() })
    }

    fn platform(&self, authority: Option<&str>) -> Result<Platform, String> {
        if let Some(authority) = authority {
            return Endpoint::platform(authority).map(Platform::Imds);
        }
        match (self.get("IDENTITY_ENDPOINT"), self.get("IDENTITY_HEADER")) {
            (Some(endpoint), Some(header)) => Endpoint::platform(&endpoint)
                .map(|endpoint| Platform::AppService(endpoint, Secret::new(header)))
                .map_err(|error| format!("IDENTITY_ENDPOINT: {error}")),
            (Some(_), None) => Err(
                "IDENTITY_ENDPOINT is set without IDENTITY_HEADER, as on Azure Arc, which keyrotor does not \
                     support"
                    .to_owned(),
            ),
            (None, _) => {
                let imds = self.get("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| IMDS.to_owned());
                Endpoint::platform(&imds).map(Platform::Imds)
            }
        }
    }

    /// How an application proves itself by what is set here, or why each way is closed.
    ///
    /// # Errors
    /// One line for each way: what would have opened it.
    pub(crate) fn proof(&self) -> Result<Proof, Vec<String>> {
        if let Some(secret) = self.get("AZURE_CLIENT_SECRET") {
            return Ok(Proof::Secret(Secret::new(secret)));
        }
        if let Some(path) = self.get("AZURE_CLIENT_CERTIFICATE_PATH") {
            return Ok(Proof::CertificateFile(path.into()));
        }
        if let Some(path) = self.federated_token_file() {
            return Ok(Proof::FederatedTokenFile(path));
        }
        Err(vec![
            "client secret: AZURE_CLIENT_SECRET is not set".to_owned(),
            "client certificate: AZURE_CLIENT_CERTIFICATE_PATH is not set".to_owned(),
            "workload identity: AZURE_FEDERATED_TOKEN_FILE is not set".to_owned(),
        ])
    }
}
