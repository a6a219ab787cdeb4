//! Commands of our own to one of the cluster's servers.

use crate::Error;
use crate::gate::Gate;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, RedisConnectionInfo};
use std::time::Duration;

/// A migration of many keys takes its time.
const LIMIT: Duration = Duration::from_secs(15);

/// `Admin` is a connection as the keeper.
pub(super) struct Admin {
    node: usize,
    connection: MultiplexedConnection,
}

impl Admin {
    pub(super) async fn to(gate: &Gate) -> Result<Self, Error> {
        let node = gate.node;
        let stream = gate.backend.connect_plainly().await?;
        let (user, password) = gate.backend.keeper();
        let login = RedisConnectionInfo::default().set_username(user).set_password(password);
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT));
        let made = MultiplexedConnection::new_with_config(&login, stream, config).await;
        let (connection, driver) = made.map_err(|error| failed(node, "login", &error))?;
        // Ends with the connection.
        tokio::spawn(driver);
        Ok(Self { node, connection })
    }

    pub(super) async fn ask<T: FromRedisValue>(&mut self, args: &[impl AsRef<[u8]>]) -> Result<T, Error> {
        let mut command = redis::Cmd::new();
        for arg in args {
            command.arg(arg.as_ref());
        }
        let answer = command.query_async(&mut self.connection).await;
        // Two words name a command; what follows may be a password.
        let name = args.iter().take(2).map(|arg| String::from_utf8_lossy(arg.as_ref()));
        answer.map_err(|error| failed(self.node, &name.collect::<Vec<_>>().join(" "), &error))
    }
}

fn failed(node: usize, command: &str, error: &redis::RedisError) -> Error {
    Error::Backend(format!("node {node}: {command}: {error}"))
}
