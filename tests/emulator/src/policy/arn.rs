//! What a login asks of IAM: an action on some resources.

use crate::config::{Config, Service, User};
use std::collections::BTreeMap;

/// `Asked` is one question; IAM must say yes for each resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) action: &'static str,
    pub(crate) resources: Vec<Resource>,
}

/// `Resource` is what an action is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) arn: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Asked {
    /// A login to the cache: the cache and the user are asked for. ElastiCache's names stand behind colons,
    /// MemoryDB's behind slashes.
    pub(crate) fn connect(config: &Config, user: &User) -> Self {
        let (action, service, kind, separator) = match (config.service, config.serverless) {
            (Service::MemoryDb, _) => ("memorydb:Connect", "memorydb", "cluster", '/'),
            (Service::ElastiCache, true) => ("elasticache:Connect", "elasticache", "serverlesscache", ':'),
            // Azure knows no policies of IAM; nobody asks there.
            (Service::ElastiCache | Service::Azure, _) => {
                ("elasticache:Connect", "elasticache", "replicationgroup", ':')
            }
        };
        let (region, account) = (&config.region, &config.account);
        let start = format!("arn:{}:{service}:{region}:{account}:", partition(region));
        let resource = |kind: &str, name: &str, tags: &BTreeMap<_, _>| Resource {
            arn: format!("{start}{kind}{separator}{name}"),
            tags: tags.clone(),
        };
        let cache = resource(kind, &config.cluster, &config.tags);
        Self { action, resources: vec![cache, resource("user", &user.name, &user.tags)] }
    }

    /// An action on one resource of `service`, without tags.
    pub(crate) fn one(
        action: &'static str,
        service: &str,
        region: &str,
        account: &str,
        resource: &str,
    ) -> Self {
        let arn = format!("arn:{}:{service}:{region}:{account}:{resource}", partition(region));
        Self { action, resources: vec![Resource { arn, tags: BTreeMap::new() }] }
    }
}

/// The partition that a region is in.
fn partition(region: &str) -> &'static str {
    let starts = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")];
    starts.into_iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_behind_colons_or_slashes() {
        let config = |service, serverless, region: &str| Config {
            service,
            serverless,
            region: region.into(),
            cluster: "my-cluster".into(),
            ..Config::default()
        };
        for (config, action, arns) in [
            (
                config(Service::ElastiCache, false, "us-east-1"),
                "elasticache:Connect",
                [
                    "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:my-cluster",
                    "arn:aws:elasticache:us-east-1:123456789012:user:app",
                ],
            ),
            (
                config(Service::ElastiCache, true, "cn-north-1"),
                "elasticache:Connect",
                [
                    "arn:aws-cn:elasticache:cn-north-1:123456789012:serverlesscache:my-cluster",
                    "arn:aws-cn:elasticache:cn-north-1:123456789012:user:app",
                ],
            ),
            (
                config(Service::MemoryDb, false, "us-gov-west-1"),
                "memorydb:Connect",
                [
                    "arn:aws-us-gov:memorydb:us-gov-west-1:123456789012:cluster/my-cluster",
                    "arn:aws-us-gov:memorydb:us-gov-west-1:123456789012:user/app",
                ],
            ),
            (
                config(Service::MemoryDb, false, "eusc-de-east-1"),
                "memorydb:Connect",
                [
                    "arn:aws-eusc:memorydb:eusc-de-east-1:123456789012:cluster/my-cluster",
                    "arn:aws-eusc:memorydb:eusc-de-east-1:123456789012:user/app",
                ],
            ),
        ] {
            let asked = Asked::connect(&config, &User::from("app"));
            let found: Vec<_> = asked.resources.iter().map(|resource| resource.arn.as_str()).collect();
            assert_eq!((asked.action, found.as_slice()), (action, arns.as_slice()));
        }
    }
}
