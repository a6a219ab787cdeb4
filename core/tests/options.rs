//! Options of one call: its timeout, where it goes, and whether it may be sent twice.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keyrotor::host::{Hosting, attend};
use keyrotor::{
    Batch, CallOptions, Callbacks, Client, Cmd, Code, Error, Format, Routing, Script, Value, cmd,
};
use keyrotor_emulator::Emulator;
use serde_json::json;
use tokio::runtime::Handle;

/// Whoever waits for its calls: the runtime, or a thread of the host's that reads the connection itself.
#[derive(Clone, Copy, PartialEq)]
enum Driver {
    Runtime,
    Callers,
}

const DRIVERS: [Driver; 2] = [Driver::Runtime, Driver::Callers];

/// For what has to come before the end of a pause of the server's.
const PAUSE: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(30);

impl Driver {
    async fn client(self, emulator: &Emulator, patch: serde_json::Value) -> Client {
        let request = support::request(emulator, patch);
        let hosting = match self {
            Self::Runtime => Hosting::Runtime,
            Self::Callers => Hosting::Callers,
        };
        Client::hosted(request.to_string().as_bytes(), Format::Json, &Callbacks::new(), hosting)
            .await
            .unwrap()
    }

    /// On a thread of its own.
    fn start<T: Send + 'static>(
        self,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> JoinHandle<Result<T, Error>> {
        let runtime = Handle::current();
        thread::spawn(move || match self {
            Self::Runtime => runtime.block_on(call),
            Self::Callers => attend(call, || Ok::<(), Error>(()))?,
        })
    }

    fn execute(
        self,
        client: &Client,
        command: Cmd,
        options: CallOptions,
    ) -> JoinHandle<Result<Value, Error>> {
        let client = client.clone();
        self.start(async move { client.execute_with(&command, &options).await })
    }
}

async fn joined<T: Send + 'static>(thread: JoinHandle<T>) -> T {
    tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap()
}

fn command(text: &str) -> Cmd {
    let mut words = text.split(' ');
    let mut command = cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command
}

fn text(text: &str) -> Value {
    Value::BulkString(text.into())
}

