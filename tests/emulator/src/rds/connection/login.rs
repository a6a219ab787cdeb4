//! The login. PostgreSQL decides how: where it lets a role in without a question, the front asks for a token first.

use super::{goodbye, say};
use crate::rds::decision::Refusal;
use crate::rds::gate::Attempt;
use crate::rds::judge::Opinion;
use crate::rds::record::{End, Method};
use crate::rds::texts;
use crate::rds::wire::{Message, Wire, authentication, read_message, read_password};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const OK: u32 = 0;
const IN_THE_CLEAR: u32 = 3;
/// The server's last word in SCRAM, after which it waits for nothing.
const SASL_FINAL: u32 = 12;
const LAST_WORDS: u64 = 8 << 10;

/// Runs until the client is logged in, and gives the connection to the server.
pub(super) async fn run(attempt: &Attempt<'_>, client: &mut Wire) -> Result<UnixStream, End> {
    if let Err(refusal) = attempt.may_begin() {
        return Err(refuse(attempt, client, Method::None, None, &refusal).await);
    }
    let Ok(mut server) = attempt.gate.server.connect().await else {
        let refusal = Refusal::new("backend", texts::away());
        return Err(refuse(attempt, client, Method::None, None, &refusal).await);
    };
    server.write_all(&attempt.startup.bytes).await.map_err(|_| End::Backend)?;
    if !attempt.startup.is_current() {
        return Err(pass_last_words(attempt, client, server).await);
    }
    let mut method = Method::None;
    loop {
        let message = read_message(&mut server).await.map_err(|_| End::Backend)?;
        match (message.kind, message.authentication()) {
            (b'R', Some(OK)) if method == Method::None => {
                ask_for_token(attempt, client).await?;
                return Ok(server);
            }
            (b'R', Some(OK)) => {
                attempt.accepted(method, None);
                say(attempt.gate, client, &message.bytes()).await?;
                return Ok(server);
            }
            (b'R', Some(SASL_FINAL)) | (b'v' | b'N', _) => {
                say(attempt.gate, client, &message.bytes()).await?
            }
            (b'R', _) => {
                method = Method::Password;
                pass_question(attempt, client, &mut server, &message).await?;
            }
            (b'E', _) => {
                attempt.refused_behind(method, message.error_field(b'C'));
                say(attempt.gate, client, &message.bytes()).await?;
                goodbye(client).await;
                return Err(End::Refused);
            }
            _ => return Err(End::Backend),
        }
    }
}

/// What the server says to a protocol that it does not speak, up to its end.
async fn pass_last_words(attempt: &Attempt<'_>, client: &mut Wire, server: UnixStream) -> End {
    let mut words = Vec::new();
    // However it ends, what was said is passed on.
    let _ = server.take(LAST_WORDS).read_to_end(&mut words).await;
    if let Err(end) = say(attempt.gate, client, &words).await {
        return end;
    }
    goodbye(client).await;
    End::Client
}

/// The server's question to the client, and the client's answer to the server.
async fn pass_question(
    attempt: &Attempt<'_>,
    client: &mut Wire,
    server: &mut UnixStream,
    question: &Message,
) -> Result<(), End> {
    say(attempt.gate, client, &question.bytes()).await?;
    let answer = read_password(client).await.map_err(|_| End::Client)?;
    server.write_all(&answer.bytes()).await.map_err(|_| End::Backend)
}

/// The server would let this role in; whether it gets in is decided here.
async fn ask_for_token(attempt: &Attempt<'_>, client: &mut Wire) -> Result<(), End> {
    let method = attempt.gate.settings.kind.method();
    if let Err(refusal) = attempt.may_use_a_token() {
        return Err(refuse(attempt, client, method, None, &refusal).await);
    }
    say(attempt.gate, client, &authentication(IN_THE_CLEAR)).await?;
    let answer = read_password(client).await.map_err(|_| End::Client)?;
    if answer.kind != b'p' {
        let refusal = Refusal::new("no-password", texts::no_password(answer.kind));
        return Err(refuse(attempt, client, method, None, &refusal).await);
    }
    let token = answer.body.strip_suffix(&[0]).unwrap_or(&answer.body);
    if attempt.gate.cuts() {
        attempt.refused(method, None, &Refusal::cut());
        return Err(End::Cut);
    }
    let (opinion, decision) = attempt.decide(token);
    if let Err(refusal) = decision {
        return Err(refuse(attempt, client, method, Some(&opinion), &refusal).await);
    }
    attempt.accepted(method, Some(&opinion));
    say(attempt.gate, client, &authentication(OK)).await
}

async fn refuse(
    attempt: &Attempt<'_>,
    client: &mut Wire,
    method: Method,
    opinion: Option<&Opinion>,
    refusal: &Refusal,
) -> End {
    attempt.refused(method, opinion, refusal);
    if let Some(fatal) = &refusal.fatal {
        if let Err(end) = say(attempt.gate, client, &fatal.bytes()).await {
            return end;
        }
        goodbye(client).await;
    }
    End::Refused
}
