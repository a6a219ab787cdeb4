//! Where a caller wants a command to go.

use keyrotor_proto::Code;

use crate::config::Address;
use crate::error::{Error, Result};

/// Where a command goes, where its caller knows better than its name and its keys say.
///
/// One server is all nodes and all primaries at once: a client without `cluster_mode_enabled` sends everything there. Where
/// such a client reads from replicas, keys and slots are all at the primary, and all nodes are all of its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Routing {
    /// Any primary.
    Random,
    /// Every node, replicas too. The replies become one as servers advise for that command (`response_policy`), and a map
    /// from the node's address to its reply where they advise nothing.
    ///
    /// A primary that is away is waited for, as by any command: it comes back, or another takes its place. A replica that
    /// is away is not; its part fails at once, and so does a command that needs all of them, with the replica's name.
    AllNodes,
    /// Every primary; the replies as with [`AllNodes`](Self::AllNodes).
    AllPrimaries,
    /// The primary that has this key.
    Key(Vec<u8>),
    /// The primary that has this slot, below 16,384.
    Slot(u16),
    /// The node at this address, as CLUSTER SLOTS states it. What it refuses is not followed elsewhere.
    Address {
        /// Host name or IP address.
        host: String,
        /// TCP port.
        port: u16,
    },
}

impl Routing {
    /// One server takes all but what is meant for another.
    pub(in super::super) fn check_alone(&self, addresses: &[Address]) -> Result<()> {
        let Self::Address { host, port } = self else { return Ok(()) };
        if addresses.iter().any(|address| address.host == *host && address.port == *port) {
            return Ok(());
        }
        let message = format!(
            "{host}:{port} is not an address of this client, which knows no other node: set cluster_mode_enabled, or \
             connect there"
        );
        Err(Error::new(Code::ArgumentInvalid, message))
    }
}
