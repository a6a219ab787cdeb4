//! The official suite, as it ships in the aws-sigv4 crate: each request in query form is judged by what it says of
//! itself, and its canonical request, string to sign and signature are those of the suite.

use super::{Canonical, Scope, canonical_query, encode, same, sha256_hex, signature, string_to_sign};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const CASES: usize = 38;
const SIGNATURE: &str = "X-Amz-Signature";

/// The suite's folder in cargo's copy of the crate.
fn suite() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "aws-sigv4").expect("aws-sigv4");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    manifest.with_file_name("aws-signing-test-suite").join("v4")
}

/// One case: how the request was signed, and what came out.
struct Case {
    name: String,
    folder: PathBuf,
    secret: String,
    normalize: bool,
    /// The session token was added after signing.
    omits_session_token: bool,
}

impl Case {
    fn read(folder: PathBuf) -> Option<Self> {
        let name = folder.file_name()?.to_str()?.to_owned();
        if !folder.join("query-signature.txt").exists() {
            return None;
        }
        let context: Value = serde_json::from_str(&text(&folder, "context.json"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Some(Self {
            secret: context["credentials"]["secret_access_key"].as_str()?.to_owned(),
            normalize: context["normalize"].as_bool()?,
            omits_session_token: context["omit_session_token"].as_bool().unwrap_or_default(),
            name,
            folder,
        })
    }

    fn file(&self, part: &str) -> String {
        text(&self.folder, &format!("query-{part}.txt"))
    }
}

fn text(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A signed request, taken apart.
struct Request {
    method: String,
    path: String,
    pairs: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Request {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let start = lines.next().expect("a request line");
        let (method, rest) = start.split_once(' ').expect("a method");
        let target = rest.strip_suffix(" HTTP/1.1").expect("a version");
        let (path, query) = target.split_once('?').expect("a query");
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
        let pairs = query.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        let (method, path, body) = (method.to_owned(), decoded(path), body.to_owned());
        Self { method, path, pairs: pairs.collect(), headers: headers(lines), body }
    }

    fn value(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).expect(name)
    }

    fn canonical(&self, case: &Case) -> String {
        let omitted =
            |name: &str| name == SIGNATURE || case.omits_session_token && name == "X-Amz-Security-Token";
        let pairs = self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signed = self.value("X-Amz-SignedHeaders").split(';');
        let headers: Vec<_> = signed.map(|name| (name, self.headers[name].as_str())).collect();
        let path = if case.normalize { normalized(&self.path) } else { self.path.clone() };
        let path: Vec<_> = path.split('/').map(encode).collect();
        Canonical {
            method: &self.method,
            path: &path.join("/"),
            query: &canonical_query(pairs.filter(|(name, _)| !omitted(name))),
            headers: &headers,
            body_sha256: &sha256_hex(self.body.as_bytes()),
        }
        .text()
    }
}

/// Names in lower case; values without spare spaces, those of one name joined.
fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        match line.split_once(':') {
            Some((name, value)) if !line.starts_with(' ') => {
                headers.push((name.to_lowercase(), value.to_owned()))
            }
            _ => {
                let last = headers.last_mut().expect("a header before its next line");
                last.1 = format!("{} {line}", last.1);
            }
        }
    }
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        joined.entry(name).and_modify(|before| *before = format!("{before},{value}")).or_insert(value);
    }
    joined
}

/// RFC 3986's path without dot segments, and without empty ones.
fn normalized(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    let folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) && !kept.is_empty();
    format!("/{}{}", kept.join("/"), if folder { "/" } else { "" })
}

#[test]
fn the_official_suite_verifies() {
    let folders = std::fs::read_dir(suite()).expect("the suite").map(|entry| entry.expect("an entry").path());
    let cases: Vec<_> = folders.filter_map(Case::read).collect();
    assert_eq!(cases.len(), CASES, "cases in query form");
    for case in cases {
        let request = Request::parse(&case.file("signed-request"));
        let canonical = request.canonical(&case);
        assert_eq!(canonical, case.file("canonical-request"), "{}", case.name);
        let credential: Vec<_> = request.value("X-Amz-Credential").split('/').collect();
        let [_, date, region, service, "aws4_request"] = *credential.as_slice() else {
            panic!("{credential:?}")
        };
        let scope = Scope { date, region, service };
        let stamp = request.value("X-Amz-Date");
        assert_eq!(string_to_sign(scope, stamp, &canonical), case.file("string-to-sign"), "{}", case.name);
        let computed = signature(&case.secret, scope, stamp, &canonical);
        assert_eq!(computed, case.file("signature").trim(), "{}", case.name);
        assert!(same(&computed, request.value(SIGNATURE)), "{}", case.name);
    }
}
