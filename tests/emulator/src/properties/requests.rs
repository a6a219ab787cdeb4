//! Whatever a client sends, in whichever pieces.

use super::bytes::{Bytes, pieces};
use crate::command::{Asked, asked};
use crate::resp;
use crate::resp::request::{Broken, Event, KEPT, LINE, Parser};

/// The first two bytes choose pieces and limits, the rest is the client's stream. The backend gets the same bytes for
/// any cut of it, nothing is held without bound, and no client's token gets past a rewritten login.
pub fn requests(data: &[u8]) {
    let mut data = Bytes::new(data);
    let (seed, authenticated) =
        (data.next().unwrap_or_default(), data.next().is_some_and(|byte| byte % 2 == 1));
    let whole = forward(std::iter::once(data.rest()), authenticated);
    let cut = forward(pieces(data.rest(), seed), authenticated);
    assert_eq!(whole.broken, cut.broken);
    assert_eq!(whole.read, cut.read);
    assert_eq!(whole.complete(), cut.complete());
    // A stream that breaks off is passed up to the end of the piece that broke it.
    assert!(whole.broken.is_some() || whole.out == cut.out);
    for args in whole.read {
        rewritten(args);
    }
}

#[derive(Default)]
struct Forwarded {
    out: Vec<u8>,
    /// Where the last command ends of which all was there.
    end: usize,
    read: Vec<Vec<Vec<u8>>>,
    broken: Option<Broken>,
}

impl Forwarded {
    fn complete(&self) -> &[u8] {
        self.out.get(..self.end).unwrap_or_default()
    }
}

fn forward<'a>(pieces: impl Iterator<Item = &'a [u8]>, authenticated: bool) -> Forwarded {
    let mut parser = Parser::new();
    parser.authenticated(authenticated);
    let mut forwarded = Forwarded::default();
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            let (used, event) = match parser.next(rest) {
                Ok(found) => found,
                Err(broken) => {
                    forwarded.out.extend_from_slice(parser.head());
                    forwarded.out.extend_from_slice(rest);
                    forwarded.broken = Some(broken);
                    return forwarded;
                }
            };
            assert!(used > 0, "no way on");
            assert!(parser.held() <= 3 * KEPT + LINE, "{} bytes are held", parser.held());
            let (taken, more) = rest.split_at(used);
            let ends = matches!(event, Some(Event::Head(true) | Event::Body(true) | Event::Whole(_)));
            match event {
                Some(Event::Head(_)) => forwarded.out.extend_from_slice(parser.head()),
                Some(Event::Body(_)) => forwarded.out.extend_from_slice(taken),
                Some(Event::Whole(args)) => {
                    resp::command(&mut forwarded.out, &args);
                    forwarded.read.push(args);
                }
                None => {}
            }
            if ends {
                forwarded.end = forwarded.out.len();
            }
            rest = more;
        }
    }
    forwarded
}

/// A login's rewrite is a login of the backend's user, with nothing left of the client's.
fn rewritten(args: Vec<Vec<u8>>) {
    let (Asked::Login(login), _) = asked(args) else { return };
    let (again, _) = asked(login.rewrite("backend", "password"));
    let Asked::Login(again) = again else { panic!("no login any more") };
    assert_eq!((again.user.as_slice(), again.token.as_slice()), (&b"backend"[..], &b"password"[..]));
}
