//! What ends the emulator.

use std::future::pending;
use std::io::Read;

use keyrotor::{Code, Error};
use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::oneshot;

/// The reason to end.
pub(super) enum End {
    Signal(Signal),
    /// Standard input has ended.
    Input,
}

/// The signals that ask a program to end, and the end of its input where that counts.
pub(super) struct Signals {
    interrupted: unix::Signal,
    terminated: unix::Signal,
    hung_up: unix::Signal,
    input: Option<oneshot::Receiver<()>>,
}

impl Signals {
    pub(super) fn listen(until_eof: bool) -> Result<Self, Error> {
        Ok(Self {
            interrupted: listen_for(SignalKind::interrupt())?,
            terminated: listen_for(SignalKind::terminate())?,
            hung_up: listen_for(SignalKind::hangup())?,
            input: until_eof.then(end_of_input),
        })
    }

    pub(super) async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.interrupted.recv() => End::Signal(Signal::INT),
            _ = self.terminated.recv() => End::Signal(Signal::TERM),
            _ = self.hung_up.recv() => End::Signal(Signal::HUP),
            () = ended(&mut self.input) => End::Input,
        }
    }
}

async fn ended(input: &mut Option<oneshot::Receiver<()>>) {
    match input {
        Some(end) => {
            // It is told, or the thread is gone: both are the end.
            let _ = end.await;
            *input = None;
        }
        None => pending().await,
    }
}

/// A thread of its own: the runtime's would have to be waited for when a signal comes first.
fn end_of_input() -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut skipped = [0; 1024];
        let mut input = std::io::stdin().lock();
        while input.read(&mut skipped).is_ok_and(|read| read > 0) {}
        let _ = tell.send(());
    });
    told
}

fn listen_for(kind: SignalKind) -> Result<unix::Signal, Error> {
    signal(kind).map_err(|error| Error::new(Code::Internal, format!("no signal handler: {error}")))
}
