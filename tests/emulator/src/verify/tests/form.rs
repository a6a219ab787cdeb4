//! E01 to E06: the text of a token.

use super::*;

#[test]
fn e01_form() {
    let token = draft().sign();
    for text in [
        "",
        "?",
        "x",
        "my-cluster/",
        "my-cluster/?",
        "my-cluster/?&",
        "my-cluster/?Action",
        "/?Action=connect",
    ] {
        assert_eq!(strict(text), Some(Reason::Malformed), "{text}");
    }
    for text in
        [format!("http://{token}"), format!("https://{token}"), format!("{token}\n"), format!("{token}&=x")]
    {
        assert_eq!(strict(&text), Some(Reason::Malformed));
    }
}

#[test]
fn e02_path() {
    let token = draft().sign();
    assert_eq!(strict(&token.replace("/?", "/x?")), Some(Reason::Path));
    assert_eq!(strict(&token.replace("/?", "//?")), Some(Reason::Path));
    let bare = token.replace("/?", "?");
    assert_eq!(strict(&bare), Some(Reason::Path));
    assert_eq!(judged(&bare, EPOCH, &Switches { no_slash: true, ..Switches::default() }), None);
}

#[test]
fn e03_escapes() {
    let token = draft().sign();
    let lower = Switches { lower_case_escapes: true, ..Switches::default() };
    let loose = Switches { loose_escapes: true, ..Switches::default() };
    let (low, bare) = (token.replace("%2F", "%2f"), token.replace("%2F", "/"));
    for text in [&low, &bare, &token.replace("User=app", "User=%61pp")] {
        assert_eq!(strict(text), Some(Reason::Escapes));
        assert_eq!(judged(text, EPOCH, &loose), None);
    }
    assert_eq!(judged(&low, EPOCH, &lower), None);
    assert_eq!(judged(&bare, EPOCH, &lower), Some(Reason::Escapes));
    for broken in ["%", "%2", "%zz", "%ff"] {
        let text = token.replace("User=app", &format!("User={broken}"));
        assert_eq!(judged(&text, EPOCH, &loose), Some(Reason::Escapes), "{broken}");
    }
}

#[test]
fn e04_unknown_parameter() {
    refused(&draft().with("DBUser", "app"), Reason::UnknownParameter);
    refused(&draft().with("x-amz-date", "20250615T123456Z"), Reason::UnknownParameter);
}

#[test]
fn e05_duplicate_parameter() {
    let mut draft = draft();
    draft.pairs.push(("User".into(), "app".into()));
    refused(&draft, Reason::DuplicateParameter);
    draft.pairs.pop();
    let token = draft.sign();
    let (_, signature) = token.rsplit_once('&').expect("a signature");
    assert_eq!(strict(&format!("{token}&{signature}")), Some(Reason::DuplicateParameter));
}

#[test]
fn e06_missing_parameter() {
    for (name, _) in draft().pairs {
        refused(&draft().without(&name), Reason::MissingParameter);
    }
    let token = draft().sign();
    let (unsigned, _) = token.rsplit_once('&').expect("a signature");
    assert_eq!(strict(unsigned), Some(Reason::MissingParameter));
}
