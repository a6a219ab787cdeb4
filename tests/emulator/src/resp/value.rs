//! Whole replies, for commands of our own: RESP2.

use std::io;
use std::pin::Pin;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// `Value` is a reply that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A status or a bulk.
    Text(Vec<u8>),
    Number(i64),
    List(Vec<Self>),
    Nothing,
}

/// A reply, or the server's error.
type Reply = Result<Value, String>;
type Reading<'a> = Pin<Box<dyn Future<Output = io::Result<Reply>> + Send + 'a>>;

/// Reads one reply. An error inside a list stands for the whole list.
pub(crate) fn read<R: AsyncBufRead + Send + Unpin>(from: &mut R) -> Reading<'_> {
    Box::pin(async move {
        let mut line = Vec::new();
        from.read_until(b'\n', &mut line).await?;
        let Some((kind, rest)) = line.split_first().filter(|_| line.ends_with(b"\r\n")) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let text = String::from_utf8_lossy(rest).trim_end().to_owned();
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "not a reply");
        let size = || text.parse::<i64>().map_err(|_| odd());
        Ok(Ok(match kind {
            b'+' => Value::Text(text.into_bytes()),
            b'-' => return Ok(Err(text)),
            b':' => Value::Number(size()?),
            b'$' => match usize::try_from(size()?) {
                Ok(size) => Value::Text(bulk(from, size).await?),
                Err(_) => Value::Nothing,
            },
            b'*' => {
                let mut values = Vec::new();
                for _ in 0..size()? {
                    match read(from).await? {
                        Ok(value) => values.push(value),
                        Err(error) => return Ok(Err(error)),
                    }
                }
                Value::List(values)
            }
            _ => return Err(odd()),
        }))
    })
}

async fn bulk<R: AsyncBufRead + Send + Unpin>(from: &mut R, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    from.read_exact(&mut bytes).await?;
    from.read_exact(&mut [0; 2]).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn replies_are_read_whole() {
        let text = |text: &str| Value::Text(text.into());
        let mut stream = &b"+OK\r\n$3\r\na\r\n\r\n:-7\r\n*2\r\n*1\r\n:1\r\n$-1\r\n*-1\r\n-ERR no\r\n!"[..];
        for reply in [
            Ok(text("OK")),
            Ok(text("a\r\n")),
            Ok(Value::Number(-7)),
            Ok(Value::List(vec![Value::List(vec![Value::Number(1)]), Value::Nothing])),
            Ok(Value::List(vec![])),
            Err("ERR no".to_owned()),
        ] {
            assert_eq!(read(&mut stream).await.expect("a reply"), reply);
        }
        assert!(read(&mut stream).await.is_err());
        assert!(read(&mut &b""[..]).await.is_err());
    }
}
