//! Before a login: nothing but logins reaches the backend, one at a time.

use super::End;
use super::inside::is_ping;
use super::wire::{Wire, send};
use crate::command::{Asked, Login, asked};
use crate::gate::{Answer, Gate};
use crate::record::Closed;
use crate::resp::request::Event;
use crate::resp::{self, NOAUTH, NOAUTH_HELLO, NOPROTO};
use crate::session::Session;
use std::sync::atomic::Ordering::Relaxed;

/// Runs until a login has succeeded.
pub(super) async fn run(gate: &Gate, session: &Session, wire: &mut Wire) -> Result<(), End> {
    wire.intake.parser.authenticated(false);
    let mut text = Vec::new();
    loop {
        loop {
            let args = match wire.intake.event() {
                Ok(None) => break,
                Ok(Some((Event::Whole(args), _))) => args,
                Ok(Some((Event::Head(_), _))) => {
                    if wire.unsealed && !is_ping(wire.intake.head()) {
                        return Err(End::Closed(Closed::Client));
                    }
                    refuse(session, &mut text);
                    leave_if_tired(gate, session, wire, &mut text).await?;
                    continue;
                }
                Ok(Some((Event::Body(_), _))) => continue,
                Err(broken) => {
                    resp::error(&mut text, &format!("ERR {broken}"));
                    wire.answer(gate, &mut text).await?;
                    return Err(End::Closed(Closed::Client));
                }
            };
            if command(gate, session, wire, &mut text, args).await? {
                wire.intake.parser.authenticated(true);
                return Ok(());
            }
            leave_if_tired(gate, session, wire, &mut text).await?;
        }
        wire.answer(gate, &mut text).await?;
        if !wire.intake.fill().await {
            return Err(End::Closed(Closed::Client));
        }
    }
}

fn refuse(session: &Session, text: &mut Vec<u8>) {
    session.refused.fetch_add(1, Relaxed);
    resp::error(text, NOAUTH);
}

/// Ends a connection that has sent too many commands without a login, where a switch says so.
async fn leave_if_tired(
    gate: &Gate,
    session: &Session,
    wire: &mut Wire,
    text: &mut Vec<u8>,
) -> Result<(), Closed> {
    // The cluster's own servers ask whether somebody is there before they log in.
    if wire.unsealed {
        return Ok(());
    }
    let refused = session.refused.load(Relaxed);
    if gate.config.switches.most_unauthenticated.is_none_or(|most| refused < most) {
        return Ok(());
    }
    wire.answer(gate, text).await?;
    Err(Closed::Unauthenticated)
}

/// Answers one command; `true` if it has logged in.
async fn command(
    gate: &Gate,
    session: &Session,
    wire: &mut Wire,
    text: &mut Vec<u8>,
    args: Vec<Vec<u8>>,
) -> Result<bool, End> {
    let (asked, args) = asked(args);
    match asked {
        Asked::Login(request) if gate.knows_keeper(&request) => {
            wire.answer(gate, text).await?;
            return Err(keeper(gate, wire).await);
        }
        _ if wire.unsealed => return Err(End::Closed(Closed::Client)),
        Asked::Login(request) => return Ok(login(gate, session, wire, text, request).await?),
        Asked::PlainHello(_) => {
            session.refused.fetch_add(1, Relaxed);
            resp::error(text, NOAUTH_HELLO);
        }
        Asked::BadVersion => resp::error(text, NOPROTO),
        Asked::BadLogin => {
            wire.answer(gate, text).await?;
            let mut request = Vec::new();
            resp::command(&mut request, &args);
            wire.relay(gate, &request).await?;
        }
        Asked::Reset => {
            session.reset();
            text.extend_from_slice(b"+RESET\r\n");
        }
        Asked::Quit => {
            text.extend_from_slice(b"+OK\r\n");
            wire.answer(gate, text).await?;
            return Err(End::Closed(Closed::Client));
        }
        Asked::SetName(_)
        | Asked::Subscription(_)
        | Asked::Multi
        | Asked::Exec
        | Asked::Discard
        | Asked::Other => refuse(session, text),
    }
    Ok(false)
}

/// Logs one of the cluster's own servers in; it reads the answer with all the others.
async fn keeper(gate: &Gate, wire: &mut Wire) -> End {
    let (user, password) = gate.backend.keeper();
    let mut request = Vec::new();
    resp::command(&mut request, &["AUTH", user, password]);
    match send(&mut wire.backend, &request).await {
        Ok(()) => End::Inside,
        Err(_) => End::Closed(Closed::Backend),
    }
}

async fn login(
    gate: &Gate,
    session: &Session,
    wire: &mut Wire,
    text: &mut Vec<u8>,
    login: Login,
) -> Result<bool, Closed> {
    let greeting = login.greeting.clone();
    let (user, accepted) = match gate.decide(session, &login) {
        Answer::Say(error) => {
            resp::error(text, &error);
            return Ok(false);
        }
        Answer::Refuse => (String::new(), false),
        Answer::Accept(user) => (user, true),
    };
    let mut request = Vec::new();
    resp::command(&mut request, &rewrite(gate, login, accepted.then_some(user.as_str())));
    wire.answer(gate, text).await?;
    session.forwarded.fetch_add(1, Relaxed);
    let reply = wire.relay(gate, &request).await?;
    if accepted && reply.error {
        // The backend had its own reason, such as users that somebody changed.
        session.reset();
    } else if accepted {
        greeting.apply(session);
    }
    Ok(accepted && !reply.error)
}

/// The login with the backend's own password, or with one that cannot be right.
pub(super) fn rewrite(gate: &Gate, login: Login, user: Option<&str>) -> Vec<Vec<u8>> {
    let known = user.and_then(|user| Some((user, gate.backend.password(user)?)));
    let (user, password) = known.unwrap_or_else(|| gate.backend.nobody());
    login.rewrite(user, password)
}
