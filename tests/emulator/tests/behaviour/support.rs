//! What the tests share: a configuration, a signer, a client.

mod aws;
mod client;
mod servers;
mod sign;

pub(crate) use aws::aws_token;
pub(crate) use client::{Client, Value, encode};
pub(crate) use servers::SERVERS;
pub(crate) use sign::{Draft, token_hash};

use keyrotor_emulator::{AccessKey, Config, Emulator, Record};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) const WRONGPASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";
pub(crate) const NOAUTH: &str = "NOAUTH Authentication required.";

/// 2025-06-15T12:34:56Z, where the judging clock starts in most tests.
pub(crate) const EPOCH: u64 = 1_749_990_896;

pub(crate) fn config() -> Config {
    let key = |id: &str, session: Option<&str>| AccessKey {
        id: id.into(),
        secret: sign::SECRET.into(),
        session_token: session.map(Into::into),
        expires: None,
    };
    Config {
        cluster: "my-cluster".into(),
        region: "us-east-1".into(),
        users: vec!["app".into(), "other".into()],
        keys: vec![key("AKIDEXAMPLE", None), key("ASIDEXAMPLE", Some("se+ss/ion=="))],
        clock: Some(UNIX_EPOCH + Duration::from_secs(EPOCH)),
        ..Config::default()
    }
}

pub(crate) async fn start(config: Config) -> Emulator {
    Emulator::start(config).await.expect("an emulator")
}

/// An emulator with a client that has logged in as `app` with the token of second 0.
pub(crate) async fn logged_in(config: Config) -> (Emulator, Client) {
    let emulator = start(config).await;
    let mut client = Client::connect(&emulator).await;
    client.login(0).await;
    (emulator, client)
}

/// Waits until the record says something, at most a few seconds.
pub(crate) async fn until(emulator: &Emulator, holds: impl Fn(&Record) -> bool) -> Record {
    for _ in 0..300 {
        let record = emulator.record();
        if holds(&record) {
            return record;
        }
        wait(10).await;
    }
    panic!("never seen: {:#?}", emulator.record())
}

#[expect(clippy::disallowed_methods, reason = "the emulator under test runs in real time")]
pub(crate) async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
