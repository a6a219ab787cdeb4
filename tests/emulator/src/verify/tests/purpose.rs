//! E07 to E17: what a token is for, and whose it is.

use super::*;

#[test]
fn e07_action() {
    refused(&draft().with("Action", "Connect"), Reason::WrongAction);
    refused(&draft().with("Action", "DescribeUsers"), Reason::WrongAction);
}

#[test]
fn e08_user() {
    refused(&draft().with("User", "other"), Reason::WrongUser);
    refused(&draft().with("User", "App"), Reason::WrongUser);
    refused(&draft().with("User", ""), Reason::WrongUser);
}

#[test]
fn e09_cluster() {
    for host in ["my-cluster2", "my-cluster.abc.use1.cache.amazonaws.com", "my-cluster:6379"] {
        refused(&draft().host(host), Reason::WrongCluster);
    }
    let mut capitals = draft();
    capitals.host = "My-Cluster".into();
    refused(&capitals, Reason::WrongCluster);
    let switches = Switches { capital_host: true, ..Switches::default() };
    assert_eq!(judged(&capitals.sign(), EPOCH, &switches), None);
}

#[test]
fn e10_resource_type() {
    let typed = draft().with("ResourceType", "ServerlessCache").sign();
    let other = draft().with("ResourceType", "serverlesscache").sign();
    let plain = draft().sign();
    let loose = Switches {
        serverless_without_resource_type: true,
        resource_type_on_nodes: true,
        ..Switches::default()
    };
    let refused = |token: &str, serverless, switches: &Switches| {
        let expected = cache(Service::ElastiCache, serverless);
        judge(token, &expected, &keys(), at(EPOCH), switches, &Lives::default()).refused
    };
    for (token, serverless) in [(&typed, true), (&plain, false)] {
        assert_eq!(refused(token, serverless, &Switches::default()), None);
    }
    for (token, serverless) in [(&typed, false), (&plain, true)] {
        assert_eq!(refused(token, serverless, &Switches::default()), Some(Reason::ResourceType));
        assert_eq!(refused(token, serverless, &loose), None);
    }
    for serverless in [true, false] {
        assert_eq!(refused(&other, serverless, &loose), Some(Reason::ResourceType));
    }
    let memorydb =
        judge(&typed, &cache(Service::MemoryDb, false), &keys(), at(EPOCH), &loose, &Lives::default());
    assert_eq!(memorydb.refused, Some(Reason::ResourceType));
}

#[test]
fn e11_algorithm() {
    refused(&draft().with("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"), Reason::Algorithm);
}

#[test]
fn e12_credential() {
    for credential in [
        "AKIDEXAMPLE",
        "AKIDEXAMPLE/20250615/us-east-1/elasticache",
        "AKIDEXAMPLE/20250615/us-east-1/elasticache/aws4",
        "AKIDEXAMPLE/20250615/us-east-1/elasticache/aws4_request/",
    ] {
        refused(&draft().with("X-Amz-Credential", credential), Reason::Credential);
    }
}

#[test]
fn e13_unknown_key() {
    refused(&scoped("AKIDOTHER/20250615/us-east-1/elasticache/aws4_request"), Reason::UnknownKey);
}

#[test]
fn e14_date_format() {
    for date in ["2025-06-15T12:34:56Z", "20250615T123456", "20250631T123456Z", "", "20250615t123456z"] {
        refused(&draft().with("X-Amz-Date", date), Reason::DateFormat);
    }
}

#[test]
fn e15_scope_date() {
    refused(&scoped("AKIDEXAMPLE/20250614/us-east-1/elasticache/aws4_request"), Reason::ScopeDate);
}

#[test]
fn e16_region() {
    refused(&scoped("AKIDEXAMPLE/20250615/us-west-2/elasticache/aws4_request"), Reason::WrongRegion);
}

#[test]
fn e17_service() {
    refused(&scoped("AKIDEXAMPLE/20250615/us-east-1/memorydb/aws4_request"), Reason::WrongService);
}
