//! The server behind a gate, and the ACL users in it.

mod server;
mod url;

use crate::Error;
use crate::config::{self, User};
use crate::resp;
use crate::sigv4::hex;
use ring::rand::{SecureRandom, SystemRandom};
use server::Spawned;
pub(crate) use server::{Bus, Member, Plan};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use url::Url;

/// The two directions of a connection to the backend.
pub(crate) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// See [`Reader`].
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// `Backend` opens connections and knows the users' real passwords.
pub(crate) struct Backend {
    place: Place,
    users: Arc<Users>,
}

enum Place {
    Spawned(Spawned),
    Url(Url),
}

/// `Users` holds the accounts of this run, the same for all servers.
pub(crate) struct Users {
    accounts: Vec<Account>,
    nobody: (String, String),
    keeper: (String, String),
}

/// `Account` is a user as the server knows it. It has no `Debug`: it holds a password.
struct Account {
    name: String,
    password: String,
    /// What it may do, rule by rule.
    rules: Vec<String>,
}

impl Users {
    pub(crate) fn new(users: &[User]) -> Result<Self, Error> {
        let accounts: Result<_, _> = users.iter().map(Account::new).collect();
        let invented = |kind| Ok::<_, Error>((format!("{kind}-{}", random()?), random()?));
        Ok(Self { accounts: accounts?, nobody: invented("nobody")?, keeper: invented("keeper")? })
    }

    /// The users that clients may be.
    fn all(&self) -> &[Account] {
        &self.accounts
    }

    /// The user that a cluster's servers log in as at each other, and we at them.
    fn keeper(&self) -> (&str, &str) {
        (&self.keeper.0, &self.keeper.1)
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
    /// Reaches a running server, or starts one as planned, with the users in it.
    pub(crate) async fn start(backend: &config::Backend, plan: Plan) -> Result<Self, Error> {
        let users = Arc::clone(&plan.users);
        let place = match backend {
            config::Backend::Auto => Place::Spawned(Spawned::start(plan).await?),
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

    /// Opens a connection for commands of our own; for servers that we started.
    pub(crate) async fn connect_plainly(&self) -> Result<UnixStream, Error> {
        let stream = self.spawned()?.connect_plainly().await;
        stream.map_err(|error| Error::Backend(format!("does not answer: {error}")))
    }

    /// The user's real password.
    pub(crate) fn password(&self, user: &str) -> Option<&str> {
        self.users.all().iter().find(|account| account.name == user).map(|account| account.password.as_str())
    }

    /// A user that does not exist: its login is refused whatever the server's users are.
    pub(crate) fn nobody(&self) -> (&str, &str) {
        (&self.users.nobody.0, &self.users.nobody.1)
    }

    /// The user that a cluster's servers log in as at each other, and we at them.
    pub(crate) fn keeper(&self) -> (&str, &str) {
        self.users.keeper()
    }

    /// The server's place in a cluster, if it has one.
    pub(crate) fn member(&self) -> Option<&Member> {
        match &self.place {
            Place::Spawned(spawned) => spawned.member(),
            Place::Url(_) => None,
        }
    }

    /// Kills the server and starts it anew.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        self.spawned()?.restart().await
    }

    /// Kills the server until it is resumed.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        self.spawned()?.stop().await;
        Ok(())
    }

    /// Starts the server again, with what it knew of its cluster and without its data.
    pub(crate) async fn resume(&self) -> Result<(), Error> {
        self.spawned()?.resume().await
    }

    /// Whether the server runs, as far as can be known.
    pub(crate) fn is_running(&self) -> bool {
        match &self.place {
            Place::Spawned(spawned) => spawned.is_running(),
            Place::Url(_) => true,
        }
    }

    fn spawned(&self) -> Result<&Spawned, Error> {
        match &self.place {
            Place::Spawned(spawned) => Ok(spawned),
            Place::Url(_) => {
                Err(Error::Backend("was not started by the emulator, so it is left alone".into()))
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
