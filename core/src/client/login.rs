//! Logging in: HELLO or AUTH alone, its answer read, and only then anything else.

use std::time::Duration;

use keyrotor_proto::Code;
use redis::cmd;
use zeroize::Zeroizing;

use super::connection::Connection;
use super::runner::Runner;
use super::{identity, reply};
use crate::config::Settings;
use crate::credential::Credential;
use crate::error::{Error, Result};

/// How often a login is made that the server forgets at once.
const TRIES: usize = 3;

/// The first login of a connection, and its settings.
pub(super) async fn log_in(
    connection: &Connection,
    settings: &Settings,
    credential: Option<&Credential>,
    runner: &dyn Runner,
) -> Result<()> {
    let at = runner.now();
    let answer = match credential {
        Some(credential) if settings.resp3 => {
            let first = packed(&["HELLO", "3", "AUTH", user_name(credential), credential.secret.expose()]);
            Some(within(settings.connection_timeout, runner, connection.send_secret(&first)).await)
        }
        Some(credential) => {
            Some(within(settings.connection_timeout, runner, connection.send_secret(&auth(credential))).await)
        }
        None if settings.resp3 => {
            Some(within(settings.connection_timeout, runner, connection.send(cmd("HELLO").arg(3))).await)
        }
        None => None,
    };
    answer.transpose().map_err(without_arguments)?;
    connection.note_login(credential, at);
    within(settings.connection_timeout, runner, set_up(connection, settings, credential)).await
}

/// A login on a connection that has one. One that the server forgets before it was verified is made again.
pub(super) async fn log_in_again(
    connection: &Connection,
    settings: &Settings,
    credential: &Credential,
    runner: &dyn Runner,
) -> Result<()> {
    let mut outcome = log_in_once_more(connection, settings, credential, runner).await;
    for _ in 1..TRIES {
        match &outcome {
            Err(error) if error.code() == Code::AuthRequired => {
                outcome = log_in_once_more(connection, settings, credential, runner).await;
            }
            _ => break,
        }
    }
    outcome
}

async fn log_in_once_more(
    connection: &Connection,
    settings: &Settings,
    credential: &Credential,
    runner: &dyn Runner,
) -> Result<()> {
    let at = runner.now();
    let answer = within(settings.connection_timeout, runner, connection.send_secret(&auth(credential))).await;
    answer.map_err(without_arguments)?;
    connection.note_login(Some(credential), at);
    let identified = identity::check(connection, settings.identity, user_name(credential));
    let identified = within(settings.connection_timeout, runner, identified).await;
    if identified.as_ref().is_err_and(Error::is_about_identity) {
        connection.close();
    }
    identified
}

/// Servers that do not know a command repeat its arguments, and those of a login are secret.
fn without_arguments(error: Error) -> Error {
    match error.server_text().and_then(|text| text.split_once(", with args")) {
        Some((before, _)) => reply::server_error(before),
        None => error,
    }
}

fn auth(credential: &Credential) -> Zeroizing<Vec<u8>> {
    packed(&["AUTH", user_name(credential), credential.secret.expose()])
}

/// A command in one allocation of just its size: growing would leave copies of the secret behind.
fn packed(words: &[&str]) -> Zeroizing<Vec<u8>> {
    const HEAD: usize = 24;
    let size = HEAD + words.iter().map(|word| HEAD + word.len()).sum::<usize>();
    let mut command = Zeroizing::new(Vec::with_capacity(size));
    command.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        command.extend_from_slice(word.as_bytes());
        command.extend_from_slice(b"\r\n");
    }
    command
}

fn user_name(credential: &Credential) -> &str {
    if credential.user.is_empty() { "default" } else { &credential.user }
}

async fn set_up(connection: &Connection, settings: &Settings, credential: Option<&Credential>) -> Result<()> {
    if let Some(credential) = credential {
        identity::check(connection, settings.identity, user_name(credential)).await?;
    }
    if settings.database != 0 {
        connection.send(cmd("SELECT").arg(settings.database)).await?;
    }
    if let Some(name) = &settings.client_name {
        connection.send(cmd("CLIENT").arg("SETNAME").arg(name)).await?;
    }
    let lib_name = settings.lib_name.as_deref().unwrap_or("keyrotor");
    for (attribute, value) in [("LIB-NAME", lib_name), ("LIB-VER", env!("CARGO_PKG_VERSION"))] {
        // Servers before 7.2 do not know it, and users may be forbidden it: it is a courtesy.
        match connection.send(cmd("CLIENT").arg("SETINFO").arg(attribute).arg(value)).await {
            Err(error) if error.server_text().is_none() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A replica of a cluster sends whoever does not ask for this to its primary.
pub(super) async fn read_from_replica(
    connection: &Connection,
    settings: &Settings,
    runner: &dyn Runner,
) -> Result<()> {
    within(settings.connection_timeout, runner, connection.send(&cmd("READONLY"))).await.map(drop)
}

async fn within<T>(limit: Duration, runner: &dyn Runner, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        () = runner.sleep(limit) => Err(Error::new(
            Code::AuthTimeout,
            format!("the server did not answer the login within {} ms", limit.as_millis()),
        )),
    }
}
