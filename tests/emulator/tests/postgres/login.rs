//! Logins, message by message.

use crate::support::{Client, cloud, config, dsql_token, front, password, rds, startup, token, until};
use keyrotor_emulator::rds::{DsqlConfig, End, Method, RdsConfig};
use keyrotor_emulator::{Outcome, Refuse};

#[tokio::test]
async fn a_token_opens_the_database() {
    let cloud = rds().await;
    let mut client = Client::app(&cloud).await;
    assert_eq!(client.value("SELECT current_user").await, "app");
    let login = &front(&cloud).record().logins[0];
    assert_eq!((login.outcome, login.method, login.tls), (Outcome::Accepted, Method::Iam, Some("TLSv1.3")));
    assert_eq!((login.user.as_str(), login.database.as_str()), ("app", "postgres"));
    assert_eq!(login.access_key.as_deref(), Some("AKIDEXAMPLE"));
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let cloud = rds().await;
    let mut client = Client::tls(&cloud).await;
    for byte in startup(&[("user", "app"), ("database", "postgres")]) {
        client.send(&[byte]).await;
    }
    assert_eq!(client.message().await.expect("a question").body, [0, 0, 0, 3]);
    for byte in password(&token("app")) {
        client.send(&[byte]).await;
    }
    assert_eq!(client.message().await.expect("an answer").body, [0; 4]);
    client.until_ready().await;
    assert_eq!(client.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_the_client_hears_the_same() {
    let cloud = rds().await;
    let good = token("app");
    let huge = "x".repeat(65_000);
    for (secret, reason, check) in [
        ("", "malformed", "E01"),
        (huge.as_str(), "malformed", "E01"),
        (&good[..good.len() - 1], "signature-form", "E21"),
        (&token("other"), "wrong-user", "E08"),
        (&good.replace(":5432", ":5433"), "wrong-cluster", "E09"),
    ] {
        let (mut client, answer) = Client::answered(&cloud, "app", secret).await;
        let text = r#"PAM authentication failed for user "app""#.to_owned();
        assert_eq!(answer.error(), ("28000".into(), text));
        assert!(client.is_closed().await);
        let record = front(&cloud).record();
        let login = record.logins.last().expect("a login");
        assert_eq!((login.reason, login.check), (Some(reason), Some(check)));
        assert!(
            login.log.as_ref().is_some_and(|line| line.contains("Error Code: InvalidToken")),
            "{login:?}"
        );
    }
}

#[tokio::test]
async fn membership_counts_from_the_next_login_on() {
    let sql = vec!["CREATE ROLE late LOGIN; GRANT rds_iam TO legacy".into()];
    let cloud = cloud(Some(RdsConfig { sql, ..config() }), None).await;
    let (_, asked) = Client::begin(&cloud, "late").await;
    assert_eq!(asked.body[..4], [0, 0, 0, 10], "SCRAM");
    let (_, asked) = Client::begin(&cloud, "legacy").await;
    assert_eq!(asked.body, [0, 0, 0, 3], "with rds_iam a password no longer works");
}

#[tokio::test]
async fn a_role_of_the_service_is_nobodys() {
    let cloud = rds().await;
    let (_, answer) = Client::begin(&cloud, "rdsadmin").await;
    assert_eq!(answer.error().0, "28000");
    assert_eq!(front(&cloud).record().logins[0].reason, Some("reserved"));
}

#[tokio::test]
async fn replication_is_not_for_tokens() {
    let cloud = rds().await;
    for mode in ["true", "database"] {
        let mut client = Client::tls(&cloud).await;
        client.send(&startup(&[("user", "app"), ("database", "postgres"), ("replication", mode)])).await;
        let (sqlstate, text) = client.message().await.expect("an answer").error();
        assert_eq!(sqlstate, "28000");
        assert!(text.starts_with("no pg_hba.conf entry for replication connection from host"), "{text}");
    }
}

#[tokio::test]
async fn no_token_is_written_down() {
    let cloud = rds().await;
    let good = token("app");
    let mut client = Client::tls(&cloud).await;
    client.send(&startup(&[("user", &good), ("application_name", &good)])).await;
    client.message().await.expect("an answer");
    Client::app(&cloud).await;
    let record = front(&cloud).record();
    let text = format!("{}{record:?}", serde_json::to_string(&record).expect("JSON"));
    let (_, signature) = good.rsplit_once('=').expect("a signature");
    assert!(!text.contains(signature) && !text.contains("X-Amz"), "{text}");
}

#[tokio::test]
async fn more_logins_a_second_than_are_allowed_are_throttled() {
    for (proxy, expected) in [
        (false, r#"PAM authentication failed for user "app""#),
        (true, "The IAM authentication failed because of too many competing requests."),
    ] {
        let cloud = cloud(Some(RdsConfig { login_rate: 0, proxy, ..config() }), None).await;
        let (_, answer) = Client::answered(&cloud, "app", &token("app")).await;
        assert_eq!(answer.error(), ("28000".into(), expected.into()));
        let login = &front(&cloud).record().logins[0];
        assert_eq!(login.reason, Some("throttled"));
        assert!(login.log.as_ref().is_some_and(|line| line.contains("ThrottlingException")), "{login:?}");
    }
}

#[tokio::test]
async fn e27_policies_say_who_may_log_in_as_whom() {
    let allowed = |action: &str, resource: &str| {
        let statement = format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#);
        serde_json::from_str(&format!(r#"{{"Statement": [{statement}]}}"#)).expect("a policy")
    };
    let app = "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-EXAMPLE/app";
    let policies = Some(vec![allowed("rds-db:connect", app)]);
    let users = vec!["app".into(), "other".into()];
    let cloud = cloud(Some(RdsConfig { policies, users, ..config() }), None).await;
    let mut live = Client::app(&cloud).await;
    let (_, answer) = Client::answered(&cloud, "other", &token("other")).await;
    assert_eq!(answer.error().1, r#"PAM authentication failed for user "other""#);
    let login = front(&cloud).record().logins[1].clone();
    assert_eq!((login.reason, login.check), (Some("not-authorized"), Some("E27")));
    assert!(login.log.is_some_and(|line| line.contains("user/AKIDEXAMPLE") && line.contains("403")));
    front(&cloud).faults().policies(Some(Vec::new()));
    assert_eq!(Client::answered(&cloud, "app", &token("app")).await.1.error().0, "28000");
    assert_eq!(live.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn e27_dsql_asks_for_the_action_of_the_role() {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "dsql:DbConnect",
        "Resource": "arn:aws:dsql:eu-west-1:123456789012:cluster/example"}}"#;
    let policies = Some(vec![serde_json::from_str(text).expect("a policy")]);
    let (region, users) = (crate::support::REGION.into(), vec!["app".into()]);
    let cloud = cloud(None, Some(DsqlConfig { region, users, policies, ..DsqlConfig::default() })).await;
    assert_eq!(Client::answered(&cloud, "app", &dsql_token("DbConnect")).await.1.body, [0; 4]);
    let (_, answer) = Client::answered(&cloud, "admin", &dsql_token("DbConnectAdmin")).await;
    assert_eq!(answer.error().1, "unable to accept connection, access denied");
}

#[tokio::test]
async fn a_refused_token_can_be_named() {
    let cloud = rds().await;
    let faults = front(&cloud).faults();
    let current = || Refuse { current: true, ..Refuse::default() };
    assert!(faults.refuse(current()).is_err(), "no token was accepted yet");
    let mut live = Client::app(&cloud).await;
    faults.refuse(current()).expect("a fault");
    let (_, answer) = Client::answered(&cloud, "app", &token("app")).await;
    assert_eq!(answer.error().0, "28000");
    assert_eq!(live.value("SELECT 1").await, "1");
    faults.clear();
    Client::app(&cloud).await;
}

#[tokio::test]
async fn dsql_has_limits_of_its_own() {
    let config = DsqlConfig {
        region: crate::support::REGION.into(),
        connection_rate: 0,
        connection_burst: 3,
        connection_limit: 1,
        ..DsqlConfig::default()
    };
    let cloud = cloud(None, Some(config)).await;
    let admin = dsql_token("DbConnectAdmin");
    let (mut first, answer) = Client::answered(&cloud, "admin", &admin).await;
    assert_eq!(answer.body, [0; 4]);
    first.until_ready().await;
    let (_, answer) = Client::begin(&cloud, "admin").await;
    let text = "Unable to accept connection, too many open connections.";
    assert_eq!(answer.error(), ("53300".into(), text.into()));
    drop(first);
    until(&cloud, |record| record.connections.iter().any(|open| open.why == Some(End::Client))).await;
    Client::answered(&cloud, "admin", &admin).await;
    let (_, answer) = Client::begin(&cloud, "admin").await;
    let text = "Unable to accept connection, rate exceeded.";
    assert_eq!(answer.error(), ("53400".into(), text.into()));
}
