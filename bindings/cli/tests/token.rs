//! `keyrotor token` and `keyrotor explain-token`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::Write;
use std::process::{Output, Stdio};

use keyrotor_emulator::entra::{Application, ManagedIdentity};
use keyrotor_emulator::{Cloud, CloudConfig, EntraConfig};
use serde_json::Value;
use support::{keyrotor, run, stderr, stdout};

/// AWS's own demo application publishes this signature.
#[test]
fn t01_the_published_token_is_reproduced() {
    let output = keyrotor(&[
        "token",
        "elasticache",
        "--cluster",
        "my-replication-group-id",
        "--user",
        "my-user-id",
        "--region",
        "eu-west-1",
        "--at",
        "2025-01-01T00:00:00Z",
    ])
    .env("AWS_ACCESS_KEY_ID", "fakeAccessKeyId")
    .env("AWS_SECRET_ACCESS_KEY", "fakeSecretKey")
    .output()
    .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let token = stdout(&output);
    assert!(token.starts_with("my-replication-group-id/?Action=connect&User=my-user-id&"), "{token}");
    assert!(token.ends_with("9e361603d85874bce06114c6644725ed113e3b11ae6fa92efdf10c6bcf5de8d7"), "{token}");
}

/// Every vector that the command can be asked for, compared by parameters and signature.
#[test]
fn t01_every_vector_through_the_command() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/tokens.json")).unwrap();
    let mut checked = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let is_default = vector["expires"] == 900 || vector["service"] == "dsql";
        // The command lowers cache names as ElastiCache does; that vector signs capitals.
        if vector["name_valid"] != true || !is_default || vector["id"] == "ec-cluster-caps" {
            continue;
        }
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let port = vector["port"].as_u64().unwrap_or_default().to_string();
        let expires = vector["expires"].to_string();
        let (cluster, user, host) = (text("cluster_name"), text("user"), text("hostname"));
        let mut arguments: Vec<&str> = match text("service").as_str() {
            "elasticache" => vec!["elasticache", "--cluster", &cluster, "--user", &user],
            "elasticache-serverless" => {
                vec!["elasticache", "--serverless", "--cluster", &cluster, "--user", &user]
            }
            "memorydb" => vec!["memorydb", "--cluster", &cluster, "--user", &user],
            "rds" => vec!["rds", "--host", &host, "--port", &port, "--user", &user],
            "dsql" if vector["action"] == "DbConnectAdmin" => {
                vec!["dsql", "--admin", "--host", &host, "--expires", &expires]
            }
            _ => vec!["dsql", "--host", &host, "--expires", &expires],
        };
        let (region, at) = (text("region"), text("timestamp"));
        arguments.extend(["--region", &region, "--at", &at]);
        let mut command = keyrotor(&["token"]);
        command.args(&arguments).env("AWS_ACCESS_KEY_ID", text("access_key_id"));
        command.env("AWS_SECRET_ACCESS_KEY", text("secret_access_key"));
        if let Some(session) = vector["session_token"].as_str() {
            command.env("AWS_SESSION_TOKEN", session);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(sorted(&stdout(&output)), sorted(&text("token")), "{}", vector["id"]);
        checked += 1;
    }
    assert!(checked > 40, "{checked}");
}

fn sorted(token: &str) -> Vec<String> {
    let (host, query) = token.split_once('?').unwrap();
    let mut parts: Vec<String> = query.split('&').map(str::to_owned).collect();
    parts.push(host.to_owned());
    parts.sort();
    parts
}

#[test]
fn json_says_when_the_token_ends() {
    let output = run(&[
        "token",
        "memorydb",
        "--cluster",
        "c",
        "--user",
        "u",
        "--region",
        "r",
        "--json",
        "--at",
        "2025-01-01T00:00:00Z",
    ]);
    let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(json["user"], "u");
    assert_eq!(json["issuedAt"], "2025-01-01T00:00:00Z");
    assert_eq!(json["expiresAt"], "2025-01-01T00:15:00Z");
    assert!(json["token"].as_str().unwrap().starts_with("c/?Action=connect&User=u&"));
}

#[test]
fn a_missing_region_is_named() {
    let output = run(&["token", "elasticache", "--cluster", "c", "--user", "u"]);
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(error.contains("iam_credentials.region") && error.contains("AWS_REGION"), "{error}");
    assert!(error.trim_end().ends_with("[config-missing]"), "{error}");
}

#[test]
fn s01_the_region_comes_from_the_surroundings_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, "[default]\nregion = from-default\n[profile other]\nregion = from-profile\n")
        .unwrap();
    let region = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = keyrotor(&["token", "elasticache", "--cluster", "c", "--user", "u"]);
        command.args(more).env("AWS_CONFIG_FILE", &file).envs(variables.iter().copied());
        let token = stdout(&command.output().unwrap());
        let scope = token.split("X-Amz-Credential=").nth(1).unwrap_or_else(|| panic!("{token}"));
        scope.split("%2F").nth(2).unwrap().to_owned()
    };
    assert_eq!(region(&[], &[]), "from-default");
    assert_eq!(region(&[("AWS_PROFILE", "other")], &[]), "from-profile");
    assert_eq!(region(&[("AWS_DEFAULT_REGION", "second"), ("AWS_PROFILE", "other")], &[]), "second");
    assert_eq!(region(&[("AWS_REGION", "first"), ("AWS_DEFAULT_REGION", "second")], &[]), "first");
    assert_eq!(region(&[("AWS_REGION", "first")], &["--region", "explicit"]), "explicit");
}

