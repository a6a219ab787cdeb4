//! Whose keys sign: the fields that all AWS arms have in common.

use std::sync::Arc;

use keyrotor_proto::AccessKey;

use crate::callbacks::Callbacks;
use crate::config::{conflict, missing};
use crate::error::Result;
use crate::identity::Identity;
use crate::source::aws::{AwsKeys, KeyCache, Region, SharedCredentialsProvider, fixed_identity};

/// Where the keys come from, and the role that they assume.
pub(super) struct Signer {
    pub(super) profile: Option<String>,
    pub(super) access_key: Option<AccessKey>,
    pub(super) key_source: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) endpoint: Option<String>,
}

/// A provider that nobody has made yet, and what tells it from others.
struct Base {
    identity: Identity,
    make: Box<dyn FnOnce() -> SharedCredentialsProvider>,
}

impl Signer {
    pub(super) fn keys(self, region: &Region, callbacks: &Callbacks, path: &str) -> Result<Arc<KeyCache>> {
        self.refuse_conflicts(path)?;
        let Self { profile, access_key, key_source, role_arn, external_id, endpoint } = self;
        let given = access_key.map(|key| given_keys(key, path)).transpose()?;
        let base = match (given, key_source) {
            (Some(keys), _) if role_arn.is_none() => return Ok(KeyCache::fixed(keys)),
            (Some(keys), _) => Base {
                identity: fixed_identity(&keys),
                make: Box::new(move || SharedCredentialsProvider::new(keys)),
            },
            (None, Some(name)) => {
                let source = callbacks.keys(&name, &format!("{path}.key_source"))?;
                Base { identity: source.identity(), make: Box::new(move || source.provider()) }
            }
            (None, None) => chain(profile, region.explicit(), path)?,
        };
        match role_arn {
            Some(arn) => assumed(Assumption { arn, external_id, endpoint }, region.clone(), base, path),
            None => Ok(KeyCache::of(&base.identity, base.make)),
        }
    }

    fn refuse_conflicts(&self, path: &str) -> Result<()> {
        let both = |field: &str, other: &str| {
            Err(conflict(format!("{path}.{field}"), &format!("{other} is set too; set one of them")))
        };
        match (&self.access_key, &self.key_source, &self.profile) {
            (Some(_), _, Some(_)) => return both("profile", "access_key"),
            (Some(_), Some(_), _) => return both("key_source", "access_key"),
            (_, Some(_), Some(_)) => return both("profile", "key_source"),
            _ => {}
        }
        let of_the_role = [(&self.external_id, "external_id"), (&self.endpoint, "endpoint")];
        match of_the_role.iter().find(|(value, _)| value.is_some() && self.role_arn.is_none()) {
            Some((_, field)) => Err(conflict(
                format!("{path}.{field}"),
                "has no use without role_arn: set the role to assume, or leave it out",
            )),
            None => Ok(()),
        }
    }
}

fn given_keys(key: AccessKey, path: &str) -> Result<AwsKeys> {
    if key.access_key_id.is_empty() || key.secret_access_key.is_empty() {
        let advice = "set access_key_id and secret_access_key, or leave access_key out for the default chain";
        return Err(missing(format!("{path}.access_key"), advice));
    }
    let token = key.session_token.filter(|token| !token.is_empty());
    Ok(AwsKeys::new(key.access_key_id, key.secret_access_key, token, None, "access_key of the request"))
}

/// The role's fields of a request, not yet checked.
struct Assumption {
    arn: String,
    external_id: Option<String>,
    endpoint: Option<String>,
}

#[cfg(feature = "aws-chain")]
fn chain(profile: Option<String>, region: Option<String>, _path: &str) -> Result<Base> {
    let chain = crate::source::aws::Chain::new(profile, region);
    Ok(Base { identity: chain.identity(), make: Box::new(move || SharedCredentialsProvider::new(chain)) })
}

#[cfg(not(feature = "aws-chain"))]
fn chain(_profile: Option<String>, _region: Option<String>, path: &str) -> Result<Base> {
    Err(missing(format!("{path}.access_key"), "this build has no credential chain; hand over the keys here"))
}

#[cfg(feature = "aws-chain")]
fn assumed(asked: Assumption, region: Region, base: Base, path: &str) -> Result<Arc<KeyCache>> {
    use crate::config::invalid;
    use crate::source::aws::{Assumed, Role, may_be_asked};
    let Assumption { arn, external_id, endpoint } = asked;
    let is_role = arn.starts_with("arn:") && arn.contains(":role/") && !arn.contains(char::is_whitespace);
    if !is_role {
        let advice = "is not the ARN of a role, which looks like arn:aws:iam::123456789012:role/my-role";
        return Err(invalid(format!("{path}.role_arn"), advice));
    }
    if endpoint.as_deref().is_some_and(|endpoint| !may_be_asked(endpoint)) {
        let advice = "must be an https URL; plain http is for an address of this machine alone";
        return Err(invalid(format!("{path}.endpoint"), advice));
    }
    let role = Role { arn, external_id, endpoint };
    let identity = region.part_of(role.identity(&base.identity));
    Ok(KeyCache::of(&identity, || {
        SharedCredentialsProvider::new(Assumed { role, region, base: (base.make)() })
    }))
}

#[cfg(not(feature = "aws-chain"))]
fn assumed(asked: Assumption, _region: Region, _base: Base, path: &str) -> Result<Arc<KeyCache>> {
    drop((asked.arn, asked.external_id, asked.endpoint));
    let advice = "this build cannot ask STS; build keyrotor with the feature `aws-chain`";
    Err(crate::config::unsupported_here(format!("{path}.role_arn"), advice))
}
