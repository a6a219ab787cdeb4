//! A real server on a free port, with one user, stopped at the end.

use std::fs::Permissions;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::certificates::Certificates;
use super::{Outcome, now};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
const START: Duration = Duration::from_secs(10);

/// Who may log in.
pub(crate) const USER: &str = "bench";

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Plain,
    Tls,
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// Of its one user. The server takes any other, too: tokens are passwords that it cannot check.
    pub(crate) password: String,
    /// The authority's certificate, in PEM, where TLS is spoken.
    pub(crate) ca: Option<String>,
    /// What the server reads while it starts.
    _files: Option<TempDir>,
}

impl Server {
    /// Without TLS.
    pub(crate) fn start() -> Outcome<Self> {
        Self::start_on(Wire::Plain)
    }

    pub(crate) fn start_on(wire: Wire) -> Outcome<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let password = format!("{:016x}", rand::random::<u64>());
        let (listens, ca, files) = listening(wire, address.port())?;
        let settings = format!(
            "bind 127.0.0.1\n{listens}save \"\"\nappendonly no\nuser default off\nuser {USER} on nopass ~* &* +@all\n"
        );
        let mut process = PROGRAMS
            .iter()
            .find_map(|program| command(program).ok()?.spawn().ok())
            .ok_or("neither redis-server nor valkey-server could be started")?;
        let input = process.stdin.take();
        let mut server = Self { process, address, password, ca, _files: files };
        input.ok_or("a server without an input")?.write_all(settings.as_bytes())?;
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> Outcome<()> {
        let start = now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the server ended at once (is it built without TLS?): {status}").into());
            }
            if start.elapsed() > START {
                return Err("the server did not come up".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The lines that say where a server listens, its authority, and the files that it wants for that.
fn listening(wire: Wire, port: u16) -> Outcome<(String, Option<String>, Option<TempDir>)> {
    if wire == Wire::Plain {
        return Ok((format!("port {port}\n"), None, None));
    }
    let certificates = Certificates::new()?;
    // The server has an account of its own.
    let files = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
    let (certificate, key) = (files.path().join("server.pem"), files.path().join("server.key"));
    std::fs::write(&certificate, certificates.certificate)?;
    std::fs::write(&key, certificates.key)?;
    let lines = format!(
        "port 0\ntls-port {port}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {0}\n\
         tls-auth-clients no\n",
        certificate.display(),
        key.display(),
    );
    Ok((lines, Some(certificates.ca), Some(files)))
}

/// The program, as an account without rights if we are root.
fn command(program: &str) -> Outcome<Command> {
    let mut command = Command::new(program);
    command.arg("-").current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // A file of ours has our owner.
    if tempfile::tempfile()?.metadata()?.uid() == 0 {
        let accounts = std::fs::read_to_string("/etc/passwd")?;
        let (uid, gid) = account(&accounts, "redis")
            .or_else(|| account(&accounts, "nobody"))
            .ok_or("no account to run a server as")?;
        command.uid(uid).gid(gid);
    }
    Ok(command)
}

fn account(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let ids = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_it.then_some(ids)
    })
}