#[test]
fn s02_a_profile_gives_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    std::fs::write(&file, "[ci]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n").unwrap();
    let output = keyrotor(&[
        "token",
        "elasticache",
        "--cluster",
        "c",
        "--user",
        "u",
        "--region",
        "r",
        "--profile",
        "ci",
    ])
    .env("AWS_SHARED_CREDENTIALS_FILE", &file)
    .output()
    .unwrap();
    assert!(stdout(&output).contains("X-Amz-Credential=AKIDPROFILE%2F"), "{}", stderr(&output));
}

#[test]
fn t15_no_credentials_lists_each_link_of_the_chain() {
    let output = keyrotor(&["token", "elasticache", "--cluster", "c", "--user", "u", "--region", "r"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .output()
        .unwrap();
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
    let error = stderr(&output);
    for part in [
        "No AWS credentials provider found",
        "environment:",
        "profile `default`:",
        "web identity:",
        "container:",
        "IMDS:",
    ] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
}

#[test]
fn t15_a_link_that_fails_names_those_before_it() {
    let output = keyrotor(&["token", "elasticache", "--cluster", "c", "--user", "u", "--region", "r"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_PROFILE", "nope")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")
        .output()
        .unwrap();
    let error = stderr(&output);
    for part in ["environment:", "profile `nope`:", "container failed:", "Set AWS_ACCESS_KEY_ID"] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
}

/// A tenant, and the environments that lead to it.
async fn tenant() -> Cloud {
    let application = Application {
        client_id: "the-application".into(),
        object_id: "the-object".into(),
        secrets: vec!["made-up-secret".into()],
        ..Application::default()
    };
    let machine = ManagedIdentity {
        client_id: "the-machine".into(),
        object_id: "object-of-the-machine".into(),
        system_assigned: true,
        ..ManagedIdentity::default()
    };
    let entra = EntraConfig {
        applications: vec![application],
        managed_identities: vec![machine],
        ..EntraConfig::default()
    };
    Cloud::start(CloudConfig { entra: Some(entra), ..CloudConfig::default() }).await.unwrap()
}

async fn in_tenant(cloud: &Cloud, kinds: &[&str], arguments: &[&str]) -> Output {
    let mut command = keyrotor(arguments);
    let environments = cloud.entra().unwrap().environments();
    command.envs(kinds.iter().flat_map(|kind| &environments[kind]));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_s05_entra_gives_a_token_to_whomever_the_environment_names() {
    let cloud = tenant().await;
    for (kinds, user, endpoint) in [
        (&["trust", "service-principal"][..], "the-object", "token"),
        (&["app-service"], "object-of-the-machine", "app-service"),
        (&["imds"], "object-of-the-machine", "imds"),
    ] {
        let output = in_tenant(&cloud, kinds, &["token", "entra", "--json"]).await;
        let json: Value =
            serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        assert_eq!(json["user"], user);
        let asked = cloud.entra().unwrap().requests().pop().unwrap();
        assert_eq!(asked.endpoint, endpoint);
        assert_eq!(json["expiresAt"].as_str().unwrap().len(), "2025-01-01T00:15:00Z".len());
        let plain = in_tenant(&cloud, kinds, &["token", "entra"]).await;
        assert_eq!(stdout(&plain).split('.').count(), 3, "{}", stderr(&plain));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_t17_what_entra_refuses_is_said_without_the_secret() {
    let cloud = tenant().await;
    let kinds = ["trust", "service-principal"];
    let scope = ["token", "entra", "--scope", "https://nowhere.example.com/.default"];
    let stranger = ["token", "entra", "--client", "a-stranger"];
    let elsewhere = ["token", "entra", "--tenant", "another-tenant"];
    for (arguments, number) in
        [(scope, "AADSTS500011"), (stranger, "AADSTS700016"), (elsewhere, "AADSTS90002")]
    {
        let output = in_tenant(&cloud, &kinds, &arguments).await;
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1));
        assert!(error.contains(number) && !error.contains("made-up-secret"), "{error}");
    }
}

#[test]
fn wrong_arguments_exit_with_two() {
    for arguments in
        [&["token"][..], &["token", "elasticache"], &["nonsense"], &["token", "dsql", "--at", "noon"]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(run(&["--version"]).status.code(), Some(0));
}

#[test]
fn explain_token_reads_standard_input_and_names_the_problem() {
    let token = stdout(&run(&["token", "elasticache", "--cluster", "c", "--user", "u", "--region", "r"]));
    let mut child = keyrotor(&["explain-token", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let json: Value = serde_json::from_str(&stdout(&child.wait_with_output().unwrap())).unwrap();
    assert_eq!(
        (&json["service"], &json["host"], &json["region"]),
        (&"elasticache".into(), &"c".into(), &"r".into())
    );
    assert_eq!(json["problems"], Value::Array(Vec::new()));
    let signature = token.split("X-Amz-Signature=").nth(1).unwrap();
    assert!(!json.to_string().contains(signature), "the signature stays out of what is shown");
    assert_eq!(run(&["explain-token", &token]).status.code(), Some(0));
    for form in [&[][..], &["--json"]] {
        let arguments = [&["explain-token", &token, "--at", "2100-01-01T00:00:00Z"], form].concat();
        let late = run(&arguments);
        assert!(stdout(&late).contains("expired"), "{}", stdout(&late));
        assert_eq!(late.status.code(), Some(1), "a problem is no success");
    }
}

#[test]
fn s01_an_odd_name_is_signed_with_a_warning() {
    let output = run(&["token", "elasticache", "--cluster", "my_cache", "--user", "u", "--region", "r"]);
    assert!(output.status.success() && stdout(&output).starts_with("my_cache/?"), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("warning: ") && stderr(&output).contains("my_cache"));
    let output = run(&["token", "elasticache", "--cluster", "my-cache", "--user", "u", "--region", "r"]);
    assert_eq!(stderr(&output), "");
}
