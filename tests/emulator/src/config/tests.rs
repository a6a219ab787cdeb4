use super::*;
use std::time::UNIX_EPOCH;

fn valid() -> Config {
    Config {
        cluster: "My-Cluster".into(),
        region: "us-east-1".into(),
        users: vec!["App".into(), "app".into()],
        keys: vec![AccessKey {
            id: "AKID".into(),
            secret: "hush".into(),
            session_token: Some("hush".into()),
            expires: None,
        }],
        backend: Backend::Url("redis://:hush@localhost".into()),
        ..Config::default()
    }
}

#[test]
fn names_are_kept_in_lower_case() {
    let config = valid().checked().expect("a valid config");
    assert_eq!(config.cluster, "my-cluster");
    assert_eq!(config.users, [User::from("app")]);
}

#[test]
fn secrets_do_not_show() {
    let shown = format!("{:?}", valid());
    assert!(shown.contains("AKID") && !shown.contains("hush"), "{shown}");
}

fn file(text: &str) -> Result<Config, serde_json::Error> {
    serde_json::from_str(text)
}

#[test]
fn a_file_says_the_same() {
    let text = r#"{"service": "memorydb", "cluster": "c", "region": "r", "users": ["u", {"name": "v", "acl": "+@read"}],
        "policies": [{"Statement": []}],
        "keys": [{"id": "a", "secret": "s"}], "clock": "1970-01-01T00:00:09Z", "token_life": 2.5,
        "backend": "redis://localhost", "switches": {"no_slash": true}}"#;
    let config = file(text).expect("a valid file");
    assert_eq!(config.service, Service::MemoryDb);
    assert_eq!(config.clock, Some(UNIX_EPOCH + Duration::from_secs(9)));
    assert_eq!(config.token_life, Some(Duration::from_millis(2500)));
    assert_eq!(config.backend, Backend::Url("redis://localhost".into()));
    assert_eq!(config.users, [User::from("u"), User { acl: "+@read".into(), ..User::from("v") }]);
    assert!(config.policies.is_some_and(|policies| policies.len() == 1));
    assert!(config.switches.no_slash && config.switches.future_skew_seconds == 300);
    for text in [
        "{",
        r#"{"cluter": "c"}"#,
        r#"{"users": [3]}"#,
        r#"{"users": [{"acl": ""}]}"#,
        r#"{"clock": "yesterday"}"#,
        r#"{"token_life": -1}"#,
    ] {
        assert!(file(text).is_err(), "{text}");
    }
}

#[test]
fn what_cannot_work_is_named() {
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 16] = [
        ("cluster", |config| config.cluster.clear()),
        ("region", |config| config.region.clear()),
        ("users", |config| config.users.clear()),
        ("users", |config| config.users.push("a b".into())),
        ("users", |config| config.users[0].acl = "+@all nopass".into()),
        ("users", |config| config.users[0].acl = "+@read".into()),
        ("account", |config| config.account = "1234".into()),
        ("login_rate", |config| config.login_rate = Some(0.0)),
        ("keys", |config| config.keys[0].secret.clear()),
        ("serverless", |config| (config.serverless, config.service) = (true, Service::MemoryDb)),
        ("serverless", |config| (config.serverless, config.service) = (true, Service::Azure)),
        ("policies", |config| (config.policies, config.service) = (Some(Vec::new()), Service::Azure)),
        ("plaintext", |config| (config.plaintext, config.service) = (true, Service::Azure)),
        ("time_scale", |config| config.time_scale = f64::NAN),
        ("time_scale", |config| config.time_scale = 181.0),
        ("control", |config| config.control = Some(([0, 0, 0, 0], 0).into())),
    ];
    for (name, change) in changes {
        let mut config = valid();
        change(&mut config);
        match config.checked() {
            Err(Error::Config { field, .. }) => assert_eq!(field, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn azure_has_neither_clusters_nor_regions() {
    let text = r#"{"service": "azure", "users": ["00000000-AAAA-bbbb-cccc-000000000001"]}"#;
    let config = file(text).expect("a valid file").checked().expect("a valid config");
    assert_eq!(config.users, [User::from("00000000-aaaa-bbbb-cccc-000000000001")]);
}

#[test]
fn the_scale_shortens_sessions_unless_a_limit_is_set() {
    let mut config = Config { time_scale: 60.0, ..valid() };
    assert_eq!(config.session_lease(), Duration::from_secs(720));
    config.session_limit = Some(Duration::from_secs(3));
    assert_eq!(config.session_lease(), Duration::from_secs(3));
    let slow = Config { time_scale: f64::MIN_POSITIVE, ..valid() };
    assert_eq!(slow.session_lease(), Duration::MAX);
}

#[test]
fn the_readme_lists_every_switch() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("| switch |").expect("a table");
    let rows = table.lines().take_while(|line| !line.is_empty());
    let listed: Vec<_> =
        rows.filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
    let source = include_str!("switches.rs");
    let fields: Vec<_> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(fields.len(), 15);
    assert_eq!(listed, fields);
}

#[test]
fn the_readmes_configuration_is_a_valid_one() {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut found = 0;
    for block in blocks {
        let config = crate::CloudConfig::from_json(block).expect(block).cache.expect("a cache");
        config.checked().expect("a valid cache");
        found += 1;
    }
    assert!(found > 0);
}
