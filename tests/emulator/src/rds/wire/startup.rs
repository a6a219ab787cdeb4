//! The first packet of a connection, which alone has no type.

use std::collections::HashMap;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// PostgreSQL's own bound (`MAX_STARTUP_PACKET_LENGTH`), the length's four bytes included.
const LARGEST: usize = 10_000;
const SMALLEST: usize = 8;
/// The protocol's major version, in the upper half of its number.
const MAJOR: [u8; 2] = [0, 3];
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// `First` is what a client may begin with.
pub(crate) enum First {
    Tls,
    Gss,
    /// A query of another connection is to be cancelled; the packet as it came.
    Cancel(Vec<u8>),
    Startup(Startup),
}

/// `Startup` is a StartupMessage: its bytes, and what of it matters here.
pub(crate) struct Startup {
    pub(crate) bytes: Vec<u8>,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) application_name: Option<String>,
    /// Whether it asks for replication, physical or logical.
    pub(crate) replication: bool,
}

/// Reads exactly one first packet.
///
/// # Errors
/// The stream's, and `InvalidData` for a length that PostgreSQL does not take either.
pub(crate) async fn read_first(from: &mut (impl AsyncRead + Unpin)) -> io::Result<First> {
    let length = from.read_u32().await?;
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if !(SMALLEST..=LARGEST).contains(&size) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut rest = vec![0; size - 4];
    from.read_exact(&mut rest).await?;
    let code = rest.first_chunk().map_or(0, |code| u32::from_be_bytes(*code));
    let bytes = [&length.to_be_bytes()[..], &rest].concat();
    Ok(match code {
        TLS => First::Tls,
        GSS => First::Gss,
        CANCEL => First::Cancel(bytes),
        _ => First::Startup(Startup::new(bytes)),
    })
}

impl Startup {
    /// Whether it speaks the protocol that all else here does. What it gets otherwise is an error in an older form.
    pub(crate) fn is_current(&self) -> bool {
        self.bytes.get(4..6) == Some(&MAJOR)
    }

    /// What cannot be read is left empty: the server, which gets the bytes as they are, says what is wrong with them.
    fn new(bytes: Vec<u8>) -> Self {
        let parameters = parameters(bytes.get(8..).unwrap_or_default());
        let value = |name: &str| parameters.get(name).cloned();
        let user = value("user").unwrap_or_default();
        let database = value("database").filter(|name| !name.is_empty()).unwrap_or_else(|| user.clone());
        let replication = value("replication").is_some_and(|text| asks_for_replication(&text));
        Self { user, database, application_name: value("application_name"), replication, bytes }
    }
}

/// Pairs of texts that end in NUL, up to an empty name. Of two with one name the later counts, as with PostgreSQL.
fn parameters(bytes: &[u8]) -> HashMap<String, String> {
    let mut texts = bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    let mut found = HashMap::new();
    while let (Some(name), Some(value)) = (texts.next().filter(|name| !name.is_empty()), texts.next()) {
        found.insert(name, value);
    }
    found
}

/// What is neither `database` nor a word for false asks for it, or is refused by the server.
fn asks_for_replication(text: &str) -> bool {
    !["false", "f", "no", "n", "off", "of", "0"].contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
        let length = u32::try_from(rest.len() + 8).expect("a length");
        [&length.to_be_bytes()[..], &code.to_be_bytes(), rest].concat()
    }

    async fn read(bytes: &[u8]) -> io::Result<First> {
        read_first(&mut &*bytes).await
    }

    async fn startup(rest: &[u8]) -> Startup {
        match read(&packet(196_608, rest)).await {
            Ok(First::Startup(startup)) => startup,
            _ => panic!("no startup"),
        }
    }

    #[tokio::test]
    async fn packets_are_told_apart() {
        assert!(matches!(read(&packet(TLS, b"")).await, Ok(First::Tls)));
        assert!(matches!(read(&packet(GSS, b"")).await, Ok(First::Gss)));
        let cancel = packet(CANCEL, &[0, 0, 0, 7, 1, 2, 3, 4]);
        assert!(matches!(read(&cancel).await, Ok(First::Cancel(bytes)) if bytes == cancel));
    }

    #[tokio::test]
    async fn the_last_of_a_name_counts() {
        let found = startup(b"user\0a\0application_name\0psql\0user\0b\0\0").await;
        assert_eq!((found.user.as_str(), found.database.as_str()), ("b", "b"));
        assert_eq!((found.application_name.as_deref(), found.replication), (Some("psql"), false));
        assert!(found.is_current());
        assert_eq!(startup(b"user\0a\0database\0d\0\0").await.database, "d");
        assert!(matches!(read(&packet(131_072, b"")).await, Ok(First::Startup(old)) if !old.is_current()));
    }

    #[tokio::test]
    async fn replication_is_asked_for_in_many_words() {
        for (word, asks) in
            [("true", true), ("database", true), ("1", true), ("off", false), ("FALSE", false)]
        {
            let text = format!("user\0a\0replication\0{word}\0\0");
            assert_eq!(startup(text.as_bytes()).await.replication, asks, "{word}");
        }
    }

    #[tokio::test]
    async fn what_is_no_packet_is_an_error() {
        for bytes in
            [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0, 0, 0, 4], &[0, 0, 0x27, 0x11], &[0, 0, 0, 9, 0]]
        {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
        for rest in [&b""[..], b"\0", b"user", b"user\0", b"\xff\0\xff\0\0", b"\0user\0a\0\0"] {
            assert_eq!(startup(rest).await.user, "", "{rest:?}");
        }
    }
}
