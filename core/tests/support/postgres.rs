//! A PostgreSQL of one test: over TLS it wants a password in clear text, as RDS wants a token; over its socket it trusts
//! everybody, for the test itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use deadpool_postgres::tokio_postgres::{Client, Config, NoTls};
use tempfile::TempDir;

/// What pg_hba.conf lets in.
const RULES: &str = "local all all trust\nhostssl all all 127.0.0.1/32 password\n";

pub(crate) struct Postgres {
    pub(crate) port: u16,
    /// The authority that signed the server's certificate.
    pub(crate) authority: String,
    folder: TempDir,
    server: Child,
}

impl Postgres {
    /// A new server with the role `app`, which has no password yet.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("keyrotor-pg-").tempdir_in("/tmp").unwrap();
        let account = unprivileged(folder.path());
        own(folder.path(), account);
        let data = folder.path().join("data");
        let mut initdb = command("initdb", account);
        initdb.args(["--no-sync", "--auth=trust", "--username=owner", "-D"]).arg(&data);
        let made = initdb.stdout(Stdio::null()).status().unwrap();
        assert!(made.success(), "initdb failed");
        fs::write(data.join("pg_hba.conf"), RULES).unwrap();
        let authority = certify(&data, account);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = command("postgres", account);
        let sockets = format!("unix_socket_directories={}", folder.path().display());
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-F"]);
        server.args(["-c", "ssl=on", "-c", &sockets, "-c", "log_min_messages=fatal"]);
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let it = Self { port, authority, folder, server };
        it.run("CREATE ROLE app LOGIN").await;
        it
    }

    /// How a client reaches it. Its user is not the one that may log in.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .host("localhost")
            .hostaddr([127, 0, 0, 1].into())
            .port(self.port)
            .user("nobody")
            .dbname("postgres");
        config
    }

    /// From now on `app` logs in with this alone.
    pub(crate) async fn password(&self, password: &str) {
        self.run(&format!("ALTER ROLE app PASSWORD '{password}'")).await;
    }

    /// As the owner, once the server is up.
    async fn run(&self, sql: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let client = loop {
            match self.owner().await {
                Some(client) => break client,
                None => assert!(Instant::now() < deadline, "PostgreSQL does not come up"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        client.batch_execute(sql).await.unwrap();
    }

    async fn owner(&self) -> Option<Client> {
        let mut config = Config::new();
        config.host_path(self.folder.path()).port(self.port).user("owner").dbname("postgres");
        let (client, connection) = config.connect(NoTls).await.ok()?;
        tokio::spawn(connection);
        Some(client)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The postmaster takes its children along, unless it is killed outright.
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// The newest of the installed versions; Debian keeps them off the path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

fn command(name: &str, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program(name));
    command.env("LC_ALL", "C").current_dir("/");
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

/// PostgreSQL does not run as root: somebody else then. Whoever owns a folder of ours is us.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    if fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let mut fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let nobody = fields.find(|fields| fields.first() == Some(&"nobody")).unwrap();
    Some((nobody[2].parse().unwrap(), nobody[3].parse().unwrap()))
}

fn own(path: &Path, account: Option<(u32, u32)>) {
    if let Some((user, group)) = account {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// A certificate for `localhost`, where the server looks for it.
fn certify(data: &Path, account: Option<(u32, u32)>) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = data.join(name);
        fs::write(&path, pem).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        own(&path, account);
    }
    certificate.pem()
}
