//! IAM policies: who may connect as which user to which cache.
//!
//! A token proves who signed it; a policy says what the signer may do. The services ask for `elasticache:Connect` (or
//! `memorydb:Connect`) on the cache **and** on the user, and refuse with the same WRONGPASS as for a bad token.
//!
//! Without policies everything is allowed. With any, even an empty list, IAM's rules hold: an explicit `Deny` wins,
//! and what no statement allows is refused. A policy that is taken away cuts no connection: only later logins meet it.
//!
//! Understood are `Effect`, `Action`, `NotAction`, `Resource`, `NotResource` and `Condition` with the operators
//! `StringEquals`, `StringNotEquals`, `StringEqualsIgnoreCase`, `StringLike`, `StringNotLike`, and `Date…` and
//! `Numeric…` comparisons, each also with `IfExists`, over the keys `aws:CurrentTime`, `aws:EpochTime`,
//! `aws:RequestedRegion` and `aws:ResourceTag/…`. Whatever else a document says is refused by name at the start, so
//! that none is taken for one that works. The services themselves know `aws:CurrentTime` and `aws:EpochTime` for
//! serverless caches only.

mod arn;
mod attached;
mod condition;
mod document;
mod pattern;

pub(crate) use arn::Asked;
pub use attached::Policy;
pub(crate) use condition::Context;
pub use document::Document;

use std::sync::{PoisonError, RwLock};

/// `Policies` are those in force. They can be replaced at any time.
#[derive(Debug, Default)]
pub(crate) struct Policies(RwLock<Option<Vec<Policy>>>);

impl Policies {
    pub(crate) fn new(policies: Option<Vec<Policy>>) -> Self {
        Self(RwLock::new(policies))
    }

    /// Puts others in force; `None` allows everything.
    pub(crate) fn replace(&self, policies: Option<Vec<Policy>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Whether the holder of an access key may do what it asks, on every resource of it.
    pub(crate) fn permit(&self, key: &str, asked: &Asked, context: &Context<'_>) -> bool {
        let policies = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(policies) = policies.as_deref() else { return true };
        let statements =
            || policies.iter().filter(|policy| policy.holds_for(key)).flat_map(Policy::statements);
        asked.resources.iter().all(|resource| {
            let covers = |effect| {
                statements().any(|one| one.effect == effect && one.covers(asked.action, resource, context))
            };
            !covers(document::Effect::Deny) && covers(document::Effect::Allow)
        })
    }
}

#[cfg(test)]
mod tests;
