//! A signer, written apart from the emulator's verifier.

use ring::{digest, hmac};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// `Draft` is a token before it is signed.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) cluster: &'static str,
    pub(crate) user: &'static str,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) serverless: bool,
    pub(crate) temporary: bool,
    pub(crate) date: String,
}

impl Draft {
    /// A token for `app`, signed in this second of the minute in which the judging clock starts.
    pub(crate) fn new(second: u64) -> Self {
        let date = format!("20250615T1234{second:02}Z");
        let (cluster, user, region, service) = ("my-cluster", "app", "us-east-1", "elasticache");
        Self { cluster, user, region, service, serverless: false, temporary: false, date }
    }

    pub(crate) fn sign(&self) -> String {
        let id = if self.temporary { "ASIDEXAMPLE" } else { "AKIDEXAMPLE" };
        let day = &self.date[..8];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let mut pairs = vec![
            ("Action", "connect".to_owned()),
            ("User", self.user.to_owned()),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("{id}/{scope}")),
            ("X-Amz-Date", self.date.clone()),
            ("X-Amz-Expires", "900".to_owned()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ];
        if self.serverless {
            pairs.push(("ResourceType", "ServerlessCache".to_owned()));
        }
        if self.temporary {
            pairs.push(("X-Amz-Security-Token", "se+ss/ion==".to_owned()));
        }
        pairs.sort();
        let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let query = query.join("&");
        let request = format!("GET\n/\n{query}\nhost:{}\n\nhost\n{}", self.cluster, hex(sha256("").as_ref()));
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", self.date, hex(sha256(&request).as_ref()));
        let key = mac(format!("AWS4{SECRET}").as_bytes(), day);
        let key = mac(mac(mac(key.as_ref(), self.region).as_ref(), self.service).as_ref(), "aws4_request");
        format!("{}/?{query}&X-Amz-Signature={}", self.cluster, hex(mac(key.as_ref(), &text).as_ref()))
    }
}

pub(crate) fn token_hash(token: &str) -> String {
    hex(sha256(token).as_ref())
}

pub(crate) fn escape(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_.~".contains(char);
    text.chars()
        .map(|char| if plain(char) { char.to_string() } else { format!("%{:02X}", char as u32) })
        .collect()
}

fn sha256(text: &str) -> digest::Digest {
    digest::digest(&digest::SHA256, text.as_bytes())
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
