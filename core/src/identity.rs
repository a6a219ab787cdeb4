//! What makes two sources the same.

use std::fmt::{self, Write};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// What makes two sources the same: managers whose sources have equal identities share one fetch and one cached
/// credential within a process.
///
/// It has to name everything that decides which secret comes out: kind of source, service, resource, user, region,
/// endpoint, and whose keys sign. Secrets go in as a hash that is keyed anew in each process.
///
/// ```
/// use keyrotor::Identity;
///
/// let of = |role: &str| Identity::of("vault").and("role", role).and_secret("token", "s.12345");
/// assert_eq!(of("reader"), of("reader"));
/// assert_ne!(of("reader"), of("writer"));
/// assert!(!format!("{:?}", of("reader")).contains("12345"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity(String);

impl Identity {
    /// Of a source of this kind.
    pub fn of(kind: &str) -> Self {
        Self(String::new()).and("kind", kind)
    }

    /// One more thing that tells it from others.
    #[must_use]
    pub fn and(mut self, name: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        // Lengths keep `a=1` `b=2` from being `a=1;b=2`. Writing to a string cannot fail.
        let _ = write!(self.0, "{name}={}:{value};", value.len());
        self
    }

    /// The same where there is something to tell; unset and empty are two things.
    #[must_use]
    pub fn and_maybe(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.and(name, value),
            None => self,
        }
    }

    /// One more thing that nobody may read.
    #[must_use]
    pub fn and_secret(self, name: &str, secret: impl AsRef<[u8]>) -> Self {
        static KEYS: OnceLock<[RandomState; 2]> = OnceLock::new();
        let keys = KEYS.get_or_init(Default::default);
        let [one, other] = keys.each_ref().map(|key| key.hash_one(secret.as_ref()));
        self.and(name, format_args!("{one:016x}{other:016x}"))
    }

    /// Everything that tells another one from others, as where its keys sign for this.
    #[must_use]
    pub fn and_that_of(self, name: &str, other: &Self) -> Self {
        self.and(name, &other.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t05_values_cannot_pose_as_names() {
        let honest = Identity::of("x").and("a", "1").and("b", "2");
        let posing = Identity::of("x").and("a", "1;b=1:2");
        assert_ne!(honest, posing);
        assert_ne!(
            Identity::of("x").and_maybe("a", Some("")),
            Identity::of("x").and_maybe("a", None::<&str>)
        );
    }

    #[test]
    fn t05_t17_secrets_tell_apart_and_are_not_shown() {
        let of = |secret: &str| Identity::of("x").and_secret("key", secret);
        assert_eq!(of("one-secret"), of("one-secret"));
        assert_ne!(of("one-secret"), of("other-secret"));
        assert!(!format!("{:?}", of("one-secret")).contains("one-secret"));
    }
}
