//! Which of the cluster's slots a key belongs to.

/// How many slots a cluster has.
pub(super) const COUNT: u16 = 16_384;

/// The slot of a key: CRC-16/XMODEM of what stands between its first `{` and the next `}`, or of all of it where that
/// is nothing (Redis Cluster specification, "Hash tags").
pub(super) fn of(key: &[u8]) -> u16 {
    crc16(tag(key).unwrap_or(key)) % COUNT
}

fn tag(key: &[u8]) -> Option<&[u8]> {
    let (_, rest) = key.split_at_checked(key.iter().position(|byte| *byte == b'{')? + 1)?;
    let tag = rest.get(..rest.iter().position(|byte| *byte == b'}')?)?;
    (!tag.is_empty()).then_some(tag)
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        let row = usize::from((crc >> 8) ^ u16::from(*byte));
        (crc << 8) ^ TABLE.get(row).copied().unwrap_or_default()
    })
}

const POLYNOMIAL: u16 = 0x1021;
const TABLE: [u16; 256] = table();

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses to leave the table")]
const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut row: u16 = 0;
    while row < 256 {
        let mut crc = row << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL };
            bit += 1;
        }
        table[row as usize] = crc;
        row += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-16/XMODEM, and slots that a server gave.
    #[test]
    fn keys_have_the_slots_that_servers_give_them() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        for (key, slot) in [("foo", 12182), ("bar", 5061), ("{bar}", 5061), ("", 0), ("{06S}1", 0)] {
            assert_eq!(of(key.as_bytes()), slot, "{key}");
        }
    }

    #[test]
    fn only_the_first_tag_counts_and_only_where_it_holds_something() {
        assert_eq!(of(b"a{foo}b{bar}"), of(b"foo"));
        assert_eq!(of(b"{foo}{bar}"), of(b"foo"));
        assert_eq!(of(b"foo{{bar}}"), of(b"{bar"));
        assert_ne!(of(b"foo{}{bar}"), of(b"bar"));
        assert_ne!(of(b"foo{bar"), of(b"bar"));
    }
}
