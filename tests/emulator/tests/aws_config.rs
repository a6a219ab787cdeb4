//! aws-config, which finds keys at the emulator's endpoints as it would in the cloud. It reads the environment of its
//! process, so each question to it is a process of its own.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test with its own main, which prints as the others do"
)]

use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider as Tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use keyrotor_emulator::credentials::{Config, Credentials, Endpoint, Faults, Limit, Provider, Role, Verdict};
use keyrotor_emulator::{AccessKey, Cloud, CloudConfig};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};
use tokio::process::Command;

/// The key of the configuration.
const OWN: [&str; 2] = ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"];
const SSO_TOKEN: &str = "sso-access-token";
/// Tells a process to ask the chain.
const CHILD: &str = "KEYROTOR_TEST_ASK_CHAIN";
const MACHINE: [(Provider, Endpoint); 4] = [
    (Provider::Imds, Endpoint::Imds),
    (Provider::Ecs, Endpoint::Ecs),
    (Provider::PodIdentity, Endpoint::PodIdentity),
    (Provider::WebIdentity, Endpoint::Sts),
];

type Checking = Pin<Box<dyn Future<Output = ()> + Send>>;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::var_os(CHILD).is_some() {
        return ask_chain().await;
    }
    let checks: [(&str, Checking); 6] = [
        ("keys_of_the_machine_are_known", Box::pin(keys_of_the_machine_are_known())),
        ("a_role_by_profile_over_https_is_known", Box::pin(a_role_by_profile_over_https_is_known())),
        ("a_role_by_sso_is_known", Box::pin(a_role_by_sso_is_known())),
        ("a_fault_that_ends_is_got_over", Box::pin(a_fault_that_ends_is_got_over())),
        ("a_fault_that_lasts_leaves_no_keys", Box::pin(a_fault_that_lasts_leaves_no_keys())),
        ("short_lives_and_lies_arrive", Box::pin(short_lives_and_lies_arrive())),
    ];
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in checks.into_iter().filter(|(name, _)| name.contains(&filter)) {
        let ok = tokio::spawn(check).await.is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        *(if ok { &mut passed } else { &mut failed }) += 1;
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored\n");
    ExitCode::from(u8::from(failed > 0))
}