fn within(timeout: Duration) -> CallOptions {
    CallOptions::new().timeout(timeout)
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The server answers nobody for a while.
async fn pause(client: &Client) {
    let pause = command(&format!("CLIENT PAUSE {} ALL", PAUSE.as_millis()));
    client.execute_with(&pause, &within(LONG)).await.unwrap();
}

async fn in_flight(client: &Client, count: u64) {
    until("a call is in flight", async || client.stats().in_flight == count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_each_call_has_the_time_that_it_is_given_and_no_other_calls_reply() {
    for driver in DRIVERS {
        let emulator = support::emulator(&[]).await;
        let client = driver.client(&emulator, json!({"requestTimeout": 300})).await;
        client.execute_with(&command("MSET long LONG short SHORT"), &within(LONG)).await.unwrap();
        pause(&client).await;
        let paused = Instant::now();
        let long = driver.execute(&client, command("GET long"), within(LONG));
        in_flight(&client, 1).await;
        // One that has longer is no reason for the others to wait.
        let usual = driver.execute(&client, command("GET short"), CallOptions::new());
        let short = driver.execute(&client, command("GET short"), within(Duration::from_millis(100)));
        for ended in [joined(usual).await, joined(short).await] {
            assert_eq!(ended.unwrap_err().code(), Code::RequestTimeout);
        }
        assert!(paused.elapsed() < PAUSE, "{:?}", paused.elapsed());
        assert_eq!(client.stats().in_flight, 1, "whoever gave up frees its place");
        assert_eq!(joined(long).await.unwrap(), text("LONG"));
        assert_eq!(
            joined(driver.execute(&client, command("GET short"), CallOptions::new())).await.unwrap(),
            text("SHORT")
        );
        assert_eq!((client.stats().reconnects, client.stats().failures), (0, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_what_may_run_twice_is_sent_again_after_a_drop_and_nothing_else_is() {
    let idempotent = CallOptions::new().idempotent();
    for driver in DRIVERS {
        let emulator = support::emulator(&[]).await;
        let client =
            driver.client(&emulator, json!({"requestTimeout": 20_000, "connectionTimeout": 20_000})).await;
        client.execute(&command("MSET key value other another")).await.unwrap();
        let mut batch = Batch::new();
        batch.add(command("GET key")).unwrap().add(command("GET other")).unwrap();
        let mut transaction = Batch::atomic();
        transaction.add(command("SET key value")).unwrap();
        let script = Script::new("return redis.call('GET', KEYS[1])");

        pause(&client).await;
        let cut = driver.execute(&client, command("INCR counter"), CallOptions::new());
        let again = driver.execute(&client, command("GET key"), idempotent.clone());
        let batched = |batch: Batch| {
            let (client, options) = (client.clone(), idempotent.clone());
            driver.start(async move { client.execute_batch_with(&batch, &options).await })
        };
        let (batch, transaction) = (batched(batch), batched(transaction));
        let scripted = {
            let (client, options) = (client.clone(), idempotent.clone());
            driver.start(
                async move { client.execute_script_with(&script, &["other"], &["x"; 0], &options).await },
            )
        };
        in_flight(&client, 5).await;
        emulator.faults().kill(None);
        assert_eq!(joined(cut).await.unwrap_err().code(), Code::NetworkDisconnected);
        assert_eq!(joined(again).await.unwrap(), text("value"));
        assert_eq!(joined(scripted).await.unwrap(), text("another"));
        let replies: Vec<_> = joined(batch).await.unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!(replies, [text("value"), text("another")]);
        assert_eq!(joined(transaction).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_command_that_waits_ends_with_its_timeout_and_is_sent_again_where_it_may_be() {
    for driver in DRIVERS {
        let emulator = support::emulator(&[]).await;
        let client = driver.client(&emulator, json!({})).await;
        let start = Instant::now();
        let late = driver.execute(&client, command("BLPOP queue 0"), within(Duration::from_millis(200)));
        assert_eq!(joined(late).await.unwrap_err().code(), Code::RequestTimeout);
        assert!(start.elapsed() < LONG);
        let is_alone = async || {
            let info = client.execute(&command("INFO clients")).await.unwrap();
            format!("{info:?}").contains("blocked_clients:0")
        };
        until("nobody waits at the server any more", is_alone).await;
        client.execute(&command("RPUSH queue job")).await.unwrap();
        assert_eq!(client.execute(&command("LPOP queue")).await.unwrap(), text("job"));

        let options = within(LONG).idempotent();
        let reading = driver.execute(&client, command("XREAD BLOCK 0 STREAMS stream 0"), options);
        let is_waiting = async || {
            let info = client.execute(&command("INFO clients")).await.unwrap();
            format!("{info:?}").contains("blocked_clients:1")
        };
        until("it waits at the server", is_waiting).await;
        let reconnects = client.stats().reconnects;
        emulator.faults().kill(None);
        let is_back =
            async || client.stats().reconnects > reconnects && client.execute(&command("PING")).await.is_ok();
        until("the client is back", is_back).await;
        client.execute(&command("XADD stream 1-1 field value")).await.unwrap();
        assert_ne!(joined(reading).await.unwrap(), Value::Nil);

        // Without a timeout it has the time that it says itself, and not the request's.
        let request = json!({"requestTimeout": 500});
        let brief = driver.client(&emulator, request).await;
        let waiting = driver.execute(&brief, command("BLPOP queue 0"), CallOptions::new().idempotent());
        until("it waits at the server", is_waiting).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let reconnects = client.stats().reconnects;
        emulator.faults().kill(None);
        let is_back =
            async || client.stats().reconnects > reconnects && client.execute(&command("PING")).await.is_ok();
        until("the client is back", is_back).await;
        client.execute(&command("RPUSH queue late")).await.unwrap();
        assert_ne!(joined(waiting).await.unwrap(), Value::Nil);
    }
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let refused =
        async |command: Cmd, options| client.execute_with(&command, &options).await.unwrap_err().code();
    assert_eq!(refused(command("PING"), within(Duration::ZERO)).await, Code::ArgumentInvalid);
    let elsewhere = Routing::Address { host: "elsewhere".to_owned(), port: 1 };
    assert_eq!(refused(command("PING"), CallOptions::new().routing(elsewhere)).await, Code::ArgumentInvalid);
    let anywhere = CallOptions::new().routing(Routing::Random);
    assert_eq!(refused(command("BLPOP queue 0"), anywhere.clone()).await, Code::CommandUnsupported);
    assert_eq!(client.execute_with(&command("ECHO x"), &anywhere).await.unwrap(), text("x"));
    assert_eq!(client.execute_with(&command("ECHO x"), &within(Duration::MAX)).await.unwrap(), text("x"));
}
