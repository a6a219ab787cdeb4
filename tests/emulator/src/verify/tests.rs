//! One test a check, its id in the name, and the drafts that they change.

mod form;
mod proof;
mod purpose;

use super::*;
use crate::config::AccessKey;
use std::time::UNIX_EPOCH;

pub(super) fn at(epoch: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(epoch)
}

const EPOCH: u64 = 1_749_990_896;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A token of which every part can be changed before it is signed.
struct Draft {
    host: String,
    signed_host: String,
    pairs: Vec<(String, String)>,
}

fn draft() -> Draft {
    let pairs = [
        ("Action", "connect"),
        ("User", "app"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKIDEXAMPLE/20250615/us-east-1/elasticache/aws4_request"),
        ("X-Amz-Date", "20250615T123456Z"),
        ("X-Amz-Expires", "900"),
        ("X-Amz-SignedHeaders", "host"),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Draft { host: "my-cluster".into(), signed_host: "my-cluster".into(), pairs }
}

impl Draft {
    fn with(mut self, name: &str, value: &str) -> Self {
        match self.pairs.iter_mut().find(|(other, _)| other == name) {
            Some(pair) => pair.1 = value.into(),
            None => self.pairs.push((name.into(), value.into())),
        }
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self
    }

    fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self.signed_host = host.into();
        self
    }

    /// The text, rightly signed for whatever it says.
    fn sign(&self) -> String {
        let value =
            |name: &str| self.pairs.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value);
        let credential: Vec<_> = value("X-Amz-Credential").split('/').chain([""; 5]).collect();
        let scope = sigv4::Scope { date: credential[1], region: credential[2], service: credential[3] };
        let query =
            sigv4::canonical_query(self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let canonical = sigv4::canonical_request(&self.signed_host, &query);
        let signature = sigv4::signature(SECRET, scope, value("X-Amz-Date"), &canonical);
        let text: Vec<_> =
            self.pairs.iter().map(|(name, value)| format!("{name}={}", sigv4::encode(value))).collect();
        format!("{}/?{}&X-Amz-Signature={signature}", self.host, text.join("&"))
    }
}

fn cache(service: Service, serverless: bool) -> Expected {
    let target = Target::Cache { service, serverless, cluster: "my-cluster".into(), user: "app".into() };
    Expected { region: "us-east-1".into(), target }
}

fn nodes() -> Expected {
    cache(Service::ElastiCache, false)
}

fn keys() -> Keyring {
    let key = |id: &str, session: Option<&str>| AccessKey {
        id: id.into(),
        secret: SECRET.into(),
        session_token: session.map(Into::into),
        expires: None,
    };
    [key("AKIDEXAMPLE", None), key("ASIDEXAMPLE", Some("se+ss/ion=="))].into_iter().collect()
}

fn judged(token: &str, epoch: u64, switches: &Switches) -> Option<Reason> {
    judge(token, &nodes(), &keys(), at(epoch), switches, &Lives::default()).refused
}

fn strict(token: &str) -> Option<Reason> {
    judged(token, EPOCH + 1, &Switches::default())
}

fn refused(draft: &Draft, reason: Reason) {
    assert_eq!(strict(&draft.sign()), Some(reason));
}

#[test]
fn a_right_token_is_accepted() {
    assert_eq!(strict(&draft().sign()), None);
}

#[test]
fn ids_are_unique_and_in_order() {
    assert_eq!((Reason::Malformed.id(), Reason::ExpiredKey.id()), ("E01", "E26"));
    assert_eq!(Reason::WrongCluster.to_string(), "wrong-cluster (E09)");
}

fn scoped(scope: &str) -> Draft {
    draft().with("X-Amz-Credential", scope)
}

#[test]
fn a_verdict_says_nothing_that_could_be_used_again() {
    let verdict =
        judge(&draft().sign(), &nodes(), &keys(), at(EPOCH), &Switches::default(), &Lives::default());
    assert_eq!(verdict.access_key.as_deref(), Some("AKIDEXAMPLE"));
    assert_eq!(verdict.date.as_deref(), Some("20250615T123456Z"));
    assert_eq!(verdict.signed_at(), Some(at(EPOCH)));
    assert_eq!(verdict.token_sha256.len(), 64);
    let odd = scoped("X-Amz-Signature=abc/20250615/us-east-1/elasticache/aws4_request").sign();
    let verdict = judge(&odd, &nodes(), &keys(), at(EPOCH), &Switches::default(), &Lives::default());
    assert_eq!(verdict.access_key, None);
}
