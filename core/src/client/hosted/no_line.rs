//! Where sockets are no file descriptors, no connection is in the hands of its callers.

use std::time::Duration;

/// There is none here.
pub enum Line {}

impl Line {
    /// Its file descriptor.
    pub fn descriptor(&self) -> i32 {
        match *self {}
    }

    /// Sends what was submitted.
    pub fn flush(&self) {
        match *self {}
    }

    /// Sends what is left.
    pub fn flush_rest(&self) {
        match *self {}
    }

    /// Reads once.
    pub fn read(&self) {
        match *self {}
    }

    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        match *self {}
    }

    /// Whether something waits to be flushed.
    pub fn has_unsent(&self) -> bool {
        match *self {}
    }

    /// Whether something is unsent that the socket did not take.
    pub fn is_choked(&self) -> bool {
        match *self {}
    }
}
