//! What comes in on a line, until it is replies.

use std::cell::Cell;
use std::collections::VecDeque;

use redis::Value;

use super::super::inbox::Inbox;
use super::outgoing::Plain;
use crate::error::Result;

/// What one read of sealed bytes asks for: more than the longest TLS record.
const SEALED: usize = 32 << 10;

/// Bytes, and the replies that they were.
pub(super) struct Incoming {
    inbox: Inbox,
    pub(super) replies: VecDeque<Result<Value>>,
}

impl Incoming {
    pub(super) fn new(inbox: Inbox) -> Self {
        Self { inbox, replies: VecDeque::new() }
    }

    /// Keeps no room that nothing is in.
    pub(super) fn give_back(&mut self) {
        self.inbox.give_back();
    }
}

impl Plain for Incoming {
    fn room(&mut self) -> &mut [u8] {
        self.inbox.room()
    }

    fn took(&mut self, length: usize) -> Result<()> {
        self.inbox.received(length, &mut self.replies)
    }
}

thread_local! {
    /// Nothing stays in it between reads, so that all connections that a thread reads have this one.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends room to read sealed bytes into.
pub(super) fn with_room_for_sealed<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut room = ROOM.try_with(Cell::take).unwrap_or_default();
    room.resize(SEALED, 0);
    let outcome = work(&mut room);
    // A thread that is about to end keeps nothing.
    let _ = ROOM.try_with(|kept| kept.set(room));
    outcome
}
