//! What is known of commands by name. A command that is not named here has its first key right after its name, belongs to
//! one node, and may write.

use super::fold::Fold;

/// Where a command's first key is, counted in words from its name at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    At(usize),
    /// After the number of keys, which stands here.
    Counted(usize),
    /// After the word STREAMS.
    Streams,
    None,
}

/// The nodes that a command without a key is for, where it is for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Nodes,
    Primaries,
}

/// Whether the first word is half a name only.
pub(super) fn is_half_a_name(word: &[u8]) -> bool {
    CONTAINERS.binary_search_by(|name| name.as_bytes().cmp(word)).is_ok()
}

/// Where the first key is.
pub(super) fn key(name: &[u8]) -> Key {
    let otherwise = if name.contains(&b' ') { Key::None } else { Key::At(1) };
    find(&KEYS, name).copied().unwrap_or(otherwise)
}

/// Whether it may be sent to a replica.
pub(super) fn only_reads(name: &[u8]) -> bool {
    READS.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

/// Whom it is for and what becomes of the replies, where it is for many.
pub(super) fn audience(name: &[u8]) -> Option<(Audience, Fold)> {
    find(&MANY, name).copied()
}

fn find<'a, T>(table: &'a [(&str, T)], name: &[u8]) -> Option<&'a T> {
    let place = table.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
    table.get(place).map(|(_, found)| found)
}

#[rustfmt::skip]
const CONTAINERS: [&str; 16] = [
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "COMMANDLOG", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "MODULE",
    "OBJECT", "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO",
];

const KEYS: [(&str, Key); 81] = [
    ("ASKING", Key::None),
    ("AUTH", Key::None),
    ("BGREWRITEAOF", Key::None),
    ("BGSAVE", Key::None),
    ("BITOP", Key::At(2)),
    ("BLMPOP", Key::Counted(2)),
    ("BZMPOP", Key::Counted(2)),
    ("DBSIZE", Key::None),
    ("DEBUG", Key::None),
    ("DISCARD", Key::None),
    ("ECHO", Key::None),
    ("EVAL", Key::Counted(2)),
    ("EVALSHA", Key::Counted(2)),
    ("EVALSHA_RO", Key::Counted(2)),
    ("EVAL_RO", Key::Counted(2)),
    ("EXEC", Key::None),
    ("FAILOVER", Key::None),
    ("FCALL", Key::Counted(2)),
    ("FCALL_RO", Key::Counted(2)),
    ("FLUSHALL", Key::None),
    ("FLUSHDB", Key::None),
    ("HELLO", Key::None),
    ("INFO", Key::None),
    ("JSON.DEBUG", Key::At(2)),
    ("KEYS", Key::None),
    ("LASTSAVE", Key::None),
    ("LMPOP", Key::Counted(1)),
    ("LOLWUT", Key::None),
    ("MEMORY USAGE", Key::At(2)),
    ("MIGRATE", Key::At(3)),
    ("MONITOR", Key::None),
    ("MSETEX", Key::Counted(1)),
    ("MULTI", Key::None),
    ("OBJECT ENCODING", Key::At(2)),
    ("OBJECT FREQ", Key::At(2)),
    ("OBJECT IDLETIME", Key::At(2)),
    ("OBJECT REFCOUNT", Key::At(2)),
    ("PFDEBUG", Key::At(2)),
    ("PFSELFTEST", Key::None),
    ("PING", Key::None),
    ("PSUBSCRIBE", Key::None),
    ("PSYNC", Key::None),
    ("PUBLISH", Key::None),
    ("PUNSUBSCRIBE", Key::None),
    ("QUIT", Key::None),
    ("RANDOMKEY", Key::None),
    ("READONLY", Key::None),
    ("READWRITE", Key::None),
    ("REPLCONF", Key::None),
    ("REPLICAOF", Key::None),
    ("RESET", Key::None),
    ("ROLE", Key::None),
    ("SAVE", Key::None),
    ("SCAN", Key::None),
    ("SELECT", Key::None),
    ("SHUTDOWN", Key::None),
    ("SINTERCARD", Key::Counted(1)),
    ("SLAVEOF", Key::None),
    ("SUBSCRIBE", Key::None),
    ("SWAPDB", Key::None),
    ("SYNC", Key::None),
    ("TIME", Key::None),
    ("UNSUBSCRIBE", Key::None),
    ("UNWATCH", Key::None),
    ("WAIT", Key::None),
    ("WAITAOF", Key::None),
    ("XGROUP CREATE", Key::At(2)),
    ("XGROUP CREATECONSUMER", Key::At(2)),
    ("XGROUP DELCONSUMER", Key::At(2)),
    ("XGROUP DESTROY", Key::At(2)),
    ("XGROUP SETID", Key::At(2)),
    ("XINFO CONSUMERS", Key::At(2)),
    ("XINFO GROUPS", Key::At(2)),
    ("XINFO STREAM", Key::At(2)),
    ("XREAD", Key::Streams),
    ("XREADGROUP", Key::Streams),
    ("ZDIFF", Key::Counted(1)),
    ("ZINTER", Key::Counted(1)),
    ("ZINTERCARD", Key::Counted(1)),
    ("ZMPOP", Key::Counted(1)),
    ("ZUNION", Key::Counted(1)),
];

