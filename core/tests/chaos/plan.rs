//! What goes wrong, and when: drawn from the seed and from nothing else.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What the faults fall upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Alone,
    /// 3 primaries and 3 replicas.
    Cluster,
}

/// Something that breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// So many logins are refused: whichever come, or those that show the token in use.
    Refuse {
        count: u64,
        current: bool,
    },
    Throttle,
    Unavailable,
    IamOutage,
    /// Replies are held back.
    Stall {
        milliseconds: u64,
    },
    /// Replies are cut in the middle.
    Cut {
        after_bytes: u64,
        count: u64,
    },
    CloseListener,
    /// The server shows a certificate that is over, or another's.
    Certificate {
        is_expired: bool,
    },
    /// The server starts anew, empty.
    Restart,
    /// A replica takes over, with all that was written.
    Failover {
        shard: usize,
    },
    /// A node dies, and comes back empty when the cluster has got over it.
    Down {
        node: usize,
    },
    /// One connection in so many loses its login.
    Forget {
        one_in: usize,
    },
    /// One connection in so many is closed.
    Kill {
        one_in: usize,
    },
}

impl Fault {
    /// Whether logins meet it.
    fn is_about_logins(self) -> bool {
        matches!(self, Self::Refuse { .. } | Self::Throttle | Self::Unavailable | Self::IamOutage)
    }

    /// Whether a login may fail because of it, for a reason that the caller is told. Where a single login is refused,
    /// or a single token, the next token gets in, and nobody is told.
    pub(crate) fn hits_logins(self) -> bool {
        match self {
            Self::Refuse { count, current } => count > 1 && !current,
            other => other.is_about_logins(),
        }
    }

    /// Whether what was acknowledged may be gone after it.
    pub(crate) fn loses_writes(self) -> bool {
        matches!(self, Self::Restart | Self::Down { .. })
    }

    fn changes_the_cluster(self) -> bool {
        matches!(self, Self::Failover { .. } | Self::Down { .. })
    }

    /// Whether nobody notices it before a connection is made.
    fn needs_a_drop(self) -> bool {
        self.is_about_logins() || matches!(self, Self::CloseListener | Self::Certificate { .. })
    }
}

/// What happens at once, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) number: usize,
    pub(crate) calm: Duration,
    /// In the order in which they happen.
    pub(crate) faults: Vec<Fault>,
    /// To this node alone; what changes the cluster says itself whom it means.
    pub(crate) node: Option<usize>,
    pub(crate) lasts: Duration,
}

impl Step {
    pub(crate) fn hits_logins(&self) -> bool {
        self.faults.iter().any(|fault| fault.hits_logins())
    }

    pub(crate) fn loses_writes(&self) -> bool {
        self.faults.iter().any(|fault| fault.loses_writes())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "step {}: after {} ms", self.number, self.calm.as_millis())?;
        if let Some(node) = self.node {
            write!(formatter, ", at node {node}")?;
        }
        write!(formatter, ", for {} ms: {:?}", self.lasts.as_millis(), self.faults)
    }
}

/// Steps without end.
pub(crate) struct Plan {
    stage: Stage,
    dice: StdRng,
    steps: usize,
}

impl Plan {
    pub(crate) fn new(stage: Stage, seed: u64) -> Self {
        Self { stage, dice: StdRng::seed_from_u64(seed), steps: 0 }
    }

    fn fault(&mut self) -> Fault {
        let kinds = if self.stage == Stage::Alone { 11 } else { 12 };
        match self.dice.random_range(0..kinds) {
            0 => Fault::Kill { one_in: self.dice.random_range(1..=3) },
            1 => Fault::Forget { one_in: self.dice.random_range(1..=3) },
            2 => Fault::Refuse { count: self.dice.random_range(1..=3), current: self.dice.random_bool(0.5) },
            3 => Fault::Stall { milliseconds: self.dice.random_range(100..1500) },
            4 => {
                Fault::Cut { after_bytes: self.dice.random_range(1..6), count: self.dice.random_range(1..5) }
            }
            5 => Fault::Throttle,
            6 => Fault::Unavailable,
            7 => Fault::IamOutage,
            8 => Fault::CloseListener,
            9 => Fault::Certificate { is_expired: self.dice.random_bool(0.5) },
            10 if self.stage == Stage::Alone => Fault::Restart,
            10 => Fault::Failover { shard: self.dice.random_range(0..3) },
            _ => Fault::Down { node: self.dice.random_range(0..6) },
        }
    }

    fn faults(&mut self) -> Vec<Fault> {
        let mut faults: Vec<_> = (0..self.dice.random_range(1..=2)).map(|_| self.fault()).collect();
        if faults.iter().any(|fault| fault.needs_a_drop()) {
            faults.push(Fault::Kill { one_in: self.dice.random_range(1..=2) });
        }
        // A drop comes when what it meets is there; who changes the cluster does so alone.
        faults.sort_by_key(|fault| matches!(fault, Fault::Forget { .. } | Fault::Kill { .. }));
        match faults.iter().copied().find(|fault| fault.changes_the_cluster()) {
            Some(fault) => vec![fault],
            None => faults,
        }
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.steps += 1;
        let calm = Duration::from_millis(self.dice.random_range(100..800));
        let lasts = Duration::from_millis(self.dice.random_range(100..1800));
        let aims = self.stage == Stage::Cluster && self.dice.random_bool(0.5);
        let node = aims.then(|| self.dice.random_range(0..6));
        let faults = self.faults();
        let node = node.filter(|_| !faults.iter().any(|fault| fault.changes_the_cluster()));
        Some(Step { number: self.steps, calm, faults, node, lasts })
    }
}

#[test]
fn a_seed_is_a_plan() {
    let steps = |seed| Plan::new(Stage::Cluster, seed).take(100).collect::<Vec<_>>();
    assert_eq!(steps(7), steps(7));
    assert_ne!(steps(7), steps(8));
}
