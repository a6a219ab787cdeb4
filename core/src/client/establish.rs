//! Making a connection that is logged in: leave at the gate, a token, TCP and TLS, the login.

use std::sync::Arc;

use keyrotor_proto::Code;

use super::connection::{Connection, Role};
use super::node::Target;
use super::reply::disconnected;
use super::runner::Runner;
use super::session::Session;
use super::{dial, login};
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::manager::Attempt;

/// What whoever wants to log in does while the server takes no logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Waits until it may try again.
    Waits,
    /// Says at once why logins fail.
    Fails,
}

impl Session {
    /// A new connection, logged in. On a refusal the next token goes out on a new connection at once.
    pub(super) async fn establish(
        &self,
        target: &Target,
        role: Role,
        patience: Patience,
        runner: &Arc<dyn Runner>,
    ) -> Result<Arc<Connection>> {
        match self.establish_once(target, role.clone(), patience, runner).await {
            Err(error) if error.code() == Code::AuthRefused && self.is_token => {
                self.establish_once(target, role, patience, runner).await
            }
            other => other,
        }
    }

    async fn establish_once(
        &self,
        target: &Target,
        role: Role,
        patience: Patience,
        runner: &Arc<dyn Runner>,
    ) -> Result<Arc<Connection>> {
        // First the token: a source that is slow or broken is its own error, and never a connection timeout.
        let attempt = self.attempt(patience).await?;
        let credential = match &attempt {
            Some(attempt) => Some(attempt.credential().await?),
            None => None,
        };
        let (stream, address) =
            dial::dial(&target.addresses, &self.settings, self.tls.as_ref(), &**runner).await?;
        let connection = Connection::open(stream, address, role, self.hosting, runner);
        let connection = Arc::new(connection.map_err(disconnected)?);
        let outcome = login::log_in(&connection, &self.settings, credential.as_deref(), &**runner).await;
        if let Some((attempt, credential)) = attempt.zip(credential.as_ref()) {
            report(attempt, credential, &outcome);
        }
        outcome.map_err(|error| self.with_doubts(error))?;
        if target.reads_replica {
            login::read_from_replica(&connection, &self.settings, &**runner).await?;
        }
        self.note_connection(&connection)?;
        Ok(connection)
    }

    /// Leave to log in; `None` where the client does not.
    pub(super) async fn attempt(&self, patience: Patience) -> Result<Option<Attempt<'_>>> {
        match (&self.gate, patience) {
            (None, _) => Ok(None),
            (Some(gate), Patience::Waits) => gate.enter().await.map(Some),
            (Some(gate), Patience::Fails) => gate.enter_or_fail().await.map(Some),
        }
    }

    /// Every wrong name is refused with the same words; a name that looked odd from the start is the first suspect.
    fn with_doubts(&self, error: Error) -> Error {
        match error.code() {
            Code::AuthRefused if self.is_token => {
                let doubts =
                    self.manager.as_ref().map(|manager| manager.status().warnings).unwrap_or_default();
                let error = doubts.iter().fold(error, |error, doubt| error.with_hint(doubt));
                error.with_hint("`keyrotor explain-token` shows what a token says of itself")
            }
            Code::AuthRequired if self.manager.is_none() => error.with_hint("the request has no credentials"),
            _ => error,
        }
    }
}

/// Tells all who log in there what the server made of the token.
pub(super) fn report(attempt: Attempt<'_>, credential: &Arc<Credential>, outcome: &Result<()>) {
    match outcome {
        Ok(()) => attempt.succeeded(credential),
        Err(error) => attempt.failed(credential, error),
    }
}
