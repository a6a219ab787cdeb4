//! A running server, reached by URL.

use super::{Reader, Users, Writer};
use crate::Error;
use crate::resp;
use percent_encoding::percent_decode_str;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// `Url` is `redis://[user:password@]host[:port]`, taken apart. It has no `Debug`: it holds a password.
pub(super) struct Url {
    host: String,
    port: u16,
    login: Option<(String, String)>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Config {
            field: "backend",
            problem: "expected auto or redis://[user:password@]host[:port]".into(),
        };
        let rest = text.strip_prefix("redis://").ok_or_else(wrong)?.trim_end_matches('/');
        let (login, place) =
            rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let port_at = place.rfind(':').filter(|at| !place.get(*at..).is_some_and(|rest| rest.contains(']')));
        let (host, port) = place.split_at(port_at.unwrap_or(place.len()));
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| wrong())?,
            None => 6379,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains('/') {
            return Err(wrong());
        }
        let decode = |text| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| wrong());
        let login = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => Some((decode(user)?, decode(password)?)),
            None => None,
        };
        Ok(Self { host: host.to_owned(), port, login })
    }

    pub(super) async fn connect(&self) -> io::Result<(Reader, Writer)> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok((Box::new(reader), Box::new(writer)))
    }

    /// Makes the users.
    pub(super) async fn prepare(&self, users: &Users) -> Result<(), Error> {
        let unreachable = |error| Error::Backend(format!("{}:{}: {error}", self.host, self.port));
        let (reader, mut writer) = self.connect().await.map_err(unreachable)?;
        let mut request = Vec::new();
        let mut replies = 0;
        if let Some((user, password)) = &self.login {
            let user = if user.is_empty() { "default" } else { user };
            resp::command(&mut request, &["AUTH", user, password]);
            replies += 1;
        }
        for account in users.all() {
            let password = format!(">{}", account.password);
            let start = ["ACL", "SETUSER", &account.name, "reset", "on", &password];
            let rules: Vec<_> = start.into_iter().chain(account.rules.iter().map(String::as_str)).collect();
            resp::command(&mut request, &rules);
            replies += 1;
        }
        writer.write_all(&request).await.map_err(unreachable)?;
        let mut lines = BufReader::new(reader).lines();
        for _ in 0..replies {
            let line = lines.next_line().await.map_err(unreachable)?.unwrap_or_default();
            if line != "+OK" {
                return Err(Error::Backend(format!(
                    "{}:{}: cannot make users: {line}",
                    self.host, self.port
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (text, host, port, login) in [
            ("redis://localhost", "localhost", 6379, None),
            ("redis://10.0.0.1:7000/", "10.0.0.1", 7000, None),
            ("redis://[::1]:7000", "::1", 7000, None),
            ("redis://[::1]", "::1", 6379, None),
            ("redis://:p%40ss@h:1", "h", 1, Some(("", "p@ss"))),
            ("redis://admin:a:b@h", "h", 6379, Some(("admin", "a:b"))),
        ] {
            let Ok(url) = Url::parse(text) else { panic!("{text}") };
            let found = url.login.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
            assert_eq!((url.host.as_str(), url.port, found), (host, port, login), "{text}");
        }
        for text in ["rediss://h", "localhost:6379", "redis://", "redis://h:x", "redis://h/1"] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
