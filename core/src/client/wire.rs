//! What one connection has to send and which replies it is owed. No I/O: whoever drives the socket asks this what to
//! write, and hands over the replies that it read.

use std::collections::VecDeque;
use std::time::Duration;

use keyrotor_proto::Code;
use redis::Value;
use smallvec::SmallVec;
use tokio::sync::oneshot;
use zeroize::{Zeroize, Zeroizing};

use super::session::timed_out;
use crate::error::{Error, Result};

/// A buffer that a large batch has blown up is given back.
const KEPT: usize = 64 << 10;

/// The outcome of everything that one call sent, which is one command as a rule.
pub(super) type Replies = SmallVec<[Result<Value>; 1]>;
/// Where they arrive. Dropping it gives the call up: its replies are then dropped too.
pub(super) type Waiting = oneshot::Receiver<Result<Replies>>;

/// `Wire` is the state of a connection between its socket and its callers.
#[derive(Default)]
pub(super) struct Wire {
    outgoing: Vec<u8>,
    /// Whether a login waits in `outgoing`, and whether one was in what was handed out last.
    holds_secret: bool,
    lent_secret: bool,
    owed: VecDeque<Owed>,
    /// When whoever drives will look for calls whose time is over, and whether one has come whose time is over before.
    looked_at: Option<Duration>,
    is_late: bool,
    end: Option<Error>,
}

/// A call that waits, or one that was given up and whose replies are still to come.
struct Owed {
    left: usize,
    /// Whether one error stands for all that is left.
    ends_with_error: bool,
    replies: Replies,
    deadline: Option<Deadline>,
    caller: Option<Caller>,
}

/// What there is to do about a call whose caller does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// Nothing else is under way.
    pub(super) is_alone: bool,
    /// Its time is over before anybody would look: somebody is to be told to.
    pub(super) is_first_to_end: bool,
}

/// What was handed out to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lent {
    /// A login is in it.
    pub(super) is_secret: bool,
    /// A call came whose time is over before the moment that [`expire`](Wire::expire) returned last.
    pub(super) is_late: bool,
}

/// Who is told the outcome of a call.
enum Caller {
    Waiting(oneshot::Sender<Result<Replies>>),
    Told(Box<dyn Told>),
}

/// Is told an outcome on the spot, while the wire is locked: it must not come back here.
pub(super) trait Told: Send {
    fn tell(self: Box<Self>, outcome: Result<Replies>);
}

impl Caller {
    fn answer(self, outcome: Result<Replies>) {
        match self {
            // Whoever asked may have left.
            Self::Waiting(caller) => drop(caller.send(outcome)),
            Self::Told(caller) => caller.tell(outcome),
        }
    }

    fn has_left(&self) -> bool {
        matches!(self, Self::Waiting(caller) if caller.is_closed())
    }
}

/// How long a call waits, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    pub(super) within: Duration,
    pub(super) at: Duration,
}

impl Deadline {
    /// Of a call that begins now. One that would end after the end of time ends with it.
    pub(super) fn of(within: Duration, now: Duration) -> Self {
        let at = now.saturating_add(within);
        Self { within: at.saturating_sub(now), at }
    }

    /// When the call began.
    pub(super) fn began(self) -> Duration {
        self.at.saturating_sub(self.within)
    }
}

impl Wire {
    /// Takes `count` packed commands that `pack` appends; their replies arrive together.
    ///
    /// # Errors
    /// What ended the connection.
    pub(super) fn submit(
        &mut self,
        count: usize,
        deadline: Option<Deadline>,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Waiting> {
        self.owe(count, deadline, false, pack)
    }

    /// Takes `count` packed commands of a caller that does not wait; it is told.
    ///
    /// # Errors
    /// The caller, where the connection has ended: nothing was taken.
    pub(super) fn post<T: Told + 'static>(
        &mut self,
        count: usize,
        deadline: Deadline,
        caller: Box<T>,
        pack: impl FnOnce(&T, &mut Vec<u8>),
    ) -> Result<Taken, Box<T>> {
        if self.end.is_some() {
            return Err(caller);
        }
        let is_alone = self.owed.is_empty();
        let is_first_to_end = self.looked_at.is_none_or(|at| deadline.at < at);
        if is_first_to_end {
            self.looked_at = Some(deadline.at);
        }
        self.write(|out| pack(&caller, out));
        self.owed.push_back(Owed {
            left: count,
            ends_with_error: false,
            replies: Replies::with_capacity(count),
            deadline: Some(deadline),
            caller: Some(Caller::Told(caller)),
        });
        Ok(Taken { is_alone, is_first_to_end })
    }

