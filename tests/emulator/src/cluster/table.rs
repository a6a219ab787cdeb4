//! What CLUSTER NODES says.

use std::ops::RangeInclusive;

/// `Row` is one node as another sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    flags: Vec<String>,
    /// The id of the primary that it follows.
    pub(super) follows: Option<String>,
    connected: bool,
    pub(super) slots: Vec<RangeInclusive<u16>>,
}

impl Row {
    /// All rows; a line that says something else is left out.
    pub(super) fn all(text: &str) -> Vec<Self> {
        text.lines().filter_map(Self::read).collect()
    }

    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let (id, _address, flags) = (fields.next()?, fields.next()?, fields.next()?);
        let follows = fields.next().filter(|id| *id != "-");
        let link = fields.nth(3)?;
        Some(Self {
            id: id.to_owned(),
            flags: flags.split(',').map(str::to_owned).collect(),
            follows: follows.map(str::to_owned),
            connected: link == "connected",
            slots: fields.filter_map(slots).collect(),
        })
    }

    fn is(&self, flag: &str) -> bool {
        self.flags.iter().any(|other| other == flag)
    }

    pub(super) fn is_myself(&self) -> bool {
        self.is("myself")
    }

    pub(super) fn is_primary(&self) -> bool {
        self.is("master")
    }

    /// Whether whoever says this talks to it.
    pub(super) fn is_well(&self) -> bool {
        let unwell = ["handshake", "noaddr", "fail", "fail?"].into_iter().any(|flag| self.is(flag));
        !unwell && (self.connected || self.is_myself())
    }
}

/// A range or a single slot; not one that is about to move, such as `[93->-id]`.
fn slots(field: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = field.split_once('-').unwrap_or((field, field));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let text = "\
a1 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 7000 [93->-b2]
b2 127.0.0.1:7001@17001,host master - 0 0 2 connected
c3 127.0.0.1:7002@17002 slave a1 0 0 1 disconnected
d4 :0@0 handshake,noaddr - 0 0 0 connected

";
        let rows = Row::all(text);
        assert_eq!(rows.len(), 4);
        assert!(rows[0].is_myself() && rows[0].is_primary() && rows[0].is_well());
        assert_eq!(rows[0].slots, [0..=5460, 7000..=7000]);
        assert!(rows[1].is_well() && rows[1].slots.is_empty());
        assert_eq!(rows[2].follows.as_deref(), Some("a1"));
        assert!(!rows[2].is_well() && !rows[2].is_primary());
        assert!(!rows[3].is_well());
    }
}
