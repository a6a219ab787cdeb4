//! What the environment of a process decides. Each case is a process of its own, started by its test.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "support/cloud.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod cloud;

use cloud::{KEY, Keys, ROLE, SSO_TOKEN};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyrotor::aws::explain;
use keyrotor::{BoxFuture, Fetch, Fetched, Format, Source, SourceError, TokenManager, TokenRefreshConfig};
use keyrotor_emulator::credentials::{Endpoint, Provider, Verdict};

/// Tells a process that it is the one that the test of this name started.
const CHILD: &str = "KEYROTOR_TEST_CHILD";

/// This test in a process with these variables and no others of AWS's.
fn alone(test: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env(CHILD, test).env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    command.envs(variables.iter().copied());
    command
}

fn is_child(test: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|child| child == test)
}

/// Off this test's own thread, where a stand-in may have to answer.
async fn passes(mut command: Command) {
    let status = tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
    assert!(status.success());
}

fn manager(json: &str) -> TokenManager {
    TokenManager::from_request(json.as_bytes(), Format::Json).unwrap()
}

fn iam(more: &str) -> TokenManager {
    manager(&format!(
        r#"{{"authenticationInfo": {{"iamCredentials": {{"clusterName": "c", "username": "u"{more}}}}}}}"#
    ))
}

