//! The emulator's credential endpoints: they verify who asks, and know what they gave.

use std::collections::BTreeMap;
use std::time::SystemTime;

use keyrotor_emulator::credentials::{Asked, Config, Credentials, Endpoint, Faults, Provider, Role};
use keyrotor_emulator::{AccessKey, Cloud, CloudConfig};

/// The key that may assume roles.
pub(crate) const KEY: (&str, &str) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// A role that anybody with a key may assume.
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/cache-user";
/// One that wants an external id.
pub(crate) const TENANT_ROLE: &str = "arn:aws:iam::123456789012:role/tenant";
pub(crate) const EXTERNAL_ID: &str = "tenant-7";

/// Of somebody who has signed in at the SSO portal.
pub(crate) const SSO_TOKEN: &str = "sso-access-token";

pub(crate) struct Keys(Cloud);

impl Keys {
    pub(crate) async fn start(region: &str) -> Self {
        Self::start_at(region, None).await
    }

    /// With a clock of its own.
    pub(crate) async fn start_at(region: &str, clock: Option<SystemTime>) -> Self {
        let role = |name: &str, external_id: Option<&str>| Role {
            name: name.to_owned(),
            external_id: external_id.map(str::to_owned),
            ..Role::default()
        };
        let credentials = Config {
            region: region.to_owned(),
            roles: vec![role("cache-user", None), role("tenant", Some(EXTERNAL_ID))],
            sso_token: Some(SSO_TOKEN.to_owned()),
            ..Config::default()
        };
        let key = AccessKey { id: KEY.0.to_owned(), secret: KEY.1.to_owned(), ..AccessKey::default() };
        let config =
            CloudConfig { clock, keys: vec![key], credentials: Some(credentials), ..CloudConfig::default() };
        Self(Cloud::start(config).await.unwrap())
    }

    fn credentials(&self) -> &Credentials {
        self.0.credentials().unwrap()
    }

    /// Of STS, and of the SSO portal.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.credentials().address())
    }

    pub(crate) fn faults(&self) -> Faults {
        self.credentials().faults()
    }

    /// By which the SDK's chain finds keys here.
    pub(crate) fn environment(&self, provider: Provider) -> BTreeMap<&'static str, String> {
        self.credentials().environment(provider)
    }

    /// What this endpoint was asked.
    pub(crate) fn asked(&self, endpoint: Endpoint) -> Vec<Asked> {
        self.credentials().record().into_iter().filter(|asked| asked.endpoint == endpoint).collect()
    }
}