/// What servers' COMMAND calls `readonly`, of what has keys.
#[rustfmt::skip]
const READS: [&str; 98] = [
    "BITCOUNT", "BITFIELD_RO", "BITPOS", "DUMP", "EVALSHA_RO", "EVAL_RO", "EXISTS", "EXPIRETIME", "FCALL_RO",
    "GEODIST", "GEOHASH", "GEOPOS", "GEORADIUSBYMEMBER_RO", "GEORADIUS_RO", "GEOSEARCH", "GET", "GETBIT",
    "GETRANGE", "HEXISTS", "HEXPIRETIME", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HPEXPIRETIME",
    "HPTTL", "HRANDFIELD", "HSCAN", "HSTRLEN", "HTTL", "HVALS", "JSON.ARRINDEX", "JSON.ARRLEN", "JSON.GET",
    "JSON.MGET", "JSON.OBJKEYS", "JSON.OBJLEN", "JSON.RESP", "JSON.STRLEN", "JSON.TYPE", "LCS", "LINDEX",
    "LLEN", "LPOS", "LRANGE", "MEMORY USAGE", "MGET", "OBJECT ENCODING", "OBJECT FREQ", "OBJECT IDLETIME",
    "OBJECT REFCOUNT", "PEXPIRETIME", "PFCOUNT", "PTTL", "SCARD", "SDIFF", "SINTER", "SINTERCARD",
    "SISMEMBER", "SMEMBERS", "SMISMEMBER", "SORT_RO", "SRANDMEMBER", "SSCAN", "STRLEN", "SUBSTR", "SUNION",
    "TOUCH", "TTL", "TYPE", "XINFO CONSUMERS", "XINFO GROUPS", "XINFO STREAM", "XLEN", "XPENDING", "XRANGE",
    "XREAD", "XREVRANGE", "ZCARD", "ZCOUNT", "ZDIFF", "ZINTER", "ZINTERCARD", "ZLEXCOUNT", "ZMSCORE",
    "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZRANK", "ZREVRANGE", "ZREVRANGEBYLEX",
    "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION",
];

