//! Inline commands: one line, split as Redis splits it.

/// Splits a line into arguments; `None` if its quotes do not balance.
pub(crate) fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut args = Vec::new();
    let mut rest = line.iter().copied().peekable();
    loop {
        while rest.next_if(u8::is_ascii_whitespace).is_some() {}
        if rest.peek().is_none() {
            return Some(args);
        }
        args.push(argument(&mut rest)?);
    }
}

type Bytes<I> = std::iter::Peekable<I>;

fn argument<I: Iterator<Item = u8>>(rest: &mut Bytes<I>) -> Option<Vec<u8>> {
    let mut arg = Vec::new();
    while let Some(byte) = rest.next_if(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'"' => double_quoted(rest, &mut arg)?,
            b'\'' => single_quoted(rest, &mut arg)?,
            _ => {
                arg.push(byte);
                continue;
            }
        }
        // A closing quote must end the argument.
        return rest.peek().is_none_or(u8::is_ascii_whitespace).then_some(arg);
    }
    Some(arg)
}

fn single_quoted<I: Iterator<Item = u8>>(rest: &mut Bytes<I>, arg: &mut Vec<u8>) -> Option<()> {
    loop {
        match rest.next()? {
            b'\'' => return Some(()),
            b'\\' if rest.next_if_eq(&b'\'').is_some() => arg.push(b'\''),
            byte => arg.push(byte),
        }
    }
}

fn double_quoted<I: Iterator<Item = u8>>(rest: &mut Bytes<I>, arg: &mut Vec<u8>) -> Option<()> {
    loop {
        match rest.next()? {
            b'"' => return Some(()),
            b'\\' => escape(rest, arg)?,
            byte => arg.push(byte),
        }
    }
}

fn escape<I: Iterator<Item = u8>>(rest: &mut Bytes<I>, arg: &mut Vec<u8>) -> Option<()> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match rest.next()? {
        b'n' => arg.push(b'\n'),
        b'r' => arg.push(b'\r'),
        b't' => arg.push(b'\t'),
        b'b' => arg.push(8),
        b'a' => arg.push(7),
        b'x' => match rest.next_if(u8::is_ascii_hexdigit) {
            Some(high) => match rest.next_if(u8::is_ascii_hexdigit) {
                Some(low) => arg.push(digit(high)? * 16 + digit(low)?),
                None => arg.extend([b'x', high]),
            },
            None => arg.push(b'x'),
        },
        byte => arg.push(byte),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn lines_are_split_as_redis_does() {
        for (line, args) in [
            ("  PING  ", Some(vec!["PING"])),
            ("", Some(vec![])),
            (r#"set "a b" 'c\'d'"#, Some(vec!["set", "a b", "c'd"])),
            (r#""\x41UTH" "\n\xzz""#, Some(vec!["AUTH", "\nxzz"])),
            (r#"set "a"b"#, None),
            (r#"set "a"#, None),
            ("set 'a", None),
            (r#"a"b c""#, Some(vec!["ab c"])),
        ] {
            let args =
                args.map(|args| args.into_iter().map(|arg| arg.as_bytes().to_vec()).collect::<Vec<_>>());
            assert_eq!(split(line.as_bytes()), args, "{line}");
        }
    }
}
