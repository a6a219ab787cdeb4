//! One more connection of a client that has been there, logged in over TLS, as a reconnect makes it: where the session is
//! resumed, and where hands are shaken in full, both through a pipe that ends TLS and counts. And how often the system's roots are read for it.

mod support;

use std::time::Duration;

use keyrotor::{Client, cmd};
use support::certificates::Certificates;
use support::clients::Place;
use support::interleave::{Contender, Pace, has_argument, median, nanoseconds};
use support::pipe::{Pipe, Sessions};
use support::process;
use support::report::{Report, Wanted};
use support::server::{Server, Wire};
use support::{Outcome, now};
use tokio::runtime::{Builder, Runtime};

const TIMEOUT: Duration = Duration::from_secs(10);
const RESUMED: Wanted = Wanted::TimeAtMost(0.85);
/// Of a process of its own: clients whose roots are the system's.
const BY_THE_SYSTEMS_ROOTS: &str = "by-the-systems-roots";
/// Where these are, for a process that says so.
const ROOTS: &str = "SSL_CERT_FILE";
const CLIENTS: usize = 100;

#[expect(clippy::print_stdout, reason = "what the process that started this one reads")]
fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    if has_argument(BY_THE_SYSTEMS_ROOTS) {
        println!("{}", runtime.block_on(connected_without_the_file())?);
        return Ok(());
    }
    let mut report = Report::new("reconnect", pace);
    handshakes(&mut report, &runtime, "RSA of 2,048 bits", Certificates::rsa)?;
    handshakes(&mut report, &runtime, "P-256", Certificates::new)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("roots.pem");
    let others = process::again(&[BY_THE_SYSTEMS_ROOTS], &[(ROOTS, file.as_os_str())])?;
    report.figures(
        "the system's roots, in one process",
        &[
            ("clients connected by them", CLIENTS as f64, ""),
            ("of these, after their file was taken away", others.parse()?, ""),
        ],
    );
    report.write()
}

/// What is spared depends on the server's key.
fn handshakes(
    report: &mut Report,
    runtime: &Runtime,
    key: &str,
    certificates: fn() -> Outcome<Certificates>,
) -> Outcome<()> {
    let (beside, server) = (Runtime::new()?, Server::start()?);
    let pipe = |sessions| Pipe::start(&beside, server.address, sessions, certificates()?);
    let (remembers, forgets) = (pipe(Sessions::Resumed)?, pipe(Sessions::Forgotten)?);
    let known = runtime.block_on(Place::piped(&remembers, &server).keyrotor(TIMEOUT))?;
    let stranger = runtime.block_on(Place::piped(&forgets, &server).keyrotor(TIMEOUT))?;
    report.compare_wanted(
        &format!("one more connection over TLS, the server's key {key}, logged in: p50"),
        &mut [
            Contender::new("session resumed", |times| runtime.block_on(connections(&known, times))),
            Contender::new("full handshake", |times| runtime.block_on(connections(&stranger, times))),
        ],
        RESUMED,
    )?;
    let [by_known, by_stranger] = [&remembers, &forgets].map(Pipe::handshakes);
    report.figures(
        &format!("what the servers with {key} saw"),
        &[
            ("handshakes with a server that resumes sessions", by_known.0 as f64, ""),
            ("of these, resumed by it", by_known.1 as f64, ""),
            ("handshakes with one that forgets them", by_stranger.0 as f64, ""),
            ("of these, resumed by that", by_stranger.1 as f64, ""),
        ],
    );
    Ok(())
}

/// A subscriber has a connection of its own, which is made as every other of the client.
async fn connections(client: &Client, count: u64) -> Outcome<f64> {
    let mut times = Vec::with_capacity(usize::try_from(count)?);
    for _ in 0..count {
        let start = now();
        let subscriber = client.subscriber().await?;
        times.push(nanoseconds(start.elapsed()));
        drop(subscriber);
    }
    Ok(median(&times))
}

/// How many clients connect by the system's roots after these were taken away.
async fn connected_without_the_file() -> Outcome<usize> {
    let file = std::env::var_os(ROOTS).ok_or("nobody said where the roots are")?;
    let server = Server::start_on(Wire::Tls)?;
    let ca = server.ca.as_ref().ok_or("a server without TLS")?;
    std::fs::write(&file, ca)?;
    let place = Place::of(&server).trusted_by_the_system();
    let mut clients = vec![place.keyrotor(TIMEOUT).await?];
    std::fs::remove_file(&file)?;
    for _ in 1..CLIENTS {
        clients.push(place.keyrotor(TIMEOUT).await?);
    }
    for client in &clients {
        client.execute(&cmd("PING")).await?;
    }
    Ok(clients.len() - 1)
}