/// By servers' `request_policy` and `response_policy`, and for PUBSUB by what it counts: a node knows its own subscribers.
const MANY: [(&str, (Audience, Fold)); 47] = [
    ("ACL DELUSER", (Audience::Nodes, Fold::AllSucceed)),
    ("ACL SAVE", (Audience::Nodes, Fold::AllSucceed)),
    ("ACL SETUSER", (Audience::Nodes, Fold::AllSucceed)),
    ("CLIENT SETINFO", (Audience::Nodes, Fold::AllSucceed)),
    ("CLIENT SETNAME", (Audience::Nodes, Fold::AllSucceed)),
    ("CLUSTER SLOT-STATS", (Audience::Primaries, Fold::ByNode)),
    ("COMMANDLOG GET", (Audience::Nodes, Fold::Join)),
    ("COMMANDLOG LEN", (Audience::Nodes, Fold::Sum)),
    ("COMMANDLOG RESET", (Audience::Nodes, Fold::AllSucceed)),
    ("CONFIG RESETSTAT", (Audience::Nodes, Fold::AllSucceed)),
    ("CONFIG REWRITE", (Audience::Nodes, Fold::AllSucceed)),
    ("CONFIG SET", (Audience::Nodes, Fold::AllSucceed)),
    ("DBSIZE", (Audience::Primaries, Fold::Sum)),
    ("FLUSHALL", (Audience::Primaries, Fold::AllSucceed)),
    ("FLUSHDB", (Audience::Primaries, Fold::AllSucceed)),
    ("FUNCTION DELETE", (Audience::Primaries, Fold::AllSucceed)),
    ("FUNCTION FLUSH", (Audience::Primaries, Fold::AllSucceed)),
    ("FUNCTION KILL", (Audience::Nodes, Fold::OneSucceeds)),
    ("FUNCTION LOAD", (Audience::Primaries, Fold::AllSucceed)),
    ("FUNCTION RESTORE", (Audience::Primaries, Fold::AllSucceed)),
    ("FUNCTION STATS", (Audience::Primaries, Fold::ByNode)),
    ("INFO", (Audience::Primaries, Fold::ByNode)),
    ("KEYS", (Audience::Primaries, Fold::Join)),
    ("LATENCY DOCTOR", (Audience::Nodes, Fold::ByNode)),
    ("LATENCY GRAPH", (Audience::Nodes, Fold::ByNode)),
    ("LATENCY HISTOGRAM", (Audience::Nodes, Fold::ByNode)),
    ("LATENCY HISTORY", (Audience::Nodes, Fold::ByNode)),
    ("LATENCY LATEST", (Audience::Nodes, Fold::ByNode)),
    ("LATENCY RESET", (Audience::Nodes, Fold::Sum)),
    ("MEMORY DOCTOR", (Audience::Primaries, Fold::ByNode)),
    ("MEMORY MALLOC-STATS", (Audience::Primaries, Fold::ByNode)),
    ("MEMORY PURGE", (Audience::Primaries, Fold::AllSucceed)),
    ("MEMORY STATS", (Audience::Primaries, Fold::ByNode)),
    ("PING", (Audience::Primaries, Fold::AllSucceed)),
    ("PUBSUB CHANNELS", (Audience::Nodes, Fold::Join)),
    ("PUBSUB NUMPAT", (Audience::Nodes, Fold::Sum)),
    ("PUBSUB NUMSUB", (Audience::Nodes, Fold::SumByName)),
    ("PUBSUB SHARDCHANNELS", (Audience::Nodes, Fold::Join)),
    ("PUBSUB SHARDNUMSUB", (Audience::Nodes, Fold::SumByName)),
    ("RANDOMKEY", (Audience::Primaries, Fold::FirstNotNil)),
    ("SCRIPT EXISTS", (Audience::Primaries, Fold::And)),
    ("SCRIPT FLUSH", (Audience::Nodes, Fold::AllSucceed)),
    ("SCRIPT KILL", (Audience::Nodes, Fold::OneSucceeds)),
    ("SCRIPT LOAD", (Audience::Nodes, Fold::AllSucceed)),
    ("SLOWLOG GET", (Audience::Nodes, Fold::Join)),
    ("SLOWLOG LEN", (Audience::Nodes, Fold::Sum)),
    ("SLOWLOG RESET", (Audience::Nodes, Fold::AllSucceed)),
];

#[cfg(test)]
mod tests;
