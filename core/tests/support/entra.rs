//! The emulator's Entra tenant, and its Redis beside it: they verify who asks, and know what they gave. And a server of
//! scripted answers, for those that no tenant gives.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use keyrotor_emulator::entra::{Application, EntraFaults, EntraRequest, ManagedIdentity};
use keyrotor_emulator::{Cloud, CloudConfig, Config, Emulator, Entra, EntraConfig, Service};

pub(crate) const TENANT: &str = "11111111-aaaa-bbbb-cccc-000000000001";
pub(crate) const CLIENT: &str = "22222222-aaaa-bbbb-cccc-000000000002";
pub(crate) const OBJECT: &str = "33333333-aaaa-bbbb-cccc-000000000003";
pub(crate) const SECRET: &str = "made-up+secret/with=signs";
/// The machine's own identity, and one that was assigned to it.
pub(crate) const SYSTEM: (&str, &str) =
    ("44444444-aaaa-bbbb-cccc-000000000004", "55555555-aaaa-bbbb-cccc-000000000005");
pub(crate) const ASSIGNED: (&str, &str) =
    ("66666666-aaaa-bbbb-cccc-000000000006", "77777777-aaaa-bbbb-cccc-000000000007");
pub(crate) const RESOURCE: &str = "/subscriptions/made-up/resourceGroups/g/providers/p/assigned";
pub(crate) const SCOPE: &str = "https://redis.azure.com/.default";
pub(crate) const KEY: &str = include_str!("../data/rsa-key-for-tests.pem");

/// A certificate of [`KEY`], valid between these two years.
pub(crate) fn certificate(from: i32, to: i32) -> rcgen::Certificate {
    let key = rcgen::KeyPair::from_pem(KEY).unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
    parameters.self_signed(&key).unwrap()
}

/// Secrets go to it in the clear, which loopback allows.
pub(crate) struct Tenant {
    cloud: Cloud,
    pub(crate) address: String,
}

impl Tenant {
    pub(crate) async fn start() -> Self {
        Self::of(tenant(None), CloudConfig::default()).await
    }

    /// Its clock runs on from `now`.
    pub(crate) async fn start_at(now: SystemTime) -> Self {
        Self::of(tenant(None), CloudConfig { clock: Some(now), ..CloudConfig::default() }).await
    }

    /// The application has registered this certificate.
    pub(crate) async fn with_certificate(now: Option<SystemTime>, certificate: &rcgen::Certificate) -> Self {
        Self::of(tenant(Some(certificate)), CloudConfig { clock: now, ..CloudConfig::default() }).await
    }

    /// Beside it, a Redis that lets the application and the machine in.
    pub(crate) async fn with_redis() -> Self {
        let cache = Config {
            service: Service::Azure,
            users: vec![OBJECT.into(), SYSTEM.1.into()],
            ..Config::default()
        };
        Self::of(tenant(None), CloudConfig { cache: Some(cache), ..CloudConfig::default() }).await
    }

    async fn of(entra: EntraConfig, rest: CloudConfig) -> Self {
        let cloud = Cloud::start(CloudConfig { entra: Some(entra), ..rest }).await.unwrap();
        let address = format!("http://{}", cloud.entra().unwrap().http_address());
        Self { cloud, address }
    }

    pub(crate) fn redis(&self) -> &Emulator {
        self.cloud.cache().unwrap()
    }

    pub(crate) fn ca(&self) -> Vec<u8> {
        std::fs::read(self.cloud.ca_path()).unwrap()
    }

    pub(crate) fn entra(&self) -> &Entra {
        self.cloud.entra().unwrap()
    }

    pub(crate) fn faults(&self) -> EntraFaults {
        self.entra().faults()
    }

    pub(crate) fn asked(&self) -> Vec<EntraRequest> {
        self.entra().requests()
    }

    /// The variables by which Microsoft's own tools find it.
    pub(crate) fn environment(&self, kind: &str) -> BTreeMap<&'static str, String> {
        self.entra().environments().remove(kind).unwrap()
    }

    /// What vouches for the application at the moment, as a platform would keep it in a file.
    pub(crate) fn assertion(&self) -> String {
        std::fs::read_to_string(self.entra().assertion_path().unwrap()).unwrap()
    }
}

fn tenant(certificate: Option<&rcgen::Certificate>) -> EntraConfig {
    let application = Application {
        client_id: CLIENT.into(),
        object_id: OBJECT.into(),
        secrets: vec![SECRET.into()],
        certificates: certificate.iter().map(|certificate| certificate.pem()).collect(),
        federated_subjects: vec!["system:serviceaccount:default:app".into()],
    };
    let identity =
        |(client, object): (&str, &str), system_assigned, resource_id: Option<&str>| ManagedIdentity {
            client_id: client.into(),
            object_id: object.into(),
            resource_id: resource_id.map(str::to_owned),
            system_assigned,
        };
    EntraConfig {
        tenant: TENANT.into(),
        applications: vec![application],
        managed_identities: vec![identity(SYSTEM, true, None), identity(ASSIGNED, false, Some(RESOURCE))],
        token_life: Some(Duration::from_secs(3600)),
        ..EntraConfig::default()
    }
}

/// Status, headers, body.
type Answer = (u16, Vec<(&'static str, String)>, String);

/// Gives each question the next answer of its script, and 500 after the last.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) address: String,
    script: Arc<Mutex<VecDeque<Answer>>>,
}

impl Scripted {
    /// Listens until the test's runtime ends.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let it = Self { address, script: Arc::default() };
        let serving = it.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let it = serving.clone();
                let service = hyper::service::service_fn(move |_| std::future::ready(it.answer()));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        it
    }

    pub(crate) fn next_answer(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.script.lock().unwrap().push_back((status, headers, body.to_owned()));
    }

    fn answer(&self) -> Result<Response<Full<Bytes>>, Infallible> {
        let next = self.script.lock().unwrap().pop_front();
        let (status, headers, body) = next.unwrap_or_else(|| (500, Vec::new(), "no answer left".to_owned()));
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::new(Bytes::from(body))).unwrap())
    }
}
