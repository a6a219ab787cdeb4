//! The connections that one event loop watches for one client.

use std::sync::Arc;

use keyrotor::host::Line;

/// `Lines` keeps each connection, and with it its descriptor, until the loop has let go of it.
#[derive(Default)]
pub(super) struct Lines(Vec<Watched>);

pub(super) struct Watched {
    line: Arc<Line>,
    pub(super) descriptor: i32,
    /// The loop says when it takes more.
    pub(super) is_writing: bool,
}

impl Lines {
    /// Its descriptor.
    pub(super) fn add(&mut self, line: Arc<Line>) -> i32 {
        let descriptor = line.descriptor();
        self.0.push(Watched { line, descriptor, is_writing: false });
        descriptor
    }

    pub(super) fn find(&self, descriptor: i32) -> Option<Arc<Line>> {
        let watched = self.0.iter().find(|watched| watched.descriptor == descriptor)?;
        Some(Arc::clone(&watched.line))
    }

    pub(super) fn unsent(&self) -> Vec<Arc<Line>> {
        let unsent = self.0.iter().filter(|watched| watched.line.has_unsent());
        unsent.map(|watched| Arc::clone(&watched.line)).collect()
    }

    /// Those to watch for room from now on.
    pub(super) fn newly_choked(&mut self) -> Vec<i32> {
        let choked = self.0.iter_mut().filter(|watched| !watched.is_writing && watched.line.is_choked());
        choked
            .map(|watched| {
                watched.is_writing = true;
                watched.descriptor
            })
            .collect()
    }

    /// Whether room need not be watched for any more.
    pub(super) fn is_free_again(&mut self, descriptor: i32) -> bool {
        let watched = self.0.iter_mut().find(|watched| watched.descriptor == descriptor);
        watched.is_some_and(|watched| {
            let is_free = watched.is_writing && !watched.line.is_choked();
            watched.is_writing &= !is_free;
            is_free
        })
    }

    pub(super) fn take_ended(&mut self) -> Vec<Watched> {
        self.0.extract_if(.., |watched| watched.line.has_ended()).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
