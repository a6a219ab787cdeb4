//! What a process shares by key, each for as long as somebody holds it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::process::{Own, PerProcess};

type Entries<K, V> = Mutex<HashMap<K, Weak<V>>>;

/// A forked child has a registry of its own.
pub(crate) struct Registry<K, V>(PerProcess<Entries<K, V>>);

impl<K: Hash + Eq + Clone, V> Registry<K, V> {
    pub(crate) const fn new() -> Self {
        Self(PerProcess::new())
    }

    /// What stands under this key; `make` runs where nobody holds anything under it.
    pub(crate) fn get_or_make(&self, key: &K, make: impl FnOnce() -> Arc<V>) -> Arc<V> {
        let each = self.entries();
        let mut entries = locked(&each.value);
        if let Some(found) = entries.get(key).and_then(Weak::upgrade) {
            return found;
        }
        let made = make();
        entries.insert(key.clone(), Arc::downgrade(&made));
        made
    }

    /// Called by what stood under the key when it goes.
    pub(crate) fn forget(&self, key: &K) {
        let each = self.entries();
        let mut entries = locked(&each.value);
        // Somebody may have made a successor meanwhile.
        if entries.get(key).is_some_and(|entry| entry.strong_count() == 0) {
            entries.remove(key);
        }
    }

    fn entries(&self) -> Arc<Own<Entries<K, V>>> {
        self.0.get(Mutex::default)
    }

    #[cfg(test)]
    pub(crate) fn has(&self, key: &K) -> bool {
        locked(&self.entries().value).contains_key(key)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    static NUMBERS: Registry<String, u32> = Registry::new();

    #[test]
    fn what_nobody_holds_is_made_anew_and_forgotten() {
        let key = "one".to_owned();
        let first = NUMBERS.get_or_make(&key, || Arc::new(1));
        assert_eq!(*NUMBERS.get_or_make(&key, || Arc::new(2)), 1);
        NUMBERS.forget(&key);
        assert!(NUMBERS.has(&key), "somebody holds it");
        drop(first);
        NUMBERS.forget(&key);
        assert!(!NUMBERS.has(&key));
        assert_eq!(*NUMBERS.get_or_make(&key, || Arc::new(3)), 3);
    }
}
