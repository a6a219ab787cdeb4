//! Every vector and mutation of `tests/vectors/tokens.json`, judged as the file says.

use super::tests::at;
use super::*;
use crate::config::AccessKey;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
    mutations: Vec<Mutation>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    service: String,
    region: String,
    epoch: u64,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    action: String,
    cluster_name: Option<String>,
    user: Option<String>,
    hostname: Option<String>,
    port: Option<u16>,
    token: String,
    signature: String,
    canonical_request: String,
}

#[derive(Deserialize)]
struct Mutation {
    id: String,
    base: String,
    token: String,
    expect: String,
    verify_at: u64,
}

fn file() -> File {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/tokens.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect(path)).expect(path)
}

impl Vector {
    fn expected(&self) -> Expected {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let cache = |service, serverless| Target::Cache {
            service,
            serverless,
            cluster: text(&self.cluster_name),
            user: text(&self.user),
        };
        let target = match self.service.as_str() {
            "elasticache" => cache(Service::ElastiCache, false),
            "elasticache-serverless" => cache(Service::ElastiCache, true),
            "memorydb" => cache(Service::MemoryDb, false),
            "rds" => Target::Rds {
                host: text(&self.hostname),
                port: self.port.expect("a port"),
                user: text(&self.user),
            },
            "dsql" => Target::Dsql { host: text(&self.hostname), action: self.action.clone() },
            other => panic!("unknown service {other}"),
        };
        Expected { region: self.region.clone(), target }
    }

    fn judge(&self, token: &str, epoch: u64, switches: &Switches) -> Verdict {
        let key = AccessKey {
            id: self.access_key_id.clone(),
            secret: self.secret_access_key.clone(),
            session_token: self.session_token.clone(),
            expires: None,
        };
        judge(token, &self.expected(), &Keyring::from_iter([key]), at(epoch), switches, &Lives::default())
    }
}

#[test]
fn vectors_are_accepted() {
    for vector in file().vectors {
        let mut switches = Switches::default();
        if vector.id == "ec-cluster-caps" {
            let strict = vector.judge(&vector.token, vector.epoch + 1, &switches);
            assert_eq!(strict.refused, Some(Reason::WrongCluster), "{}", vector.id);
            switches.capital_host = true;
        }
        let verdict = vector.judge(&vector.token, vector.epoch + 1, &switches);
        assert_eq!(verdict.refused, None, "{}", vector.id);
        assert_eq!(verdict.access_key.as_deref(), Some(vector.access_key_id.as_str()));
        assert!(!format!("{verdict:?}").contains(&vector.signature), "{}", vector.id);
    }
}

#[test]
fn canonical_requests_are_rebuilt() {
    for vector in file().vectors {
        let Ok(token) = Token::parse(&vector.token, &Switches::default()) else { panic!("{}", vector.id) };
        let signed = token.pairs().filter(|(name, _)| *name != "X-Amz-Signature");
        let host = token.host.to_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        let canonical = sigv4::canonical_request(host, &sigv4::canonical_query(signed));
        assert_eq!(canonical, vector.canonical_request, "{}", vector.id);
    }
}

#[test]
fn mutations_are_judged_as_the_file_says() {
    let File { vectors, mutations } = file();
    for mutation in mutations {
        let base = vectors.iter().find(|vector| vector.id == mutation.base).expect("a base");
        let judge =
            |switches: &Switches| base.judge(&mutation.token, mutation.verify_at, switches).accepted();
        let strict = judge(&Switches::default());
        match mutation.expect.as_str() {
            "accept" => assert!(strict, "{}", mutation.id),
            "reject" => assert!(!strict, "{}", mutation.id),
            "unspecified" => {
                assert!(!strict, "{}", mutation.id);
                assert!(judge(&switch_of(&mutation.id)), "{} with its switch", mutation.id);
            }
            other => panic!("{}: unknown {other}", mutation.id),
        }
    }
}

fn switch_of(mutation: &str) -> Switches {
    let mut switches = Switches::default();
    let switch = match mutation {
        "m-lower-escapes" => &mut switches.lower_case_escapes,
        "m-no-slash" => &mut switches.no_slash,
        "m-sig-upper" => &mut switches.capital_signature,
        "m-nodes-to-serverless" => &mut switches.serverless_without_resource_type,
        "m-serverless-to-nodes" => &mut switches.resource_type_on_nodes,
        other => panic!("no switch for {other}"),
    };
    *switch = true;
    switches
}
