//! After a login: both directions run freely, and only logins and RESET are read.

use super::intake::Intake;
use super::locked::rewrite;
use super::wire::{PIECE, Replies, Wire, send};
use crate::backend::Writer;
use crate::command::{Asked, Login, asked};
use crate::gate::{Answer, Gate};
use crate::record::Closed;
use crate::resp::reply::Frame;
use crate::resp::request::Event;
use crate::resp::{self, NOAUTH, NOAUTH_HELLO};
use crate::session::Session;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::io::AsyncWriteExt;

/// Runs until RESET was asked and answered.
pub(super) async fn run(gate: &Gate, session: &Session, wire: &mut Wire) -> Result<(), Closed> {
    let reset = AtomicBool::new(false);
    let left = AtomicBool::new(false);
    let Wire { intake, client, replies, backend, .. } = wire;
    let up = Up { gate, session, intake, backend, out: Vec::with_capacity(PIECE), discard: false };
    tokio::try_join!(up.run(&reset, &left), down(gate, replies, client, &reset, &left)).map(|_| ())
}

/// From the backend to the client, until RESET is answered.
async fn down(
    gate: &Gate,
    replies: &mut Replies,
    client: &mut Writer,
    reset: &AtomicBool,
    left: &AtomicBool,
) -> Result<(), Closed> {
    let is_last = |frame: Frame| frame.reset && reset.load(Relaxed);
    // A backend that closes after its client has left does so for that reason.
    let why = |why| if left.load(Relaxed) && why == Closed::Backend { Closed::Client } else { why };
    loop {
        replies.fill().await.map_err(why)?;
        let stopped = if let Some(after) = gate.cut() {
            is_last(replies.pass_one(gate, client, Some(after)).await.map_err(why)?)
        } else {
            let (piece, stopped) = replies.all(is_last).await.map_err(why)?;
            gate.held_back().await;
            send(client, piece).await.map_err(|_| Closed::Client)?;
            stopped
        };
        if stopped {
            return Ok(());
        }
    }
}

/// `Up` goes from the client to the backend.
struct Up<'a> {
    gate: &'a Gate,
    session: &'a Session,
    intake: &'a mut Intake,
    backend: &'a mut Writer,
    /// What is to be sent with the next write.
    out: Vec<u8>,
    /// Whether the command that runs through is not for the backend.
    discard: bool,
}

impl Up<'_> {
    async fn run(mut self, reset: &AtomicBool, left: &AtomicBool) -> Result<(), Closed> {
        loop {
            match self.events() {
                Ok(false) => self.flush().await?,
                Ok(true) => {
                    reset.store(true, Relaxed);
                    return self.flush().await;
                }
                Err(()) => {
                    // The backend says what is wrong, in its place among the replies, and closes.
                    self.out.extend(self.intake.broken());
                    left.store(true, Relaxed);
                    return self.flush().await;
                }
            }
            if !self.intake.fill().await {
                // What was asked before is still answered.
                left.store(true, Relaxed);
                let _ = self.backend.shutdown().await;
                return Ok(());
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Closed> {
        if !self.out.is_empty() {
            send(self.backend, &self.out).await.map_err(|_| Closed::Backend)?;
            self.out.clear();
        }
        Ok(())
    }

    /// Handles all that was read; `true` after a RESET, which must be answered before anything else is looked at.
    fn events(&mut self) -> Result<bool, ()> {
        loop {
            match self.intake.event() {
                Ok(None) => return Ok(false),
                Err(_) => return Err(()),
                Ok(Some((Event::Whole(args), _))) => {
                    if self.command(args) {
                        return Ok(true);
                    }
                }
                Ok(Some((Event::Body(last), bytes))) => {
                    if !self.discard {
                        self.out.extend_from_slice(bytes);
                    }
                    self.discard &= !last;
                }
                Ok(Some((Event::Head(last), _))) => {
                    if self.passes(NOAUTH) {
                        self.out.extend_from_slice(self.intake.head());
                    } else {
                        self.discard = !last;
                    }
                }
            }
        }
    }

    /// Whether a command may pass; if its login was forgotten, the error takes its place. A transaction that has begun
    /// goes on: between MULTI and EXEC the backend would queue what is to say the error.
    fn passes(&mut self, error: &str) -> bool {
        let forgotten = self.session.is_forgotten() && !self.session.in_multi();
        let count = if forgotten { &self.session.refused } else { &self.session.forwarded };
        count.fetch_add(1, Relaxed);
        if forgotten {
            resp::say(&mut self.out, error);
        }
        !forgotten
    }

    /// Handles a command that was kept; `true` if it is RESET.
    fn command(&mut self, args: Vec<Vec<u8>>) -> bool {
        let (asked, args) = asked(args);
        let error = if matches!(asked, Asked::PlainHello(_)) { NOAUTH_HELLO } else { NOAUTH };
        match asked {
            Asked::Login(login) => {
                self.login(login);
                return false;
            }
            // These need no login.
            Asked::Reset | Asked::Quit | Asked::BadLogin | Asked::BadVersion => {
                self.session.forwarded.fetch_add(1, Relaxed);
            }
            _ if !self.passes(error) => return false,
            Asked::Multi => self.session.multi(),
            Asked::Exec => self.session.leave_multi(true),
            Asked::Discard => self.session.leave_multi(false),
            Asked::SetName(ref name) => self.session.set_name(name),
            Asked::PlainHello(ref greeting) => greeting.apply(self.session),
            Asked::Subscription(ref name) => self.session.follow(name, args.get(1..).unwrap_or_default()),
            Asked::Other => {}
        }
        resp::command(&mut self.out, &args);
        let reset = matches!(asked, Asked::Reset);
        if reset {
            self.session.reset();
        }
        reset
    }

    fn login(&mut self, login: Login) {
        self.session.forwarded.fetch_add(1, Relaxed);
        let greeting = login.greeting.clone();
        match self.gate.decide(self.session, &login) {
            Answer::Say(error) => resp::say(&mut self.out, &error),
            Answer::Refuse => resp::command(&mut self.out, &rewrite(self.gate, login, None)),
            Answer::Accept(user) => {
                greeting.apply(self.session);
                resp::command(&mut self.out, &rewrite(self.gate, login, Some(&user)));
            }
        }
    }
}
