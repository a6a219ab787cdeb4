//! What the tests share: a front, a signer, a client that sends bytes.

mod client;
mod sign;

pub(crate) use client::{Client, Message, password, startup};
pub(crate) use sign::{dsql_token, token};

use keyrotor_emulator::rds::{DsqlConfig, Rds, RdsConfig, Record};
use keyrotor_emulator::{AccessKey, Cloud, CloudConfig};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) const REGION: &str = "eu-west-1";
/// 2025-06-15T12:34:56Z, where the judging clock starts.
const EPOCH: u64 = 1_749_990_896;

pub(crate) fn config() -> RdsConfig {
    RdsConfig {
        host: "db.example.com".into(),
        port: Some(5432),
        region: REGION.into(),
        users: vec!["app".into()],
        passwords: [("legacy".to_owned(), "it's secret".to_owned())].into(),
        ..RdsConfig::default()
    }
}

pub(crate) async fn cloud(rds: Option<RdsConfig>, dsql: Option<DsqlConfig>) -> Cloud {
    let key = AccessKey { id: "AKIDEXAMPLE".into(), secret: sign::SECRET.into(), ..AccessKey::default() };
    let clock = Some(UNIX_EPOCH + Duration::from_secs(EPOCH));
    let config = CloudConfig { clock, keys: vec![key], rds, dsql, ..CloudConfig::default() };
    Cloud::start(config).await.expect("a cloud")
}

pub(crate) async fn rds() -> Cloud {
    cloud(Some(config()), None).await
}

pub(crate) fn front(cloud: &Cloud) -> &Rds {
    cloud.rds().or_else(|| cloud.dsql()).or_else(|| cloud.azure_postgres()).expect("a front")
}

/// Waits until the record says something, at most some seconds.
pub(crate) async fn until(cloud: &Cloud, holds: impl Fn(&Record) -> bool) -> Record {
    for _ in 0..1000 {
        let record = front(cloud).record();
        if holds(&record) {
            return record;
        }
        wait(20).await;
    }
    panic!("never seen: {:#?}", front(cloud).record())
}

#[expect(clippy::disallowed_methods, reason = "the front under test runs in real time")]
pub(crate) async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
