//! What a kept command asks of the gate.

use crate::record::LoginCommand;
use crate::resp::request::capitals;
use crate::session::Session;

/// `Asked` sorts the commands that the gate reads.
pub(crate) enum Asked {
    /// AUTH or HELLO … AUTH in a form that could log in.
    Login(Login),
    /// HELLO without AUTH, in a known protocol version or none.
    PlainHello(Greeting),
    /// HELLO in an unknown protocol version.
    BadVersion,
    /// AUTH or HELLO in a form that cannot log in; the backend says what is wrong.
    BadLogin,
    /// CLIENT SETNAME.
    SetName(Vec<u8>),
    Reset,
    Quit,
    /// SUBSCRIBE or one of its kind.
    Subscription(String),
    Multi,
    Exec,
    Discard,
    Other,
}

/// `Login` is a login to be judged. It has no `Debug`: it holds a token.
pub(crate) struct Login {
    pub(crate) command: LoginCommand,
    pub(crate) user: Vec<u8>,
    pub(crate) token: Vec<u8>,
    /// What else HELLO says.
    pub(crate) greeting: Greeting,
    args: Vec<Vec<u8>>,
    /// Where user and token stand; AUTH with one argument has no user.
    at: Option<usize>,
}

/// `Greeting` is what HELLO says besides AUTH.
#[derive(Clone, Default)]
pub(crate) struct Greeting {
    /// Whether it chooses RESP3; `None` where it names no version.
    pub(crate) resp3: Option<bool>,
    /// The name that SETNAME gives.
    pub(crate) name: Option<Vec<u8>>,
}

impl Greeting {
    /// What it says takes effect.
    pub(crate) fn apply(&self, session: &Session) {
        if let Some(resp3) = self.resp3 {
            session.hello(resp3);
        }
        if let Some(name) = &self.name {
            session.set_name(name);
        }
    }
}

impl Login {
    /// The same command with the backend's own user and password.
    pub(crate) fn rewrite(mut self, user: &str, password: &str) -> Vec<Vec<u8>> {
        let Some(at) = self.at else {
            return vec![b"AUTH".to_vec(), user.into(), password.into()];
        };
        for (arg, text) in self.args.iter_mut().skip(at).zip([user, password]) {
            *arg = text.into();
        }
        self.args
    }
}

/// Sorts `args`; what is not a login is handed back unchanged.
pub(crate) fn asked(args: Vec<Vec<u8>>) -> (Asked, Vec<Vec<u8>>) {
    let name = args.first().map(|name| capitals(name)).unwrap_or_default();
    let plain = |asked, args| (asked, args);
    match (name.as_str(), args.len()) {
        ("AUTH", 2 | 3) => (Asked::Login(auth(args)), Vec::new()),
        ("AUTH", _) => plain(Asked::BadLogin, args),
        ("HELLO", _) => hello(args),
        ("RESET", 1) => plain(Asked::Reset, args),
        ("QUIT", _) => plain(Asked::Quit, args),
        ("MULTI", 1) => plain(Asked::Multi, args),
        ("EXEC", 1) => plain(Asked::Exec, args),
        ("DISCARD", 1) => plain(Asked::Discard, args),
        ("CLIENT", 3) if args.get(1).is_some_and(|arg| arg.eq_ignore_ascii_case(b"SETNAME")) => {
            let name = args.last().cloned().unwrap_or_default();
            plain(Asked::SetName(name), args)
        }
        (kind, _) if kind.ends_with("SUBSCRIBE") => plain(Asked::Subscription(name), args),
        _ => plain(Asked::Other, args),
    }
}

fn auth(args: Vec<Vec<u8>>) -> Login {
    let token = args.last().cloned().unwrap_or_default();
    let named = args.len() == 3;
    let user = args.get(1).filter(|_| named).cloned().unwrap_or_else(|| b"default".to_vec());
    let greeting = Greeting::default();
    Login { command: LoginCommand::Auth, user, token, greeting, args, at: named.then_some(1) }
}

fn hello(args: Vec<Vec<u8>>) -> (Asked, Vec<Vec<u8>>) {
    let resp3 = match args.get(1).map(Vec::as_slice) {
        None => None,
        Some(b"2") => Some(false),
        Some(b"3") => Some(true),
        Some(_) => return (Asked::BadVersion, args),
    };
    let mut greeting = Greeting { resp3, name: None };
    let (mut at, mut next) = (None, 2);
    while let Some(option) = args.get(next) {
        let rest = args.len() - next - 1;
        if option.eq_ignore_ascii_case(b"AUTH") && rest >= 2 {
            at = Some(next + 1);
            next += 3;
        } else if option.eq_ignore_ascii_case(b"SETNAME") && rest >= 1 {
            greeting.name = args.get(next + 1).cloned();
            next += 2;
        } else {
            return (Asked::BadLogin, args);
        }
    }
    let Some(start) = at else {
        return (Asked::PlainHello(greeting), args);
    };
    let part = |at: usize| args.get(at).cloned().unwrap_or_default();
    let (user, token) = (part(start), part(start + 1));
    (Asked::Login(Login { command: LoginCommand::Hello, user, token, greeting, args, at }), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(line: &str) -> Asked {
        asked(line.split(' ').map(|arg| arg.as_bytes().to_vec()).collect()).0
    }

    #[test]
    fn logins_are_found_and_rewritten() {
        for (line, user, rewritten) in [
            ("AUTH tok", "default", "AUTH U P"),
            ("auth app tok", "app", "auth U P"),
            ("HELLO 3 AUTH app tok", "app", "HELLO 3 AUTH U P"),
            ("HELLO 2 setname n auth app tok", "app", "HELLO 2 setname n auth U P"),
            ("HELLO 3 AUTH x y AUTH app tok", "app", "HELLO 3 AUTH x y AUTH U P"),
        ] {
            let Asked::Login(login) = sort(line) else { panic!("{line}") };
            assert_eq!((login.user.as_slice(), login.token.as_slice()), (user.as_bytes(), &b"tok"[..]));
            assert_eq!(login.rewrite("U", "P").join(&b' '), rewritten.as_bytes());
        }
    }

    #[test]
    fn what_cannot_log_in_is_not_judged() {
        for line in
            ["AUTH", "AUTH a b c", "HELLO 3 AUTH app", "HELLO 3 AUTH", "HELLO 3 what", "HELLO 3 SETNAME"]
        {
            assert!(matches!(sort(line), Asked::BadLogin), "{line}");
        }
        assert!(matches!(sort("HELLO 9 AUTH app tok"), Asked::BadVersion));
        assert!(matches!(sort("HELLO"), Asked::PlainHello(_)));
        assert!(matches!(sort("HELLO 3 SETNAME x"), Asked::PlainHello(Greeting { name: Some(_), .. })));
        assert!(matches!(sort("client setname x"), Asked::SetName(_)));
        assert!(matches!(sort("client info"), Asked::Other));
    }
}
