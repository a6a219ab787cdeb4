//! Keeps the repository in order: everything is in `tests/house`, one file a rule.
