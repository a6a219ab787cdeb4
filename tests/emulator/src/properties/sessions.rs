//! Whatever happens on a connection, in whichever order.

use super::bytes::Bytes;
use crate::session::{Grant, Session};
use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

/// Leases of grants differ by this, so that what is left of one tells which it was.
const STEP: u64 = 1000;

/// Each pair of bytes is something that happens to one session, which then stands as a plain model of it does.
pub fn sessions(data: &[u8]) {
    let mut data = Bytes::new(data);
    let session = Session::new(1, 0, 1, String::new());
    let mut model = Model::default();
    let mut grants = 0;
    while let (Some(what), Some(how)) = (data.next(), data.next()) {
        match what % 9 {
            0 | 1 => {
                grants += 1;
                let grant = Granted { number: grants, signed: how % 4, again: how & 16 != 0 };
                session.grant(grant.clone().into());
                model.grant(grant);
            }
            2 => {
                session.multi();
                model.in_multi = true;
            }
            3 => {
                session.leave_multi(how % 2 == 0);
                model.leave_multi(how % 2 == 0);
            }
            4 => {
                session.reset();
                model = Model { logged_in: model.logged_in, ..Model::default() };
            }
            5 => {
                session.hello(how % 2 == 0);
                model.resp3 = how % 2 == 0;
            }
            6 => {
                session.follow("SUBSCRIBE", &[vec![how % 4]]);
                model.channels.insert(how % 4);
            }
            7 => {
                session.follow("UNSUBSCRIBE", &[vec![how % 4]]);
                model.channels.remove(&(how % 4));
            }
            _ => {
                session.forget();
                model.forgotten = true;
                model.in_force = None;
            }
        }
        model.compare(&session);
    }
}

#[derive(Clone)]
struct Granted {
    number: u64,
    signed: u8,
    again: bool,
}

impl Granted {
    /// Tokens of one second are the same token.
    fn token(&self) -> String {
        self.signed.to_string()
    }
}

impl From<Granted> for Grant {
    fn from(granted: Granted) -> Self {
        Self {
            user: format!("user-{}", granted.number),
            token_sha256: granted.token(),
            signed: UNIX_EPOCH + Duration::from_secs(granted.signed.into()),
            lease: Duration::from_secs(granted.number * STEP),
            again: granted.again,
        }
    }
}

#[derive(Default)]
struct Model {
    logged_in: bool,
    in_multi: bool,
    queued: Vec<Granted>,
    in_force: Option<Granted>,
    /// The grant that the lease is of; it outlasts a forgotten login.
    lease: Option<u64>,
    user: Option<u64>,
    forgotten: bool,
    resp3: bool,
    channels: HashSet<u8>,
}

impl Model {
    fn grant(&mut self, grant: Granted) {
        self.logged_in = true;
        self.forgotten = false;
        if self.in_multi { self.queued.push(grant) } else { self.apply(grant) }
    }

    fn apply(&mut self, grant: Granted) {
        self.user = Some(grant.number);
        let prolongs = match &self.in_force {
            None => true,
            Some(old) if old.signed == grant.signed => grant.again,
            Some(old) => grant.signed > old.signed,
        };
        if prolongs {
            self.lease = Some(grant.number);
            self.in_force = Some(grant);
        }
    }

    fn leave_multi(&mut self, run: bool) {
        self.in_multi = false;
        for grant in std::mem::take(&mut self.queued) {
            if run {
                self.apply(grant);
            }
        }
    }

    fn compare(&self, session: &Session) {
        assert_eq!(session.has_logged_in(), self.logged_in);
        assert_eq!(session.in_multi(), self.in_multi);
        assert_eq!(session.is_forgotten(), self.forgotten);
        assert_eq!(session.user(), self.user.map(|number| format!("user-{number}")));
        assert_eq!(session.only_listens(), !self.resp3 && !self.channels.is_empty());
        // Less than a step has passed since.
        let lease = session.lease_left().map(|left| Duration::from_secs_f64(left).as_secs() / STEP + 1);
        let exact = session.lease_left().is_some_and(|left| left % 1000.0 == 0.0);
        let expected = self.lease.map(|number| number + u64::from(exact));
        assert_eq!(lease, expected);
    }
}
