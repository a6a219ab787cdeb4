//! Making a connection that is logged in: leave at the gate, a token, TCP and TLS, the login.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;

use super::connection::{Connection, Role};
use super::node::Target;
use super::reply::disconnected;
use super::runner::Runner;
use super::session::Session;
use super::{dial, login};
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::manager::{Attempt, LoginGate};

/// How long a turn to log in is kept while the server is dialled.
const TURN: Duration = Duration::from_millis(250);

/// What whoever wants to log in does while the server takes no logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Waits until it may try again.
    Waits,
    /// Says at once why logins fail.
    Fails,
}

/// What a login is made with. The default is for clients that do not log in.
#[derive(Default)]
pub(super) struct WayIn<'a> {
    pub(super) credential: Option<Arc<Credential>>,
    /// With a token; the fallback password needs no leave.
    attempt: Option<Attempt<'a>>,
    /// Why the password takes the token's place.
    no_token: Option<Error>,
}

impl<'a> WayIn<'a> {
    pub(super) fn by_token(attempt: Attempt<'a>, credential: Arc<Credential>) -> Self {
        Self { credential: Some(credential), attempt: Some(attempt), no_token: None }
    }
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
            Err(error) if self.is_worth_another(&error) => {
                self.establish_once(target, role, patience, runner).await
            }
            other => other,
        }
    }

    /// Another token may be taken where one was refused, and another login kept where one was forgotten at once.
    fn is_worth_another(&self, error: &Error) -> bool {
        match error.code() {
            Code::AuthRefused => self.is_token,
            Code::AuthRequired => self.manager.is_some(),
            _ => false,
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
        let way_in = self.way_in(patience).await?;
        let dialling = dial::dial(&target.addresses, &self.settings, self.tls.as_ref(), &**runner);
        let mut dialling = pin!(dialling);
        let (dialled, way_in) = tokio::select! {
            biased;
            dialled = &mut dialling => (dialled?, way_in),
            () = runner.sleep(TURN) => {
                // A server that does not even answer is not to hold up those who wait to log in elsewhere.
                drop(way_in);
                (dialling.await?, self.way_in(patience).await?)
            }
        };
        let (stream, address) = dialled;
        let connection = Connection::open(stream, address, role, &self.hosting, runner);
        let connection = Arc::new(connection.map_err(disconnected)?);
        let credential = way_in.credential.as_deref();
        let outcome = login::log_in(&connection, &self.settings, credential, &**runner).await;
        self.report(way_in, &outcome);
        self.note_identity(&connection);
        outcome.map_err(|error| self.with_doubts(error))?;
        if target.reads_replica {
            login::read_from_replica(&connection, &self.settings, &**runner).await?;
        }
        self.note_connection(&connection)?;
        if self.settings.cluster.is_none() {
            connection.serves_alone();
        }
        connection.is_ready();
        Ok(connection)
    }

    /// What to log in with, and leave to do so.
    pub(super) async fn way_in(&self, patience: Patience) -> Result<WayIn<'_>> {
        let Some(attempt) = self.attempt(patience).await? else { return Ok(WayIn::default()) };
        let error = match attempt.credential().await {
            Ok(credential) => {
                return Ok(WayIn::by_token(attempt, credential));
            }
            Err(error) => error,
        };
        // A server that refused a token has said no to this identity: what cannot be made after that changes nothing.
        let was_refused = self.gate.as_ref().is_some_and(LoginGate::has_refused);
        match &self.settings.fallback {
            Some(fallback) if error.is_about_credentials() && !was_refused => {
                Ok(WayIn { credential: Some(Arc::clone(fallback)), attempt: None, no_token: Some(error) })
            }
            _ => Err(error),
        }
    }

    /// Leave to log in; `None` where the client does not.
    pub(super) async fn attempt(&self, patience: Patience) -> Result<Option<Attempt<'_>>> {
        match (&self.gate, patience) {
            (None, _) => Ok(None),
            (Some(gate), Patience::Waits) => gate.enter().await.map(Some),
            (Some(gate), Patience::Fails) => gate.enter_or_fail().await.map(Some),
        }
    }

    /// Tells all who log in there what the server made of it.
    pub(super) fn report(&self, way_in: WayIn<'_>, outcome: &Result<()>) {
        let WayIn { credential, attempt, no_token } = way_in;
        let Some((credential, manager)) = credential.zip(self.manager.as_ref()) else { return };
        match (attempt, outcome) {
            (Some(attempt), Ok(())) => {
                attempt.succeeded(&credential);
                manager.note_fallback(None);
            }
            // Every node of a cluster has the same gate, and the others are not to wait for this one.
            (Some(_), Err(error)) if self.settings.cluster.is_some() && is_of_one_node(error) => {}
            (Some(attempt), Err(error)) => attempt.failed(&credential, error),
            (None, Ok(())) => manager.note_fallback(no_token.as_ref()),
            (None, Err(_)) => {}
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
            Code::NetworkDisconnected if self.tls.is_none() => {
                error.with_hint("this was before the login; if the server speaks TLS only, set tls_mode")
            }
            _ => error,
        }
    }
}

/// Whether the failure is one server's own trouble, and says nothing of how logins go elsewhere in its cluster.
fn is_of_one_node(error: &Error) -> bool {
    let is_loading = error.server_text().is_some_and(|text| text.starts_with("LOADING"));
    is_loading || error.code() == Code::AuthTimeout
}
