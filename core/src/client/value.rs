//! Reads a reply that is whole. Texts are copied once, out of the read buffer into the value.

use redis::{PushKind, Value, VerbatimFormat, parse_redis_value};

/// Deeper replies are refused: each level costs stack.
const DEEPEST: usize = 128;

/// Reads one frame; `None` where it is no RESP after all.
pub(super) fn read(frame: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: frame };
    let value = reader.value(DEEPEST)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.windows(2).position(|pair| pair == b"\r\n")?;
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(2..)?;
        Some(line)
    }

    fn text(&mut self, length: usize) -> Option<&'a [u8]> {
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.strip_prefix(b"\r\n")?;
        Some(text)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let line = self.line()?;
        let (kind, rest) = line.split_first()?;
        let value = match kind {
            b'+' if rest == b"OK" => Value::Okay,
            b'+' => String::from_utf8(rest.to_vec()).map_or_else(bytes, Value::SimpleString),
            b'-' => error(rest)?,
            b':' => Value::Int(number(rest)?),
            b'$' => match length(rest)? {
                Some(length) => Value::BulkString(self.text(length)?.to_vec()),
                None => Value::Nil,
            },
            b'_' => Value::Nil,
            b',' => Value::Double(number(rest)?),
            b'#' => Value::Boolean(rest == b"t"),
            b'(' => Value::BigNumber(rest.to_vec()),
            b'!' => {
                let length = length(rest)??;
                error(self.text(length)?)?
            }
            b'=' => {
                let length = length(rest)??;
                verbatim(self.text(length)?)?
            }
            b'*' => match length(rest)? {
                Some(count) => Value::Array(self.values(count, depth)?),
                None => Value::Nil,
            },
            b'~' => Value::Set(self.values(length(rest)??, depth)?),
            b'%' => Value::Map(self.pairs(length(rest)??, depth)?),
            b'>' => self.push(length(rest)??, depth)?,
            b'|' => {
                let attributes = self.pairs(length(rest)??, depth)?;
                Value::Attribute { data: Box::new(self.value(depth.checked_sub(1)?)?), attributes }
            }
            _ => return None,
        };
        Some(value)
    }

    fn values(&mut self, count: usize, depth: usize) -> Option<Vec<Value>> {
        let depth = depth.checked_sub(1)?;
        // Each value takes three bytes at least; a count that is a lie must not cost memory.
        let mut values = Vec::with_capacity(count.min(self.rest.len() / 3));
        for _ in 0..count {
            values.push(self.value(depth)?);
        }
        Some(values)
    }

    fn pairs(&mut self, count: usize, depth: usize) -> Option<Vec<(Value, Value)>> {
        let depth = depth.checked_sub(1)?;
        let mut pairs = Vec::with_capacity(count.min(self.rest.len() / 6));
        for _ in 0..count {
            pairs.push((self.value(depth)?, self.value(depth)?));
        }
        Some(pairs)
    }

    fn push(&mut self, count: usize, depth: usize) -> Option<Value> {
        let mut values = self.values(count, depth)?.into_iter();
        let kind = match values.next()? {
            Value::BulkString(kind) => lossy(&kind),
            Value::SimpleString(kind) => kind,
            _ => return None,
        };
        Some(Value::Push { kind: push_kind(kind), data: values.collect() })
    }
}

fn push_kind(kind: String) -> PushKind {
    match kind.as_str() {
        "invalidate" => PushKind::Invalidate,
        "message" => PushKind::Message,
        "pmessage" => PushKind::PMessage,
        "smessage" => PushKind::SMessage,
        "subscribe" => PushKind::Subscribe,
        "psubscribe" => PushKind::PSubscribe,
        "ssubscribe" => PushKind::SSubscribe,
        "unsubscribe" => PushKind::Unsubscribe,
        "punsubscribe" => PushKind::PUnsubscribe,
        "sunsubscribe" => PushKind::SUnsubscribe,
        _ => PushKind::Other(kind),
    }
}

/// The crate alone can make its error values; a text that is no UTF-8 is made one first.
fn error(text: &[u8]) -> Option<Value> {
    let line = lossy(text).replace(['\r', '\n'], " ");
    parse_redis_value(format!("-{line}\r\n").as_bytes()).ok()
}

fn verbatim(text: &[u8]) -> Option<Value> {
    let (format, text) = text.split_at_checked(4)?;
    let format = match format {
        b"txt:" => VerbatimFormat::Text,
        b"mkd:" => VerbatimFormat::Markdown,
        other => VerbatimFormat::Unknown(lossy(other.strip_suffix(b":")?)),
    };
    let verbatim = |text| Value::VerbatimString { format, text };
    Some(String::from_utf8(text.to_vec()).map_or_else(bytes, verbatim))
}

/// A text that is no UTF-8, without loss: the crate has no other value for it.
fn bytes(text: std::string::FromUtf8Error) -> Value {
    Value::BulkString(text.into_bytes())
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A length, or `None` inside for null.
fn length(digits: &[u8]) -> Option<Option<usize>> {
    if digits == b"-1" { Some(None) } else { number(digits).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The redis crate's own parser is the second opinion.
    #[test]
    fn every_type_reads_as_the_redis_crate_reads_it() {
        for reply in [
            "+OK\r\n",
            "+QUEUED\r\n",
            "-ERR wrong number of arguments\r\n",
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
            "-MOVED 3999 127.0.0.1:6381\r\n",
            ":-12\r\n",
            "_\r\n",
            ",3.25\r\n",
            ",-inf\r\n",
            "#f\r\n",
            "(3492890328409238509324850943850943825024385\r\n",
            "$-1\r\n",
            "$0\r\n\r\n",
            "$5\r\n\r\n\r\n$\r\n",
            "=8\r\ntxt:text\r\n",
            "!9\r\nERR large\r\n",
            "*-1\r\n",
            "*4\r\n:1\r\n*0\r\n*2\r\n$1\r\na\r\n_\r\n-ERR in the middle\r\n",
            "%1\r\n+a\r\n~2\r\n:1\r\n:2\r\n",
            ">3\r\n+message\r\n$1\r\nc\r\n$2\r\nhi\r\n",
        ] {
            let expected = parse_redis_value(reply.as_bytes()).unwrap();
            assert_eq!(read(reply.as_bytes()).as_ref(), Some(&expected), "{reply:?}");
        }
        assert!(matches!(read(b",nan\r\n"), Some(Value::Double(number)) if number.is_nan()));
    }

    #[test]
    fn what_the_crate_cannot_read_is_read_all_the_same() {
        assert_eq!(read(b"+caf\xe9\r\n"), Some(Value::BulkString(b"caf\xe9".to_vec())));
        assert_eq!(read(b"=8\r\ntxt:caf\xe9\r\n"), Some(Value::BulkString(b"caf\xe9".to_vec())));
        assert!(matches!(read(b"-ERR \xff\r\n"), Some(Value::ServerError(_))));
    }

    #[test]
    fn what_is_no_reply_is_none() {
        let deep = [b"*1\r\n".repeat(DEEPEST + 1), b":1\r\n".to_vec()].concat();
        for input in [&b"x\r\n"[..], b":one\r\n", b"$3\r\nab\r\n", b"*2\r\n:1\r\n", b":1\r\n:2\r\n", &deep] {
            assert_eq!(read(input), None, "{input:?}");
        }
    }
}
