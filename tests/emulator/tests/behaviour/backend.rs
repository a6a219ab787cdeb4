//! The server behind: one that runs already, one of our own, and its end.

use crate::support::{Client, Draft, NOAUTH, Value, WRONGPASS, config, logged_in, start, wait};
use keyrotor_emulator::{Backend, Config, Emulator, Error};
use std::process::Stdio;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A server that someone else runs, with a password.
async fn server() -> (Child, u16) {
    for _ in 0..10 {
        let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let number = port.to_string();
        let args = ["--port", &number, "--save", "", "--requirepass", "p@ss", "--bind", "127.0.0.1"];
        let mut command = Command::new("redis-server");
        command.args(args).stdout(Stdio::null()).current_dir("/").kill_on_drop(true);
        let mut child = command.spawn().expect("redis-server");
        // Another test may have taken the port meanwhile: then the server ends, and the next port is tried.
        while child.try_wait().expect("a status").is_none() {
            wait(20).await;
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return (child, port);
            }
        }
    }
    panic!("no server comes up")
}

fn at(url: String) -> Config {
    Config { backend: Backend::Url(url), ..config() }
}

#[tokio::test]
async fn a_running_server_can_be_used() {
    let (_server, port) = server().await;
    let (emulator, mut client) = logged_in(at(format!("redis://:p%40ss@127.0.0.1:{port}"))).await;
    assert_eq!(client.call(&["ACL", "WHOAMI"]).await, Value::bulk("app"));
    assert_eq!(client.call(&["RESET"]).await, Value::Simple("RESET".into()));
    assert_eq!(client.call(&["AUTH", "p@ss"]).await, Value::error(WRONGPASS));
    assert_eq!(client.call(&["PING"]).await, Value::error(NOAUTH));
    assert!(matches!(emulator.faults().restart_backend().await, Err(Error::Backend(_))));
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_reported() {
    let (_server, port) = server().await;
    let error = Emulator::start(at(format!("redis://127.0.0.1:{port}"))).await.expect_err("no password");
    assert!(error.to_string().contains("NOAUTH"), "{error}");
    let error = Emulator::start(at("redis://127.0.0.1:1".into())).await.expect_err("no server");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn users_share_the_data_but_not_their_names() {
    let (emulator, mut client) = logged_in(config()).await;
    client.call(&["SET", "a", "1"]).await;
    let token = Draft { user: "other", ..Draft::new(0) }.sign();
    assert_eq!(client.call(&["AUTH", "other", &token]).await, Value::ok());
    assert_eq!(client.call(&["ACL", "WHOAMI"]).await, Value::bulk("other"));
    assert_eq!(client.call(&["GET", "a"]).await, Value::bulk("1"));
    drop(emulator);
}

#[tokio::test]
async fn dropped_it_leaves_nothing_behind() {
    let (emulator, mut client) = logged_in(config()).await;
    let (address, ca) = (emulator.address(), emulator.ca_path().to_owned());
    let Value::Bulk(text) = client.call(&["INFO", "server"]).await else { panic!("no info") };
    let text = String::from_utf8_lossy(&text).into_owned();
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).expect("a field").to_owned();
    let process = std::path::Path::new("/proc").join(field("process_id:"));
    assert!(process.exists());
    drop(emulator);
    assert!(!process.exists() && !ca.exists());
    assert!(client.is_closed().await);
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        wait(10).await;
    }
    panic!("still listening");
}

#[tokio::test]
async fn the_default_user_can_be_one_of_them() {
    let emulator = start(Config { users: vec!["default".into()], ..config() }).await;
    let mut client = Client::connect(&emulator).await;
    let token = Draft { user: "default", ..Draft::new(0) }.sign();
    assert_eq!(client.call(&["AUTH", &token]).await, Value::ok());
    assert_eq!(client.call(&["ACL", "WHOAMI"]).await, Value::bulk("default"));
}

#[tokio::test]
async fn two_can_run_side_by_side() {
    let (one, two) = tokio::join!(start(config()), start(config()));
    for emulator in [&one, &two] {
        Client::connect(emulator).await.login(0).await;
    }
    assert_ne!(one.address(), two.address());
}
