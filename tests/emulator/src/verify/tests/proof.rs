//! E18 to E26: its life, its signature, its time.

use super::*;

#[test]
fn e18_expires() {
    for expires in ["0", "901", "-1", "+900", "0900", "", "9e2", "900.0", "99999999999999999999"] {
        refused(&draft().with("X-Amz-Expires", expires), Reason::Expires);
    }
    let longer = draft().with("X-Amz-Expires", "3600").sign();
    let switches = Switches { longest_expires_seconds: 3600, ..Switches::default() };
    assert_eq!(judged(&longer, EPOCH + 3600, &switches), None);
}

#[test]
fn e19_signed_headers() {
    refused(&draft().with("X-Amz-SignedHeaders", "host;x-amz-date"), Reason::SignedHeaders);
}

#[test]
fn e20_session_token() {
    let temporary = || scoped("ASIDEXAMPLE/20250615/us-east-1/elasticache/aws4_request");
    assert_eq!(strict(&temporary().with("X-Amz-Security-Token", "se+ss/ion==").sign()), None);
    refused(&temporary(), Reason::SessionToken);
    refused(&temporary().with("X-Amz-Security-Token", "se ss/ion=="), Reason::SessionToken);
    refused(&draft().with("X-Amz-Security-Token", "se+ss/ion=="), Reason::SessionToken);
}

#[test]
fn e21_signature_form() {
    let token = draft().sign();
    let (start, signature) = token.rsplit_once('=').expect("a signature");
    let capitals = format!("{start}={}", signature.to_uppercase());
    for text in
        [format!("{start}="), format!("{start}=x{}", &signature[1..]), format!("{token}0"), capitals.clone()]
    {
        assert_eq!(strict(&text), Some(Reason::SignatureForm));
    }
    let switches = Switches { capital_signature: true, ..Switches::default() };
    assert_eq!(judged(&capitals, EPOCH, &switches), None);
}

#[test]
fn e22_signature() {
    let token = draft().sign();
    let last = token.chars().last().expect("a digit");
    let flipped = format!("{}{}", &token[..token.len() - 1], if last == '0' { '1' } else { '0' });
    assert_eq!(strict(&flipped), Some(Reason::Signature));
    assert_eq!(strict(&token.replace("Expires=900", "Expires=899")), Some(Reason::Signature));
    let other = keys();
    other.add(AccessKey { secret: "another".into(), ..keys().find("AKIDEXAMPLE").expect("a key") });
    let verdict = judge(&token, &nodes(), &other, at(EPOCH), &Switches::default(), &Lives::default());
    assert_eq!(verdict.refused, Some(Reason::Signature));
}

#[test]
fn e23_future() {
    let token = draft().sign();
    let switches = Switches::default();
    assert_eq!(judged(&token, EPOCH - 300, &switches), None);
    assert_eq!(judged(&token, EPOCH - 301, &switches), Some(Reason::Future));
    let exact = Switches { future_skew_seconds: 0, ..Switches::default() };
    assert_eq!(judged(&token, EPOCH - 1, &exact), Some(Reason::Future));
}

#[test]
fn e24_expired() {
    let token = draft().sign();
    let expired = |age, time_scale, token_life| {
        let lives = Lives { time_scale, token_life };
        judge(&token, &nodes(), &keys(), at(EPOCH + age), &Switches::default(), &lives).refused
    };
    assert_eq!(expired(900, 1.0, None), None);
    assert_eq!(expired(901, 1.0, None), Some(Reason::Expired));
    assert_eq!(expired(15, 60.0, None), None);
    assert_eq!(expired(16, 60.0, None), Some(Reason::Expired));
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(expired(20, 60.0, seconds(20)), None, "a set life wins over the scale");
    assert_eq!(expired(21, 1.0, seconds(20)), Some(Reason::Expired));
    assert_eq!(expired(901, 1.0, seconds(9999)), Some(Reason::Expired));
}

#[test]
fn e26_expired_key() {
    let dying = keys();
    dying.add(AccessKey { expires: Some(at(EPOCH + 12)), ..keys().find("AKIDEXAMPLE").expect("a key") });
    let token = draft().sign();
    let judged = |age| {
        judge(&token, &nodes(), &dying, at(EPOCH + age), &Switches::default(), &Lives::default()).refused
    };
    assert_eq!(judged(11), None);
    assert_eq!(judged(12), Some(Reason::ExpiredKey), "a token dies with the key that signed it");
    assert!(dying.revoke("AKIDEXAMPLE"));
    assert_eq!(judged(11), Some(Reason::UnknownKey));
}
