//! Who hears of everything that happens in the process: a binding, for its host's log.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;

use keyrotor_proto::Event;

static OBSERVER: OnceLock<fn(&Event)> = OnceLock::new();

/// Has `observer` hear each event of all managers of the process, those of clients too, from now on: once an
/// identity, however many managers share it. The first observer stays; for another one it returns false.
///
/// It is called on whatever thread it happens, one that refreshes tokens among them: it has to return at once.
pub fn observe_events(observer: fn(&Event)) -> bool {
    OBSERVER.set(observer).is_ok()
}

pub(super) fn is_there() -> bool {
    OBSERVER.get().is_some()
}

pub(super) fn tell(event: &Event) {
    if let Some(observer) = OBSERVER.get() {
        // An observer that panics must stop no token.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| observer(event)));
    }
}