async fn signed_by(manager: &TokenManager) -> (String, String) {
    let credential = manager.credential_async().await.unwrap();
    let token = explain(credential.secret.expose(), std::time::SystemTime::now());
    (token.access_key_id.unwrap(), token.region.unwrap())
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_s02_s05_the_region_around_is_where_the_role_is_assumed() {
    const TEST: &str = "s01_s02_s05_the_region_around_is_where_the_role_is_assumed";
    if is_child(TEST) {
        let endpoint = std::env::var("TEST_ENDPOINT").unwrap();
        let role = format!(r#", "roleArn": "{ROLE}", "endpoint": "{endpoint}""#);
        assert_eq!(signed_by(&iam(&role)).await.1, "eu-central-1");
        return;
    }
    let (endpoint, mut asked) = listener().await;
    let variables = [
        ("TEST_ENDPOINT", endpoint.as_str()),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", KEY.0),
        ("AWS_SECRET_ACCESS_KEY", KEY.1),
    ];
    passes(alone(TEST, &variables)).await;
    let head = asked.recv().await.unwrap();
    assert!(head.contains("/eu-central-1/sts/aws4_request"), "{head}");
}

/// Passes STS's requests on, and shows them.
async fn listener() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let keys = Keys::start("eu-central-1").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server =
                tokio::net::TcpStream::connect(keys.url().trim_start_matches("http://")).await.unwrap();
            let mut head = vec![0; 16_384];
            let count = tokio::io::AsyncReadExt::read(&mut client, &mut head).await.unwrap();
            let _ = sender.send(String::from_utf8_lossy(&head[..count]).into_owned());
            tokio::io::AsyncWriteExt::write_all(&mut server, &head[..count]).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (url, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_t05_the_machine_gives_keys_once_for_all() {
    const TEST: &str = "s02_t05_the_machine_gives_keys_once_for_all";
    if is_child(TEST) {
        let of = |life| iam(&format!(r#", "region": "r", "tokenLifeSeconds": {life}"#));
        let all: Vec<TokenManager> = (600..610).map(of).collect();
        let mut signers = std::collections::HashSet::new();
        for manager in &all {
            signers.insert(signed_by(manager).await.0);
        }
        assert_eq!(signers.len(), 1);
        return;
    }
    let keys = Keys::start("eu-west-1").await;
    for (provider, endpoint) in [
        (Provider::Imds, Endpoint::Imds),
        (Provider::Ecs, Endpoint::Ecs),
        (Provider::PodIdentity, Endpoint::PodIdentity),
        (Provider::WebIdentity, Endpoint::Sts),
    ] {
        let environment = keys.environment(provider);
        let variables: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut command = alone(TEST, &variables);
        if provider == Provider::Imds {
            command.env_remove("AWS_EC2_METADATA_DISABLED");
        }
        passes(command).await;
        let asked = keys.asked(endpoint);
        let given = asked.iter().filter(|asked| asked.access_key.is_some()).count();
        assert_eq!(given, 1, "{provider:?}: {asked:?}");
        assert!(asked.iter().all(|asked| asked.verdict == Verdict::Answered), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_a_machine_whose_clock_is_wrong_is_told_so_by_who_gives_the_keys() {
    const TEST: &str = "t20_a_machine_whose_clock_is_wrong_is_told_so_by_who_gives_the_keys";
    if is_child(TEST) {
        let manager = iam(r#", "region": "r""#);
        assert_eq!(manager.status().warnings, Vec::<String>::new());
        manager.token_async().await.unwrap();
        let warnings = manager.status().warnings.join("; ");
        let is_off = std::env::var_os("TEST_OFF").is_some();
        assert_eq!(warnings.contains(" s ahead of that of the services"), is_off, "{warnings}");
        return;
    }
    for off in [Duration::ZERO, Duration::from_secs(300)] {
        let keys = Keys::start_at("r", Some(std::time::SystemTime::now() - off)).await;
        let environment = keys.environment(Provider::Ecs);
        let mut variables: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        variables.extend((!off.is_zero()).then_some(("TEST_OFF", "1")));
        passes(alone(TEST, &variables)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_a_profile_has_keys_or_a_role_or_a_process() {
    const TEST: &str = "s02_a_profile_has_keys_or_a_role_or_a_process";
    if is_child(TEST) {
        let signer = |profile: &str| iam(&format!(r#", "region": "eu-west-1", "profile": "{profile}""#));
        assert_eq!(signed_by(&signer("keys")).await.0, KEY.0);
        assert!(signed_by(&signer("role")).await.0.starts_with("ASIA"));
        assert_eq!(signed_by(&signer("process")).await.0, "AKIDPROCESS");
        let error = signer("nobody").token_async().await.unwrap_err();
        assert!(error.message().starts_with("No AWS credentials provider found"), "{error}");
        assert!(error.message().contains("profile `nobody`: "), "{error}");
        return;
    }
    let keys = Keys::start("eu-west-1").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let answer = r#"{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "secret"}"#;
    std::fs::write(folder.path().join("answer"), answer).unwrap();
    let text = format!(
        "[profile keys]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [profile role]\nrole_arn = {ROLE}\nsource_profile = keys\n\
         [profile process]\ncredential_process = cat {}\n",
        KEY.0,
        KEY.1,
        folder.path().join("answer").display()
    );
    std::fs::write(&file, text).unwrap();
    let url = keys.url();
    let variables = [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_ENDPOINT_URL_STS", &url)];
    passes(alone(TEST, &variables)).await;
    assert_eq!(keys.asked(Endpoint::Sts).len(), 1);
}

/// What `aws sso login` leaves in the home folder, for a start URL or a session of this name.
fn sign_in(home: &Path, name: &str, ends: &str) {
    let folder = home.join(".aws/sso/cache");
    std::fs::create_dir_all(&folder).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let token = format!(r#"{{"accessToken": "{SSO_TOKEN}", "expiresAt": "{ends}", "region": "eu-west-1"}}"#);
    std::fs::write(folder.join(digest + ".json"), token).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_a_profile_of_sso_signs_with_what_the_portal_gives() {
    const TEST: &str = "s02_a_profile_of_sso_signs_with_what_the_portal_gives";
    const PORTAL: &str = "https://d-example.awsapps.com/start";
    if is_child(TEST) {
        let signer = |profile: &str| iam(&format!(r#", "region": "eu-west-1", "profile": "{profile}""#));
        for profile in ["portal", "session"] {
            let credential = signer(profile).credential_async().await.unwrap();
            let left = credential.expires_at.unwrap().duration_since(std::time::SystemTime::now()).unwrap();
            let token = explain(credential.secret.expose(), std::time::SystemTime::now());
            assert!(token.access_key_id.unwrap().starts_with("ASIA"));
            assert!(left > Duration::from_secs(800), "the keys outlive it: {left:?}");
        }
        for (profile, why) in [("signed-out", "expired"), ("stranger", "No access")] {
            let error = signer(profile).token_async().await.unwrap_err();
            let told = error.message();
            assert!(told.starts_with("Failed to refresh IAM token: "), "{told}");
            assert!(told.contains(&format!("profile `{profile}` failed")) && told.contains(why), "{told}");
            assert!(told.contains("`aws sso login`") && !told.contains(SSO_TOKEN), "{told}");
        }
        return;
    }
    let keys = Keys::start("eu-west-1").await;
    let home = tempfile::tempdir().unwrap();
    for (name, ends) in
        [(PORTAL, "2999-01-01T00:00:00Z"), ("dev", "2999-01-01T00:00:00Z"), ("old", "2020-01-01T00:00:00Z")]
    {
        sign_in(home.path(), name, ends);
    }
    let account = "sso_account_id = 123456789012";
    let session = |name: &str| {
        format!("[sso-session {name}]\nsso_region = eu-west-1\nsso_start_url = {PORTAL}/{name}\n")
    };
    let text = format!(
        "[profile portal]\n{account}\nsso_role_name = cache-user\nsso_region = eu-west-1\nsso_start_url = {PORTAL}\n\
         [profile session]\n{account}\nsso_role_name = cache-user\nsso_session = dev\n\
         [profile signed-out]\n{account}\nsso_role_name = cache-user\nsso_session = old\n\
         [profile stranger]\n{account}\nsso_role_name = nobody\nsso_session = dev\n{}{}",
        session("dev"),
        session("old"),
    );
    let file = home.path().join("config");
    std::fs::write(&file, text).unwrap();
    let url = keys.url();
    let variables = [
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_SSO", &url),
        ("HOME", home.path().to_str().unwrap()),
    ];
    passes(alone(TEST, &variables)).await;
    let asked = keys.asked(Endpoint::Sso);
    let answered = asked.iter().filter(|asked| asked.verdict == Verdict::Answered).count();
    assert_eq!(answered, 2, "each identity asked once: {asked:?}");
    let refused = asked.iter().find(|asked| asked.verdict == Verdict::Refused).unwrap();
    assert_eq!(refused.reason.as_deref(), Some("ForbiddenException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_sts_over_plain_http_is_for_loopback_alone_whoever_names_it() {
    const TEST: &str = "s05_sts_over_plain_http_is_for_loopback_alone_whoever_names_it";
    if is_child(TEST) {
        let manager = iam(r#", "region": "r", "roleArn": "arn:aws:iam::123456789012:role/r""#);
        let error = manager.token_async().await.unwrap_err();
        assert!(error.message().contains("plain http goes to this machine"), "{error}");
        return;
    }
    let variables = [
        ("AWS_ENDPOINT_URL_STS", "http://sts.example.com"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    passes(alone(TEST, &variables)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_each_link_of_an_empty_chain_says_why() {
    const TEST: &str = "t15_each_link_of_an_empty_chain_says_why";
    if is_child(TEST) {
        let role = r#", "region": "r", "roleArn": "arn:aws:iam::123456789012:role/r""#;
        for manager in [iam(r#", "region": "r""#), iam(role)] {
            let error = manager.token_async().await.unwrap_err();
            assert_eq!(error.name(), "credentials-not-found");
            assert!(error.message().starts_with("No AWS credentials provider found"), "{error}");
            for link in ["environment: ", "profile `default`: ", "web identity: ", "container: ", "IMDS: "] {
                assert!(error.message().contains(link), "{error} lacks {link}");
            }
        }
        return;
    }
    passes(alone(TEST, &[])).await;
}

/// Gives a token of an hour, after one turn of the loop.
struct Slow;

impl Source for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(Fetched::new("u", "secret", fetch.now).expires_at(fetch.now + Duration::from_secs(3600)))
        })
    }
}

#[test]
fn t12_under_lambda_nothing_is_left_between_two_uses() {
    const TEST: &str = "t12_under_lambda_nothing_is_left_between_two_uses";
    if !is_child(TEST) {
        for name in ["AWS_LAMBDA_FUNCTION_NAME", "SOMETHING_ELSE"] {
            assert!(alone(TEST, &[(name, "f")]).status().unwrap().success(), "{name}");
        }
        return;
    }
    let is_lambda = std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some();
    let before = threads();
    let keys = r#", "region": "r", "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "s"}"#;
    let signing = iam(keys);
    signing.token().unwrap();
    assert_eq!(threads(), before + usize::from(!is_lambda), "what can be signed on the spot needs no thread");
    signing.close();
    eventually("threads are left", || threads() == before);

    let fetching = TokenManager::new(Slow, TokenRefreshConfig::default()).unwrap();
    fetching.credential_blocking(|| Ok::<(), keyrotor::Error>(())).unwrap();
    if is_lambda {
        eventually("the thread outlives the fetch", || threads() == before);
    } else {
        assert_eq!(threads(), before + 1, "the thread goes on");
    }
    fetching.token().unwrap();
}

/// Lives a second.
struct Mayfly;

const MAYFLY: Duration = Duration::from_secs(1);

impl Source for Mayfly {
    fn name(&self) -> &str {
        "mayfly"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            Ok(Fetched::new("u", format!("{:?}", fetch.now), fetch.now).expires_at(fetch.now + MAYFLY))
        })
    }
}

#[test]
fn t10_a_process_that_was_frozen_hands_out_no_dead_token() {
    const TEST: &str = "t10_a_process_that_was_frozen_hands_out_no_dead_token";
    if is_child(TEST) {
        let manager = TokenManager::new(Mayfly, TokenRefreshConfig::default()).unwrap();
        let mut go = [0];
        loop {
            let credential = manager.credential_blocking(|| Ok::<(), keyrotor::Error>(())).unwrap();
            let is_alive = credential.expires_at.unwrap() > std::time::SystemTime::now();
            println!("generation {} alive {is_alive}", credential.generation);
            if std::io::stdin().read(&mut go).unwrap() == 0 {
                return;
            }
        }
    }
    let mut child = alone(TEST, &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.contains("generation "));
    let first = lines.next().unwrap();
    let pid = child.id().to_string();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-STOP");
    std::thread::sleep(2 * MAYFLY);
    // It asks before anything else in it has run.
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"!").unwrap();
    signal("-CONT");
    let second = lines.next().unwrap();
    assert!(second.contains("alive true"), "{second}");
    assert_ne!(first, second, "two lives later it is another one");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
