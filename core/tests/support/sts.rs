//! A stand-in for STS and for a container's credential endpoint, over plain http on loopback.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

#[derive(Clone)]
pub(crate) struct Sts {
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    asked: Mutex<Vec<Asked>>,
    life: Mutex<Duration>,
    refuses: AtomicBool,
    hangs: AtomicBool,
    number: AtomicU64,
}

impl Sts {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            asked: Mutex::default(),
            life: Mutex::new(Duration::from_secs(3600)),
            refuses: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            number: AtomicU64::new(0),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { url, state }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    pub(crate) fn live(&self, life: Duration) {
        *self.state.life.lock().unwrap() = life;
    }

    pub(crate) fn refuse(&self, refuses: bool) {
        self.state.refuses.store(refuses, SeqCst);
    }

    pub(crate) fn hang(&self, hangs: bool) {
        self.state.hangs.store(hangs, SeqCst);
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    while let Some(asked) = read(&mut stream).await {
        let is_sts = asked.head.starts_with("POST");
        state.asked.lock().unwrap().push(asked);
        if state.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        let (status, body) = match (state.refuses.load(SeqCst), is_sts) {
            (true, _) => ("403 Forbidden", REFUSAL.to_owned()),
            (false, true) => ("200 OK", xml(&state)),
            (false, false) => ("200 OK", json(&state)),
        };
        let kind = if is_sts { "text/xml" } else { "application/json" };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.parse().unwrap());
        if body.len() >= length {
            return Some(Asked { head: head.to_owned(), body: body.to_owned() });
        }
    }
}

const REFUSAL: &str = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
    <Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error>\
    <RequestId>1</RequestId></ErrorResponse>";

/// Key id, secret, session token and end of the next keys.
fn keys(state: &State) -> [String; 4] {
    let number = state.number.fetch_add(1, SeqCst) + 1;
    let end = SystemTime::now() + *state.life.lock().unwrap();
    [format!("ASIAEXAMPLE{number}"), "secret".to_owned(), format!("session-{number}"), rfc3339(end)]
}

fn xml(state: &State) -> String {
    let [id, secret, token, end] = keys(state);
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>\
         <Expiration>{end}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s\
         </Arn><AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId></AssumedRoleUser></AssumeRoleResult><ResponseMetadata>\
         <RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )
}

fn json(state: &State) -> String {
    let [id, secret, token, end] = keys(state);
    serde_json::json!({"AccessKeyId": id, "SecretAccessKey": secret, "Token": token, "Expiration": end})
        .to_string()
}

fn rfc3339(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = chrono::DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap();
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
