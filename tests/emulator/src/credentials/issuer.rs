//! Makes keys, gives them to the ring, and knows whose they are.

use super::endpoint::Endpoint;
use crate::config::AccessKey;
use crate::date;
use crate::random::{Random, letters};
use crate::shared::Shared;
use ring::digest;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How real tokens begin.
const TOKEN_START: &str = "IQoJb3JpZ2luX2VjEXAMPLE";
/// Makes tokens of about 900 characters, with the padding that clients must escape.
const TOKEN_BYTES: usize = 655;
/// How long an expired key is still known as expired, not as unknown.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// `Identity` is who signs with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) arn: String,
    pub(super) user_id: String,
    /// Whether the key came from one of the endpoints: a role that is assumed with it is chained.
    pub(super) temporary: bool,
}

impl Identity {
    /// A session of a role.
    pub(super) fn session(account: &str, role: &str, session: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, role.as_bytes());
        let id = letters(digest.as_ref().get(..10).unwrap_or_default());
        Self {
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            user_id: format!("AROAEXAMPLE{id}:{session}"),
            temporary: true,
        }
    }

    /// The user of a key that the configuration brought.
    fn user(account: &str, key: &str) -> Self {
        Self { arn: format!("arn:aws:iam::{account}:user/{key}"), user_id: key.into(), temporary: false }
    }
}

/// `Issued` is a key that was handed out.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) key: AccessKey,
    pub(super) identity: Identity,
    pub(super) issued: SystemTime,
    /// When it really ends.
    pub(super) expires: SystemTime,
}

impl Issued {
    /// Whether it is time for the next one: real ones come at least five minutes before the end, here after three
    /// quarters of the life, so that it holds for short lives too.
    fn is_due(&self, now: SystemTime) -> bool {
        let life = self.expires.duration_since(self.issued).unwrap_or_default();
        self.expires.duration_since(now).unwrap_or_default() < life / 4
    }
}

/// `Issuer` is shared by all endpoints.
pub(super) struct Issuer {
    shared: Shared,
    random: Arc<Random>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    issued: BTreeMap<String, (Endpoint, Issued)>,
    /// What the machine's endpoints give until it is due.
    current: BTreeMap<Endpoint, String>,
}

impl Issuer {
    pub(super) fn new(shared: Shared, random: Arc<Random>) -> Self {
        Self { shared, random, book: Mutex::default() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a key that counts from now on.
    pub(super) fn issue(&self, endpoint: Endpoint, identity: Identity, life: Duration) -> Issued {
        self.issue_in(&mut self.book(), endpoint, identity, life)
    }

    fn issue_in(&self, book: &mut Book, endpoint: Endpoint, identity: Identity, life: Duration) -> Issued {
        let now = self.shared.clock.now();
        let expires = date::whole_second(now + life);
        let key = AccessKey {
            id: format!("ASIAEXAMPLE{}", self.random.letters(9)),
            secret: self.random.base64(30),
            session_token: Some(format!("{TOKEN_START}{}", self.random.base64(TOKEN_BYTES))),
            expires: Some(expires),
        };
        self.forget(book, now);
        self.shared.keys.add(key.clone());
        let issued = Issued { key, identity, issued: now, expires };
        book.issued.insert(issued.key.id.clone(), (endpoint, issued.clone()));
        issued
    }

    /// The key that the machine's endpoint gives now: the same until it is due.
    pub(super) fn current(&self, endpoint: Endpoint, identity: Identity, life: Duration) -> Issued {
        let now = self.shared.clock.now();
        let mut book = self.book();
        let current = book.current.get(&endpoint).and_then(|id| book.issued.get(id));
        if let Some((_, issued)) = current.filter(|(_, issued)| !issued.is_due(now)) {
            return issued.clone();
        }
        let issued = self.issue_in(&mut book, endpoint, identity, life);
        book.current.insert(endpoint, issued.key.id.clone());
        issued
    }

    /// The next key of the machine's endpoint is a new one; the one before stays good.
    pub(super) fn renew(&self, endpoint: Endpoint) {
        self.book().current.remove(&endpoint);
    }

    /// Takes away all keys that the endpoint has handed out. Returns how many still counted.
    pub(super) fn revoke(&self, endpoint: Endpoint) -> usize {
        let now = self.shared.clock.now();
        let mut book = self.book();
        book.current.remove(&endpoint);
        let mut revoked = 0;
        book.issued.retain(|id, (of, issued)| {
            if *of != endpoint {
                return true;
            }
            revoked += usize::from(self.shared.keys.revoke(id) && issued.expires > now);
            false
        });
        revoked
    }

    /// Whose key this is.
    pub(super) fn identity(&self, account: &str, key: &str) -> Identity {
        let book = self.book();
        let issued = book.issued.get(key).map(|(_, issued)| issued.identity.clone());
        issued.unwrap_or_else(|| Identity::user(account, key))
    }

    fn forget(&self, book: &mut Book, now: SystemTime) {
        book.issued.retain(|id, (_, issued)| {
            let kept = issued.expires + REMEMBERED >= now;
            if !kept {
                self.shared.keys.revoke(id);
            }
            kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;

    fn issuer(keys: &Keyring) -> Issuer {
        let shared = Shared::new(None, keys.clone()).expect("a certificate");
        Issuer::new(shared, Arc::new(Random::new().expect("a seed")))
    }

    fn identity() -> Identity {
        Identity::session("123456789012", "app-role", "session")
    }

    #[test]
    fn the_machines_key_stays_until_it_is_due() {
        let keys = Keyring::default();
        let issuer = issuer(&keys);
        let current = |life| issuer.current(Endpoint::Imds, identity(), Duration::from_secs(life));
        let first = current(3600);
        assert_eq!(current(3600).key, first.key);
        let soon = first.expires - Duration::from_secs(901);
        assert!(!first.is_due(soon) && first.is_due(soon + Duration::from_secs(2)));
        issuer.renew(Endpoint::Imds);
        assert_ne!(current(3600).key, first.key);
        assert_eq!(keys.find(&first.key.id), Some(first.key), "good to its end");
    }

    #[test]
    fn revoked_keys_count_no_longer() {
        let keys = Keyring::default();
        let issuer = issuer(&keys);
        let [imds, sts] = [Endpoint::Imds, Endpoint::Sts]
            .map(|endpoint| issuer.issue(endpoint, identity(), Duration::from_secs(60)).key.id);
        assert!(issuer.identity("123456789012", &imds).temporary);
        assert_eq!(issuer.revoke(Endpoint::Imds), 1);
        assert_eq!(issuer.revoke(Endpoint::Imds), 0);
        assert!(keys.find(&imds).is_none() && keys.find(&sts).is_some());
        assert!(!issuer.identity("123456789012", &imds).temporary, "nobody's that is known");
    }
}
