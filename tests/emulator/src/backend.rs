//! The server behind the gate, and the ACL users in it.

mod server;
mod url;

use crate::Error;
use crate::config::{self, User};
use crate::resp;
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

/// `Users` holds the accounts of this run.
pub(crate) struct Users {
    accounts: Vec<Account>,
    nobody: (String, String),
}

/// `Account` is a user as the server knows it. It has no `Debug`: it holds a password.
struct Account {
    name: String,
    password: String,
    /// What it may do, rule by rule.
    rules: Vec<String>,
}

impl Users {
    fn new(users: &[User]) -> Result<Self, Error> {
        let accounts: Result<_, _> = users.iter().map(Account::new).collect();
        Ok(Self { accounts: accounts?, nobody: (format!("nobody-{}", random()?), random()?) })
    }

    fn all(&self) -> &[Account] {
        &self.accounts
    }
}

impl Account {
    fn new(user: &User) -> Result<Self, Error> {
        let rules = user.rules().unwrap_or_default().into_iter().map(str::to_owned);
        // Whatever else the user may do, the gate must be able to speak in its name.
        let rules = rules.chain([format!("+eval|{}", resp::SAY)]).collect();
        Ok(Self { name: user.name.clone(), password: random()?, rules })
    }
}

fn random() -> Result<String, Error> {
    let mut bytes = [0; 24];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::Backend("no random bytes to be had".into())).map(|()| hex(&bytes))
}

impl Backend {
    /// Starts or reaches the server, and makes the users in it.
    pub(crate) async fn start(backend: &config::Backend, users: &[User]) -> Result<Self, Error> {
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
        self.users.all().iter().find(|account| account.name == user).map(|account| account.password.as_str())
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
