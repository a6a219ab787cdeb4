//! AWS keys from a function of the host.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::callbacks::KeysCallback;
use crate::identity::Identity;

/// A function under the name that requests call it by.
#[derive(Debug, Clone)]
pub(crate) struct KeySource {
    callback: KeysCallback,
}

impl From<KeysCallback> for KeySource {
    fn from(callback: KeysCallback) -> Self {
        Self { callback }
    }
}

impl KeySource {
    pub(crate) fn identity(&self) -> Identity {
        Identity::of("key_source").and("function", self.callback.identity())
    }

    pub(crate) fn provider(self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(self)
    }

    async fn ask(&self) -> Result<Credentials, CredentialsError> {
        self.callback.call(now()).await.map_err(CredentialsError::provider_error)
    }
}

/// The provider's trait says no time, so this is the machine's.
fn now() -> SystemTime {
    crate::clock::system().wall()
}

impl ProvideCredentials for KeySource {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}
