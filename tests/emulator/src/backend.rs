//! The server behind the gate, and the ACL users in it.

mod server;
mod url;

use crate::Error;
use crate::config;
use crate::sigv4::hex;
use ring::rand::{SecureRandom, SystemRandom};
use server::Spawned;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

/// The two directions of a connection to the backend.
pub(crate) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// See [`Reader`].
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// `Backend` opens connections and knows the users' real passwords.
pub(crate) struct Backend {
    place: Place,
    users: Users,
}

enum Place {
    Spawned(Spawned),
    Url(Url),
}

/// `Users` holds the passwords of this run.
pub(crate) struct Users {
    passwords: Vec<(String, String)>,
    nobody: (String, String),
}

impl Users {
    fn new(names: &[String]) -> Result<Self, Error> {
        let passwords: Result<_, _> =
            names.iter().map(|name| random().map(|password| (name.clone(), password))).collect();
        Ok(Self { passwords: passwords?, nobody: (format!("nobody-{}", random()?), random()?) })
    }

    /// Names and passwords of all users.
    fn all(&self) -> &[(String, String)] {
        &self.passwords
    }
}

fn random() -> Result<String, Error> {
    let mut bytes = [0; 24];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::Backend("no random bytes to be had".into())).map(|()| hex(&bytes))
}

impl Backend {
    /// Starts or reaches the server, and makes the users in it.
    pub(crate) async fn start(backend: &config::Backend, users: &[String]) -> Result<Self, Error> {
        let users = Users::new(users)?;
        let place = match backend {
            config::Backend::Auto => Place::Spawned(Spawned::start(&users).await?),
            config::Backend::Url(text) => {
                let url = Url::parse(text)?;
                url.prepare(&users).await?;
                Place::Url(url)
            }
        };
        Ok(Self { place, users })
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> io::Result<(Reader, Writer)> {
        match &self.place {
            Place::Spawned(spawned) => spawned.connect().await,
            Place::Url(url) => url.connect().await,
        }
    }

    /// The user's real password.
    pub(crate) fn password(&self, user: &str) -> Option<&str> {
        self.users.all().iter().find(|(name, _)| name == user).map(|(_, password)| password.as_str())
    }

    /// A user that does not exist: its login is refused whatever the server's users are.
    pub(crate) fn nobody(&self) -> (&str, &str) {
        (&self.users.nobody.0, &self.users.nobody.1)
    }

    /// Kills the server and starts it anew.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        match &self.place {
            Place::Spawned(spawned) => spawned.restart(&self.users).await,
            Place::Url(_) => {
                Err(Error::Backend("was not started by the emulator, so it is not restarted".into()))
            }
        }
    }

    /// Kills the server for good, and removes its files.
    pub(crate) fn kill(&self) {
        if let Place::Spawned(spawned) = &self.place {
            spawned.kill();
        }
    }
}
