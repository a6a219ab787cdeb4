//! What the emulator adds to a call. One client (the redis crate's connection) asks a server through an emulator and
//! through a pipe that only ends TLS; both reach their servers over TCP. Then without TLS, and as the emulator does by
//! default: with a server of its own behind a Unix socket.

mod support;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, cmd};
use support::certificates::Certificates;
use support::clients::{Place, emulator, emulator_of};
use support::interleave::{Contender, Pace, median, nanoseconds};
use support::pipe::{Pipe, Sessions};
use support::report::Report;
use support::server::Server;
use support::{Outcome, now};
use tokio::runtime::{Builder, Runtime};

const LENGTH: usize = 100;

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let beside = Runtime::new()?;
    // An emulator takes its server's user over, so that each has its own.
    let (server, servers) = (Server::start()?, [Server::start()?, Server::start()?]);
    let pipe = Pipe::start(&beside, server.address, Sessions::Resumed, Certificates::new()?)?;
    let [with_tls, without] = [(false, &servers[0]), (true, &servers[1])]
        .map(|(plaintext, server)| emulator_of(&beside, plaintext, server));
    let (with_tls, without, usual) = (with_tls?, without?, emulator(&beside, false)?);
    let tls = runtime.block_on(connect(&Place::emulated(&with_tls, true)?))?;
    let piped = runtime.block_on(connect(&Place::piped(&pipe, &server)))?;
    let plain = runtime.block_on(connect(&Place::emulated(&without, false)?))?;
    let straight = runtime.block_on(connect(&Place::of(&server)))?;
    let default = runtime.block_on(connect(&Place::emulated(&usual, true)?))?;
    let mut report = Report::new("emulator", pace);
    report.compare(
        "GET of 100 bytes, one after the other, redis crate: p50 of a call",
        &mut [
            Contender::new("emulator, TLS", |calls| runtime.block_on(calls_of(tls.clone(), calls))),
            Contender::new("plain pipe, TLS", |calls| runtime.block_on(calls_of(piped.clone(), calls))),
            Contender::new("emulator, no TLS", |calls| runtime.block_on(calls_of(plain.clone(), calls))),
            Contender::new("straight, no TLS", |calls| runtime.block_on(calls_of(straight.clone(), calls))),
            Contender::new("emulator, TLS, own server", |calls| {
                runtime.block_on(calls_of(default.clone(), calls))
            }),
        ],
    )?;
    beside.block_on(async {
        with_tls.stop().await;
        without.stop().await;
        usual.stop().await;
    });
    report.write()
}

async fn connect(place: &Place) -> Outcome<MultiplexedConnection> {
    let mut connection = place.redis(AsyncConnectionConfig::new().set_response_timeout(None)).await?;
    connection.send_packed_command(cmd("SET").arg("key").arg("x".repeat(LENGTH))).await?;
    Ok(connection)
}

async fn calls_of(mut connection: MultiplexedConnection, calls: u64) -> Outcome<f64> {
    let mut get = cmd("GET");
    get.arg("key");
    let mut times = Vec::with_capacity(usize::try_from(calls)?);
    for _ in 0..calls {
        let start = now();
        connection.send_packed_command(&get).await?;
        times.push(nanoseconds(start.elapsed()));
    }
    Ok(median(&times))
}
