//! As much of the Redis protocol as the gate needs: requests in, reply frames out.

pub(crate) mod inline;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod value;

/// The texts of stock Redis and of the services.
pub(crate) const NOAUTH: &str = "NOAUTH Authentication required.";
pub(crate) const NOAUTH_HELLO: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
pub(crate) const NOPROTO: &str = "NOPROTO unsupported protocol version";
pub(crate) const UNAVAILABLE: &str = "ERR service is not available";
pub(crate) const THROTTLED: &str = "ERR Exceeded limit of IAM Authentication requests";
pub(crate) const IAM_OUTAGE: &str = "ERR IAM Authentication service is not available";

/// The script of [`say`]. Users' ACLs name it, so it has neither spaces nor bars.
pub(crate) const SAY: &str = "return{err=ARGV[1]}";

/// Appends an error reply.
pub(crate) fn error(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(format!("-{text}\r\n").as_bytes());
}

/// Appends a command.
pub(crate) fn command<A: AsRef<[u8]>>(out: &mut Vec<u8>, args: &[A]) {
    out.extend_from_slice(format!("*{}\r\n", args.len()).as_bytes());
    for arg in args {
        let arg = arg.as_ref();
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends a command that makes the backend say `text` as an error, so that the reply keeps its place in the
/// stream: behind all earlier replies, after +QUEUED in MULTI, and not at all under CLIENT REPLY OFF.
pub(crate) fn say(out: &mut Vec<u8>, text: &str) {
    command(out, &["EVAL", SAY, "0", text]);
}