/// What aws-config finds in this process's environment: id, secret, session token and end, a line each.
async fn ask_chain() -> ExitCode {
    let http = Builder::new().tls_provider(Tls::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let found = config.credentials_provider().expect("a chain").provide_credentials().await;
    match found {
        Ok(keys) => {
            let end = keys.expiry().and_then(|end| end.duration_since(UNIX_EPOCH).ok());
            let end = end.expect("an end").as_secs();
            let token = keys.session_token().unwrap_or_default();
            println!("{}\n{}\n{token}\n{end}", keys.access_key_id(), keys.secret_access_key());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let mut cause: Option<&dyn Error> = Some(&error);
            while let Some(error) = cause {
                println!("{error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// What a process of this environment, and nothing else of this machine, is told.
async fn ask(variables: &BTreeMap<&str, String>) -> Result<AccessKey, String> {
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        child.env_remove(name);
    }
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        child.env(name, "/dev/null");
    }
    let output = child.env(CHILD, "1").envs(variables).output().await.expect("a process");
    let text = String::from_utf8(output.stdout).expect("a text");
    let lines: Vec<_> = text.lines().collect();
    match lines.as_slice() {
        [id, secret, token, end] if output.status.success() => Ok(AccessKey {
            id: (*id).into(),
            secret: (*secret).into(),
            session_token: Some((*token).into()),
            expires: Some(UNIX_EPOCH + Duration::from_secs(end.parse().expect("a number"))),
        }),
        _ => Err(text + &String::from_utf8_lossy(&output.stderr)),
    }
}

async fn cloud() -> Cloud {
    let roles = ["app-role", "other-role"].map(|name| Role { name: name.into(), ..Role::default() });
    let credentials = Config { roles: roles.into(), sso_token: Some(SSO_TOKEN.into()), ..Config::default() };
    let [id, secret] = OWN.map(Into::into);
    let own = AccessKey { id, secret, ..AccessKey::default() };
    let config = CloudConfig { keys: vec![own], credentials: Some(credentials), ..CloudConfig::default() };
    Cloud::start(config).await.expect("a cloud")
}

fn endpoints(cloud: &Cloud) -> &Credentials {
    cloud.credentials().expect("the endpoints")
}

fn verdicts(cloud: &Cloud) -> Vec<Verdict> {
    endpoints(cloud).record().iter().map(|asked| asked.verdict).collect()
}

/// The key is one that all fronts know, to the last letter.
fn assert_known(cloud: &Cloud, key: &AccessKey) {
    assert_eq!(cloud.keys().find(&key.id).as_ref(), Some(key));
}

async fn keys_of_the_machine_are_known() {
    let cloud = cloud().await;
    for (provider, endpoint) in MACHINE {
        let variables = endpoints(&cloud).environment(provider);
        let key = ask(&variables).await.expect("keys");
        assert_known(&cloud, &key);
        let asked = endpoints(&cloud).record();
        assert!(
            asked
                .iter()
                .any(|asked| asked.endpoint == endpoint && asked.access_key.as_ref() == Some(&key.id))
        );
        endpoints(&cloud).faults().rotate_keys(Some(endpoint));
        endpoints(&cloud).faults().rotate_token_files().expect("new files");
        let next = ask(&variables).await.expect("new keys");
        assert_known(&cloud, &next);
        assert_eq!((next.id == key.id, cloud.keys().find(&key.id)), (false, None), "{provider:?}");
    }
    assert!(verdicts(&cloud).iter().all(|verdict| *verdict == Verdict::Answered));
}

async fn a_role_by_profile_over_https_is_known() {
    let cloud = cloud().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config");
    let role = endpoints(&cloud).roles().pop().expect("a role");
    let [id, secret] = OWN;
    let profile = format!(
        "[default]\nrole_arn = {role}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"
    );
    std::fs::write(&file, profile).expect("a profile");
    let mut variables = endpoints(&cloud).environment(Provider::StsHttps);
    variables.insert("AWS_CONFIG_FILE", path(&file));
    assert_known(&cloud, &ask(&variables).await.expect("keys"));
    let asked = endpoints(&cloud).record();
    assert!(asked.iter().all(|asked| asked.request == "AssumeRole" && asked.caller.as_deref() == Some(id)));
}

async fn a_role_by_sso_is_known() {
    let cloud = cloud().await;
    let home = tempfile::tempdir().expect("a folder");
    let (file, cache) = (home.path().join("config"), home.path().join(".aws/sso/cache"));
    std::fs::create_dir_all(&cache).expect("a folder");
    let url = endpoints(&cloud).environment(Provider::Sts).remove("AWS_ENDPOINT_URL_STS").expect("a URL");
    let mut variables = BTreeMap::from([
        ("AWS_CONFIG_FILE", path(&file)),
        ("AWS_ENDPOINT_URL_SSO", url),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("HOME", path(home.path())),
    ]);
    let sign_in = |token: &str| {
        let text = format!(r#"{{"accessToken": "{token}", "expiresAt": "2999-01-01T00:00:00Z"}}"#);
        // By the SHA-1 of `dev`.
        let name = "34c6fceca75e456f25e7e99531e2425c6c1de443.json";
        std::fs::write(cache.join(name), text).expect("a token");
    };
    for (token, role, reason) in [
        (SSO_TOKEN, "other-role", None),
        (SSO_TOKEN, "no-role", Some("ForbiddenException")),
        ("another", "other-role", Some("UnauthorizedException")),
    ] {
        let profile = format!(
            "[default]\nsso_session = dev\nsso_account_id = 123456789012\nsso_role_name = {role}\n\
             [sso-session dev]\nsso_region = us-east-1\nsso_start_url = https://d-example.awsapps.com/start\n"
        );
        std::fs::write(&file, profile).expect("a profile");
        sign_in(token);
        let found = ask(&variables).await;
        let asked = endpoints(&cloud).record().pop().expect("a request");
        assert_eq!((asked.endpoint, asked.reason.as_deref()), (Endpoint::Sso, reason));
        match (found, reason) {
            (Ok(key), None) => assert_known(&cloud, &key),
            (Err(text), Some(reason)) => assert!(text.contains(reason), "{text}"),
            (found, reason) => panic!("{found:?} where {reason:?} was expected"),
        }
    }
    endpoints(&cloud).faults().throttling(Some(Endpoint::Sso), Limit::Count(1));
    sign_in(SSO_TOKEN);
    variables.insert("AWS_MAX_ATTEMPTS", "1".into());
    ask(&variables).await.expect_err("no keys");
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

async fn a_fault_that_ends_is_got_over() {
    let cloud = cloud().await;
    let faults = endpoints(&cloud).faults();
    for (provider, endpoint) in MACHINE {
        let variables = endpoints(&cloud).environment(provider);
        let once = Limit::Count(1);
        faults.failing(Some(endpoint), 500, once).expect("a status");
        assert_known(&cloud, &ask(&variables).await.expect("keys after a failure"));
        faults.gone(Some(endpoint), once);
        if endpoint == Endpoint::Imds {
            // Of instance metadata aws-config asks again after a bad status only.
            ask(&variables).await.expect_err("no second attempt");
        }
        assert_known(&cloud, &ask(&variables).await.expect("keys after a lost connection"));
    }
    faults.throttling(Some(Endpoint::Sts), Limit::Count(1));
    ask(&endpoints(&cloud).environment(Provider::WebIdentity)).await.expect("keys after throttling");
    let count = |of| verdicts(&cloud).into_iter().filter(|verdict| *verdict == of).count();
    assert_eq!([Verdict::Failed, Verdict::Gone, Verdict::Throttled].map(count), [4, 4, 1]);
}

async fn a_fault_that_lasts_leaves_no_keys() {
    let cloud = cloud().await;
    let faults = endpoints(&cloud).faults();
    type Set = fn(&Faults);
    let bad_days: [(&str, Set); 4] = [
        ("failing", |faults| faults.failing(None, 503, Limit::Cleared).expect("a status")),
        ("throttling", |faults| faults.throttling(None, Limit::Cleared)),
        ("gone", |faults| faults.gone(None, Limit::Cleared)),
        ("slow", |faults| faults.slow(None, Duration::from_secs(3600))),
    ];
    let variables = endpoints(&cloud).environment(Provider::Ecs);
    for (name, set) in bad_days {
        set(&faults);
        let error = ask(&variables).await.expect_err(name);
        assert!(!error.is_empty(), "{name}");
        faults.clear();
        assert_known(&cloud, &ask(&variables).await.expect("keys"));
    }
}

async fn short_lives_and_lies_arrive() {
    let cloud = cloud().await;
    let faults = endpoints(&cloud).faults();
    let lie = Duration::from_secs(86_400);
    faults.life(None, Some(Duration::from_secs(60)));
    faults.lie(None, lie);
    for (provider, _) in MACHINE {
        let key = ask(&endpoints(&cloud).environment(provider)).await.expect("keys");
        let truly = cloud.keys().find(&key.id).and_then(|key| key.expires).expect("an end");
        assert_eq!(key.expires.and_then(|stated| stated.duration_since(truly).ok()), Some(lie));
        let latest = endpoints(&cloud).record().pop().expect("a request");
        assert!(latest.expires < latest.stated_expiration);
    }
}
