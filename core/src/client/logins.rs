//! Logins that a caller asks for.

use std::sync::Arc;

use super::{Client, session};
use crate::credential::Credential;
use crate::error::Result;
use crate::secret::Secret;

impl Client {
    /// Logs the live connections in again, each with a token that is newer than that of its last login; one is fetched
    /// where there is none. Passwords are sent once more as they are. Connections that wait at the server, hold keys under watch or are subscribed with RESP2
    /// keep the login they have.
    ///
    /// # Errors
    /// The first that a connection met; the others are tried all the same.
    pub async fn reauthenticate_now(&self) -> Result<()> {
        let session = &self.handle.session;
        let runner = session.runner()?;
        session.reauthenticate(&*runner).await
    }

    /// Logs in with another password from the next connection on; connections that are logged in stay so. With
    /// `immediately` they log in anew at once, as by [`reauthenticate_now`](Self::reauthenticate_now).
    ///
    /// # Errors
    /// [`Code::ConfigConflict`](crate::Code::ConfigConflict) where the client logs in with tokens or not at all; as
    /// [`reauthenticate_now`](Self::reauthenticate_now).
    pub async fn update_password(&self, password: impl Into<Secret>, immediately: bool) -> Result<()> {
        self.handle.session.update_password(password.into()).await?;
        if immediately { self.reauthenticate_now().await } else { Ok(()) }
    }

    /// Fetches a new token now; the connections use it at their next login.
    ///
    /// # Errors
    /// As [`TokenManager::refresh`](crate::TokenManager::refresh); [`Code::AuthRequired`](crate::Code::AuthRequired) where the client does not log in.
    pub async fn refresh(&self) -> Result<Arc<Credential>> {
        match self.token_manager() {
            Some(manager) => manager.refresh().await,
            None => Err(session::without_login()),
        }
    }
}
