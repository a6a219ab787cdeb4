//! Sessions: re-AUTH, the session limit, RESET.

use crate::support::{
    Client, Draft, NOAUTH, Value, WRONGPASS, config, encode, logged_in, start, until, wait,
};
use keyrotor_emulator::{Closed, Config, Switches};
use std::time::Duration;

fn limited(milliseconds: u64) -> Config {
    Config { session_limit: Some(Duration::from_millis(milliseconds)), ..config() }
}

#[tokio::test]
async fn a_session_ends_at_its_limit_without_a_word() {
    let (emulator, mut client) = logged_in(limited(600)).await;
    let mut idle = Client::connect(&emulator).await;
    assert!(client.is_closed().await);
    let record = until(&emulator, |record| record.totals.session_limit_cuts == 1).await;
    assert_eq!(record.connections[0].why, Some(Closed::SessionLimit));
    assert_eq!(idle.call(&["PING"]).await, Value::error(NOAUTH), "no login, no limit");
}

#[tokio::test]
async fn a_switch_says_something_before_the_end() {
    let switches = Switches { last_words: Some("ERR session expired".into()), ..Switches::default() };
    let (_emulator, mut client) = logged_in(Config { switches, ..limited(600) }).await;
    assert_eq!(client.reply().await, Value::error("ERR session expired"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_new_token_prolongs_and_an_old_one_does_not() {
    let emulator = start(limited(1500)).await;
    let (mut renewed, mut repeated, mut older) = (
        Client::connect(&emulator).await,
        Client::connect(&emulator).await,
        Client::connect(&emulator).await,
    );
    for client in [&mut renewed, &mut repeated, &mut older] {
        client.login(5).await;
    }
    wait(900).await;
    renewed.login(6).await;
    repeated.login(5).await;
    older.login(4).await;
    assert!(repeated.is_closed().await && older.is_closed().await);
    assert_eq!(renewed.call(&["PING"]).await, Value::Simple("PONG".into()));
    assert!(renewed.is_closed().await);
    assert_eq!(
        until(&emulator, |record| record.totals.session_limit_cuts == 3).await.totals.logins_accepted,
        6
    );
}

#[tokio::test]
async fn a_switch_lets_the_same_token_prolong() {
    let switches = Switches { same_token_prolongs: true, ..Switches::default() };
    let (emulator, mut client) = logged_in(Config { switches, ..limited(1500) }).await;
    wait(900).await;
    client.login(0).await;
    wait(900).await;
    assert_eq!(client.call(&["PING"]).await, Value::Simple("PONG".into()));
    drop(emulator);
}

#[tokio::test]
async fn a_refused_login_keeps_the_session() {
    let (emulator, mut client) = logged_in(config()).await;
    let expired = Draft { date: "20250615T120000Z".into(), ..Draft::new(0) }.sign();
    assert_eq!(client.call(&["AUTH", "app", &expired]).await, Value::error(WRONGPASS));
    assert_eq!(client.call(&["HELLO", "3", "AUTH", "app", &expired]).await, Value::error(WRONGPASS));
    assert_eq!(client.call(&["ACL", "WHOAMI"]).await, Value::bulk("app"));
    let reasons: Vec<_> =
        emulator.record().logins.iter().map(|login| (login.reason, login.relogin)).collect();
    assert_eq!(reasons, [(None, false), (Some("expired"), true), (Some("expired"), true)]);
}

#[tokio::test]
async fn a_switch_forgets_the_session_after_a_refused_login() {
    let switches = Switches { failed_reauth_keeps_session: false, ..Switches::default() };
    let (_emulator, mut client) = logged_in(Config { switches, ..config() }).await;
    assert_eq!(client.call(&["AUTH", "app", "x"]).await, Value::error(WRONGPASS));
    assert_eq!(client.call(&["PING"]).await, Value::error(NOAUTH));
    client.login(1).await;
    assert_eq!(client.call(&["PING"]).await, Value::Simple("PONG".into()));
}

#[tokio::test]
async fn tokens_live_as_long_as_they_are_set_to() {
    // The judging clock starts at the second of token 0, so that it is fresh.
    let clock = config().clock.map(|clock| clock - Duration::from_secs(56));
    let token_life = Some(Duration::from_secs(1));
    let (_emulator, mut client) = logged_in(Config { clock, token_life, ..config() }).await;
    let token = Draft::new(0).sign();
    wait(1100).await;
    assert_eq!(client.call(&["AUTH", "app", &token]).await, Value::error(WRONGPASS));
    assert_eq!(
        client.call(&["PING"]).await,
        Value::Simple("PONG".into()),
        "the connection outlives its token"
    );
}

#[tokio::test]
async fn reset_locks_the_gate() {
    let (emulator, mut client) = logged_in(limited(700)).await;
    let mut pipeline = encode(&["ECHO", "+RESET\r\n"]);
    pipeline.extend(encode(&["MULTI"]));
    pipeline.extend(b"reset\r\nPING\r\n");
    pipeline.extend(encode(&["AUTH", "app", "x"]));
    let replies = client.pipeline(&pipeline, 5).await;
    let expected = [
        Value::bulk("+RESET\r\n"),
        Value::ok(),
        Value::Simple("RESET".into()),
        Value::error(NOAUTH),
        Value::error(WRONGPASS),
    ];
    assert_eq!(replies, expected);
    wait(900).await;
    assert_eq!(client.call(&["GET", "a"]).await, Value::error(NOAUTH), "no session, no limit");
    client.login(0).await;
    assert_eq!(client.call(&["GET", "a"]).await, Value::Null);
    assert!(client.is_closed().await);
    drop(emulator);
}
