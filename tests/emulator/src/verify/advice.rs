//! What to do about a refused token.

use super::{Expected, Reason, Target};
use crate::config::Service;

impl Expected {
    /// The next step for whoever made a token that was refused for this reason. It names what is expected.
    #[must_use]
    pub fn advice(&self, reason: Reason) -> String {
        match reason {
            Reason::WrongUser => format!("sign for the user that logs in, {}", self.user()),
            Reason::WrongCluster => self.name_advice(),
            Reason::ResourceType if self.is_serverless() => {
                "a serverless cache wants ResourceType=ServerlessCache".to_owned()
            }
            Reason::ResourceType => "only a serverless cache's tokens carry ResourceType".to_owned(),
            Reason::WrongRegion => format!("sign for the region `{}`", self.region),
            Reason::WrongService => format!("sign for the service `{}`", self.service()),
            Reason::WrongAction => {
                "the action is `connect` (of DSQL: DbConnect or DbConnectAdmin)".to_owned()
            }
            other => fixed(other).to_owned(),
        }
    }

    fn name_advice(&self) -> String {
        match &self.target {
            Target::Cache { cluster, .. } => {
                format!("sign for `{cluster}`, the cache's name in lower case, not its endpoint")
            }
            Target::Rds { host, port, .. } => format!("sign for `{host}:{port}`, no alias of it"),
            Target::Dsql { host, .. } => format!("sign for `{host}`"),
        }
    }

    fn user(&self) -> String {
        match &self.target {
            Target::Cache { user, .. } | Target::Rds { user, .. } => format!("`{user}`"),
            Target::Dsql { action, .. } => format!("by the action `{action}`"),
        }
    }

    fn is_serverless(&self) -> bool {
        matches!(self.target, Target::Cache { serverless: true, .. })
    }

    fn service(&self) -> &'static str {
        match self.target {
            Target::Cache { service: Service::ElastiCache, .. } => "elasticache",
            Target::Cache { service: Service::MemoryDb, .. } => "memorydb",
            // Its tokens are not signed requests.
            Target::Cache { service: Service::Azure, .. } => "redis",
            Target::Rds { .. } => "rds-db",
            Target::Dsql { .. } => "dsql",
        }
    }
}

/// The reasons whose advice depends on nothing.
fn fixed(reason: Reason) -> &'static str {
    match reason {
        Reason::Malformed => "this is no login token (`keyrotor explain-token` reads one)",
        Reason::UnknownKey => "sign with an access key that is set up here (--access-key, `keys`)",
        Reason::SessionToken => {
            "a temporary key's tokens carry its session token, a lasting key's carry none"
        }
        Reason::Signature => "the secret of this access key is another one, or the token was changed",
        Reason::Expires => "X-Amz-Expires is 900 for caches and RDS",
        Reason::Future => "the signer's clock is ahead",
        Reason::Expired => "log in with a newer token; is the signer told the life that is set here?",
        Reason::UnknownUser => {
            "set the user up here (--user, `users`), or log in as one that is; it may be out of the user group"
        }
        Reason::ExpiredKey => "sign with newer keys",
        Reason::NotAuthorized => {
            "the key's policies (`policies`) must allow to connect, on the cache and on the user"
        }
        _ => "the signer is not AWS's; `keyrotor explain-token` says what is odd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(serverless: bool) -> Expected {
        let target = Target::Cache {
            service: Service::ElastiCache,
            serverless,
            cluster: "my-cluster".into(),
            user: "app".into(),
        };
        Expected { region: "us-east-1".into(), target }
    }

    #[test]
    fn advice_names_what_is_expected() {
        for (reason, part) in [
            (Reason::WrongCluster, "my-cluster"),
            (Reason::WrongUser, "`app`"),
            (Reason::WrongRegion, "us-east-1"),
            (Reason::WrongService, "elasticache"),
            (Reason::Expired, "newer"),
            (Reason::Escapes, "explain-token"),
        ] {
            let advice = expected(false).advice(reason);
            assert!(advice.contains(part), "{reason}: {advice}");
        }
        assert_ne!(expected(true).advice(Reason::ResourceType), expected(false).advice(Reason::ResourceType));
    }
}
