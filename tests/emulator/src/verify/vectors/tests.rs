//! Every vector and mutation is judged as the file says.

use super::*;
use crate::sigv4;
use crate::verify::{Reason, Token};

#[test]
fn vectors_are_accepted() {
    for vector in file().vectors {
        let mut switches = Switches::default();
        if vector.id == "ec-cluster-caps" {
            let strict = vector.judge(&vector.token, vector.epoch + 1, &switches);
            assert_eq!(strict.refused, Some(Reason::WrongCluster), "{}", vector.id);
            switches.capital_host = true;
        }
        let verdict = vector.judge(&vector.token, vector.epoch + 1, &switches);
        assert_eq!(verdict.refused, None, "{}", vector.id);
        assert_eq!(verdict.access_key.as_deref(), Some(vector.access_key_id.as_str()));
        assert!(!format!("{verdict:?}").contains(&vector.signature), "{}", vector.id);
    }
}

#[test]
fn canonical_requests_are_rebuilt() {
    for vector in file().vectors {
        let Ok(token) = Token::parse(&vector.token, &Switches::default()) else { panic!("{}", vector.id) };
        let signed = token.pairs().filter(|(name, _)| *name != "X-Amz-Signature");
        let host = token.host.to_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        let canonical = sigv4::canonical_request(host, &sigv4::canonical_query(signed));
        assert_eq!(canonical, vector.canonical_request, "{}", vector.id);
    }
}

#[test]
fn mutations_are_judged_as_the_file_says() {
    let File { vectors, mutations } = file();
    for mutation in mutations {
        let base = vectors.iter().find(|vector| vector.id == mutation.base).expect("a base");
        let judge =
            |switches: &Switches| base.judge(&mutation.token, mutation.verify_at, switches).accepted();
        let strict = judge(&Switches::default());
        match mutation.expect.as_str() {
            "accept" => assert!(strict, "{}", mutation.id),
            "reject" => assert!(!strict, "{}", mutation.id),
            "unspecified" => {
                assert!(!strict, "{}", mutation.id);
                assert!(judge(&switch_of(&mutation.id)), "{} with its switch", mutation.id);
            }
            other => panic!("{}: unknown {other}", mutation.id),
        }
    }
}

fn switch_of(mutation: &str) -> Switches {
    let mut switches = Switches::default();
    let switch = match mutation {
        "m-lower-escapes" => &mut switches.lower_case_escapes,
        "m-no-slash" => &mut switches.no_slash,
        "m-sig-upper" => &mut switches.capital_signature,
        "m-nodes-to-serverless" => &mut switches.serverless_without_resource_type,
        "m-serverless-to-nodes" => &mut switches.resource_type_on_nodes,
        other => panic!("no switch for {other}"),
    };
    *switch = true;
    switches
}