    /// Takes a command that the server confirms `count` times, or answers with one error.
    ///
    /// # Errors
    /// What ended the connection.
    pub(super) fn submit_confirmed(
        &mut self,
        count: usize,
        deadline: Deadline,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Waiting> {
        self.owe(count, Some(deadline), true, pack)
    }

    fn owe(
        &mut self,
        left: usize,
        deadline: Option<Deadline>,
        ends_with_error: bool,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Waiting> {
        if let Some(end) = &self.end {
            return Err(end.clone());
        }
        self.write(pack);
        let (caller, waiting) = oneshot::channel();
        let (caller, replies) = (Some(Caller::Waiting(caller)), Replies::with_capacity(left));
        self.is_late |= deadline.zip(self.looked_at).is_some_and(|(deadline, at)| deadline.at < at);
        self.owed.push_back(Owed { left, ends_with_error, replies, deadline, caller });
        Ok(waiting)
    }

    /// Takes a packed command that nobody may find in freed memory; one reply is owed.
    ///
    /// # Errors
    /// What ended the connection.
    pub(super) fn submit_secret(&mut self, packed: &Zeroizing<Vec<u8>>) -> Result<Waiting> {
        self.holds_secret = true;
        self.owe(1, None, false, |out| out.extend_from_slice(packed))
    }

    /// Behind a login it grows without leaving a copy behind.
    fn write(&mut self, pack: impl FnOnce(&mut Vec<u8>)) {
        if !self.holds_secret {
            return pack(&mut self.outgoing);
        }
        let mut packed = Zeroizing::new(Vec::new());
        pack(&mut packed);
        let mut grown = Vec::with_capacity(self.outgoing.len() + packed.len());
        grown.extend_from_slice(&self.outgoing);
        grown.extend_from_slice(&packed);
        self.outgoing.zeroize();
        self.outgoing = grown;
    }

    /// How many bytes wait to be written.
    pub(super) fn backlog(&self) -> usize {
        self.outgoing.len()
    }

    /// Exchanges what is to be written for an emptied buffer.
    pub(super) fn take_outgoing(&mut self, emptied: &mut Vec<u8>) -> Lent {
        if std::mem::replace(&mut self.lent_secret, std::mem::take(&mut self.holds_secret)) {
            emptied.zeroize();
        }
        emptied.clear();
        if emptied.capacity() > KEPT {
            *emptied = Vec::new();
        }
        std::mem::swap(&mut self.outgoing, emptied);
        Lent { is_secret: self.lent_secret, is_late: self.is_late }
    }

    /// Hands replies to the calls that are owed them.
    ///
    /// # Errors
    /// [`Code::Protocol`] for a reply that nobody is owed: the connection can no longer be trusted.
    pub(super) fn deliver(&mut self, replies: impl IntoIterator<Item = Result<Value>>) -> Result<()> {
        for reply in replies {
            let Some(next) = self.owed.front_mut() else {
                let message = "the server sent a reply that no command had asked for";
                return Err(Error::new(Code::Protocol, message));
            };
            next.left = if next.ends_with_error && reply.is_err() { 0 } else { next.left - 1 };
            next.replies.push(reply);
            if next.left == 0
                && let Some(Owed { caller: Some(caller), replies, .. }) = self.owed.pop_front()
            {
                caller.answer(Ok(replies));
            }
        }
        Ok(())
    }

    /// Ends the waiting of calls whose time is over. Returns the next moment at which one may be.
    pub(super) fn expire(&mut self, now: Duration) -> Option<Duration> {
        let waiting = self.owed.iter_mut().filter(|owed| owed.caller.is_some());
        let mut next = None;
        for (owed, deadline) in waiting.filter_map(|owed| owed.deadline.map(|deadline| (owed, deadline))) {
            if deadline.at > now {
                next = Some(next.map_or(deadline.at, |next: Duration| next.min(deadline.at)));
            } else if let Some(caller) = owed.caller.take() {
                caller.answer(Err(timed_out(deadline.within)));
            }
        }
        (self.looked_at, self.is_late) = (next, false);
        next
    }

    /// Ends all calls with this error, and refuses those that follow with it.
    pub(super) fn end(&mut self, error: Error) {
        let error = self.end.get_or_insert(error);
        for caller in self.owed.drain(..).filter_map(|owed| owed.caller) {
            caller.answer(Err(error.clone()));
        }
        if self.holds_secret {
            self.outgoing.zeroize();
        }
        self.outgoing = Vec::new();
    }

    /// Whether somebody waits.
    pub(super) fn is_awaited(&self) -> bool {
        self.owed.iter().any(|owed| owed.caller.as_ref().is_some_and(|caller| !caller.has_left()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit(wire: &mut Wire, count: usize, seconds: u64) -> Waiting {
        let at = Duration::from_secs(seconds);
        let deadline = Some(Deadline { within: at, at });
        wire.submit(count, deadline, |out| out.extend_from_slice(b"*1\r\n$4\r\nPING\r\n")).unwrap()
    }

    fn numbers(range: std::ops::Range<i64>) -> impl Iterator<Item = Result<Value>> {
        range.map(|number| Ok(Value::Int(number)))
    }

    #[test]
    fn replies_go_to_their_callers_in_order() {
        let mut wire = Wire::default();
        let (mut one, mut two) = (submit(&mut wire, 1, 9), submit(&mut wire, 2, 9));
        let mut out = Vec::new();
        wire.take_outgoing(&mut out);
        assert_eq!((out.len(), wire.backlog()), (28, 0));
        wire.deliver(numbers(0..2)).unwrap();
        assert_eq!(one.try_recv().unwrap().unwrap()[0].as_ref().unwrap(), &Value::Int(0));
        two.try_recv().unwrap_err();
        wire.deliver(numbers(2..3)).unwrap();
        assert_eq!(two.try_recv().unwrap().unwrap().len(), 2);
        assert!(!wire.is_awaited());
    }

    #[test]
    fn b09_a_call_without_end_began_when_it_did() {
        let now = Duration::from_secs(9);
        for within in [Duration::from_secs(1), Duration::MAX] {
            let deadline = Deadline::of(within, now);
            assert_eq!((deadline.began(), deadline.at), (now, now.saturating_add(within)));
        }
    }

    struct Nobody;

    impl Told for Nobody {
        fn tell(self: Box<Self>, _: Result<Replies>) {}
    }

    fn post(wire: &mut Wire, seconds: u64) -> Taken {
        let at = Duration::from_secs(seconds);
        let posted = wire.post(1, Deadline { within: at, at }, Box::new(Nobody), |_, _| {});
        posted.map_err(|_| "it has ended").unwrap()
    }

    #[test]
    fn b09_a_call_that_is_posted_says_whether_its_time_is_seen_to() {
        let mut wire = Wire::default();
        assert_eq!(post(&mut wire, 5), Taken { is_alone: true, is_first_to_end: true });
        assert_eq!(post(&mut wire, 6), Taken { is_alone: false, is_first_to_end: false });
        assert_eq!(post(&mut wire, 4), Taken { is_alone: false, is_first_to_end: true });
        assert_eq!(wire.expire(Duration::from_secs(4)), Some(Duration::from_secs(5)));
        assert!(!post(&mut wire, 7).is_first_to_end);
        wire.deliver(numbers(0..4)).unwrap();
        // A look is still to come, so that nobody has to be told.
        assert_eq!(post(&mut wire, 8), Taken { is_alone: true, is_first_to_end: false });
        wire.deliver(numbers(0..1)).unwrap();
        assert_eq!(wire.expire(Duration::from_secs(5)), None);
        assert!(post(&mut wire, 9).is_first_to_end);
    }

    #[test]
    fn b09_the_reply_of_a_call_that_was_given_up_goes_to_nobody() {
        let mut wire = Wire::default();
        let mut late = submit(&mut wire, 1, 1);
        drop(submit(&mut wire, 1, 2));
        let mut last = submit(&mut wire, 1, 9);
        assert_eq!(wire.expire(Duration::ZERO), Some(Duration::from_secs(1)));
        assert_eq!(wire.expire(Duration::from_secs(2)), Some(Duration::from_secs(9)));
        assert_eq!(late.try_recv().unwrap().unwrap_err().code(), Code::RequestTimeout);
        wire.deliver(numbers(1..4)).unwrap();
        assert_eq!(last.try_recv().unwrap().unwrap()[0].as_ref().unwrap(), &Value::Int(3));
        assert_eq!(wire.expire(Duration::from_secs(9)), None);
    }

    /// Linux shows a process its own memory.
    #[cfg(target_os = "linux")]
    fn memory(at: u64, length: usize) -> Vec<u8> {
        use std::os::unix::fs::FileExt;

        let mut bytes = vec![1; length];
        std::fs::File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, at).unwrap();
        bytes
    }

    #[test]
    fn t17_what_a_login_stood_in_is_zeroed_when_it_comes_back() {
        let mut wire = Wire::default();
        let _one = wire.submit_secret(&Zeroizing::new(b"*3\r\n$4\r\nAUTH\r\n".to_vec())).unwrap();
        // Growing must leave no copy behind, so that what follows does not go the short way.
        let _two = submit(&mut wire, 1, 9);
        let mut out = Vec::new();
        wire.take_outgoing(&mut out);
        assert!(out.starts_with(b"*3\r\n$4\r\nAUTH") && out.ends_with(b"PING\r\n"));
        let (at, length) = (out.as_ptr(), out.len());
        wire.take_outgoing(&mut out);
        let returned = &wire.outgoing;
        assert_eq!((returned.as_ptr(), returned.len()), (at, 0), "the same buffer comes back");
        assert!(!wire.lent_secret);
        #[cfg(target_os = "linux")]
        assert_eq!(memory(at as u64, length), vec![0; length]);
    }

    #[test]
    fn c10_an_error_answers_a_whole_subscription() {
        let mut wire = Wire::default();
        let at = Duration::from_secs(9);
        let mut refused = wire.submit_confirmed(3, Deadline { within: at, at }, |_| {}).unwrap();
        let mut next = submit(&mut wire, 1, 9);
        wire.deliver([Err(Error::internal("no")), Ok(Value::Int(1))]).unwrap();
        assert!(refused.try_recv().unwrap().unwrap()[0].is_err());
        assert_eq!(next.try_recv().unwrap().unwrap()[0].as_ref().unwrap(), &Value::Int(1));
    }

    #[test]
    fn after_its_end_a_connection_takes_nothing_more() {
        let mut wire = Wire::default();
        assert_eq!(wire.deliver(numbers(0..1)).unwrap_err().code(), Code::Protocol);
        let mut waiting = submit(&mut wire, 1, 9);
        wire.end(Error::closed("client"));
        assert_eq!(waiting.try_recv().unwrap().unwrap_err().code(), Code::Closed);
        wire.end(Error::internal("a later reason"));
        assert_eq!(wire.submit(1, None, |_| {}).unwrap_err().code(), Code::Closed);
        assert_eq!(wire.backlog(), 0);
    }
}
