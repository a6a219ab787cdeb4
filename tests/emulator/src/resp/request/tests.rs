use super::*;

/// What a stream is made of: passed bytes, and commands that are read.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Passed(Vec<u8>),
    Read(Vec<String>),
}

fn read(stream: &[u8], step: usize) -> Result<Vec<Part>, Broken> {
    let mut parser = Parser::new();
    parser.authenticated(true);
    let mut parts = Vec::new();
    let mut current = Vec::new();
    for piece in stream.chunks(step) {
        let mut rest = piece;
        while !rest.is_empty() {
            let (used, event) = parser.next(rest)?;
            match event {
                Some(Event::Head(end)) => {
                    current = parser.head().to_vec();
                    if end {
                        parts.push(Part::Passed(std::mem::take(&mut current)));
                    }
                }
                Some(Event::Body(end)) => {
                    current.extend_from_slice(&rest[..used]);
                    if end {
                        parts.push(Part::Passed(std::mem::take(&mut current)));
                    }
                }
                Some(Event::Whole(args)) => {
                    let text = |arg: Vec<u8>| String::from_utf8_lossy(&arg).into_owned();
                    parts.push(Part::Read(args.into_iter().map(text).collect()));
                }
                None => {}
            }
            rest = &rest[used..];
        }
    }
    Ok(parts)
}

#[test]
fn every_way_to_cut_the_stream_gives_the_same() {
    let set = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9\r\nAUTH\r\nb c\r\n".to_vec();
    let get = b"*1\r\n$4\r\nPING\r\n".to_vec();
    let stream = [
        &set[..],
        b"\r\n*0\r\n*-1\r\n",
        b"*3\r\n$4\r\nauth\r\n$1\r\nu\r\n$4\r\nt\r\nk\r\n",
        &get,
        b"PING \"a b\"\r\n",
        b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
    ]
    .concat();
    let text = |args: &[&str]| Part::Read(args.iter().map(|&arg| arg.to_owned()).collect());
    let expected = vec![
        Part::Passed(set),
        text(&["auth", "u", "t\r\nk"]),
        Part::Passed(get),
        text(&["PING", "a b"]),
        text(&["HELLO", "3"]),
    ];
    for step in 1..=stream.len() {
        assert_eq!(read(&stream, step).as_ref(), Ok(&expected), "{step}");
    }
}

#[test]
fn a_large_value_is_not_kept() {
    let mut parser = Parser::new();
    parser.authenticated(true);
    let (_, event) = parser.next(b"*2\r\n$3\r\nSET\r\n").expect("a head");
    assert_eq!(event, Some(Event::Head(false)));
    assert!(parser.next(b"$4000000\r\n").is_ok());
    for _ in 0..40 {
        let (used, event) = parser.next(&[b'*'; 100_000]).expect("a body");
        assert_eq!((used, event), (100_000, Some(Event::Body(false))));
    }
    assert!(parser.head.len() + parser.line.len() < 100);
    assert_eq!(parser.next(b"\r\n"), Ok((2, Some(Event::Body(true)))));
}

#[test]
fn broken_requests_get_the_words_of_redis() {
    for (text, words) in [
        ("*x\r\n", "invalid multibulk length"),
        ("*3000000000\r\n", "invalid multibulk length"),
        ("*1\r\n:3\r\n", "expected '$'"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$600000000\r\n", "invalid bulk length"),
        ("*2\r\n$4\r\nAUTH\r\n$2000000\r\n", "invalid bulk length"),
        ("get \"a\r\n", "unbalanced quotes"),
    ] {
        let broken = read(text.as_bytes(), 3).expect_err(text);
        assert!(broken.contains(words), "{text}: {broken}");
    }
}

#[test]
fn before_login_requests_are_short() {
    for text in ["*11\r\n", "*2\r\n$4\r\nAUTH\r\n$16385\r\n", "*2\r\n$3\r\nSET\r\n$16385\r\n"] {
        let mut parser = Parser::new();
        let mut rest = text.as_bytes();
        let broken = loop {
            match parser.next(rest) {
                Ok((used, _)) => rest = &rest[used..],
                Err(broken) => break broken,
            }
        };
        assert!(broken.contains("unauthenticated"), "{text}: {broken}");
    }
}
