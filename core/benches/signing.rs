//! Signing one ElastiCache token with keys at hand: here, with aws-sigv4 alone, and with botocore; and what a manager
//! adds that is told to refresh.

mod support;

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use futures_util::FutureExt as _;
use keyrotor::aws::{AwsKeys, Target};
use keyrotor::{Format, TokenManager, host};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use support::interleave::{Contender, Pace};
use support::report::Report;
use support::{Outcome, wall};

const CLUSTER: &str = "my-cluster";
const USER: &str = "iam-user-01";
const REGION: &str = "eu-west-1";
const LIFE: Duration = Duration::from_secs(900);
const KEY_ID: &str = "AKIDEXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const BOTOCORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/signing/botocore_signer.py");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.venv/bin/python");

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let keys = AwsKeys::new(KEY_ID, KEY, None, None, "bench");
    let identity = keys.clone().into();
    let target = Target::ElastiCache { cluster: CLUSTER.into(), user: USER.into(), serverless: false };
    let at = wall();
    let token = target.sign(REGION, LIFE, &keys, at)?;
    if token.expose() != raw(&identity, at)? {
        return Err("the two tokens differ, so their times would say nothing".into());
    }
    let mut contenders = vec![
        Contender::looped("keyrotor", || {
            black_box(target.sign(REGION, LIFE, &keys, wall())?);
            Ok(())
        }),
        Contender::looped("aws-sigv4", || {
            black_box(raw(&identity, wall())?);
            Ok(())
        }),
    ];
    let mut report = Report::new("signing", pace);
    match Botocore::start() {
        Ok(mut botocore) => contenders.push(Contender::new("botocore", move |calls| botocore.sign(calls))),
        Err(error) => report.skip("botocore", &error.to_string()),
    }
    report.compare("signing one token, keys at hand", &mut contenders)?;
    drop(contenders);
    refreshing(&mut report, &target, &keys)?;
    report.write()
}

/// A manager's token is signed anew on the spot, kept, and told of to whoever wants to know; here that is nobody.
fn refreshing(report: &mut Report, target: &Target, keys: &AwsKeys) -> Outcome<()> {
    let request = json!({"authenticationInfo": {"iamCredentials": {
        "clusterName": CLUSTER, "username": USER, "region": REGION,
        "accessKey": {"accessKeyId": KEY_ID, "secretAccessKey": KEY},
    }}});
    let manager = TokenManager::from_request(request.to_string().as_bytes(), Format::Json)?;
    report.compare(
        "TokenManager::refresh(), keys at hand",
        &mut [
            Contender::looped("awaited", || {
                black_box(manager.refresh().now_or_never().ok_or("it is not made on the spot")??);
                Ok(())
            }),
            Contender::looped("by a thread that may wait", || {
                black_box(host::wait_for(manager.refresh())?);
                Ok(())
            }),
            Contender::looped("the signing alone", || {
                black_box(target.sign(REGION, LIFE, keys, wall())?);
                Ok(())
            }),
        ],
    )
}

/// The same token, as the crate's own documentation would have it.
fn raw(identity: &aws_smithy_runtime_api::client::identity::Identity, at: SystemTime) -> Outcome<String> {
    let url = format!("https://{CLUSTER}/?Action=connect&User={}", utf8_percent_encode(USER, &ESCAPED));
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFE);
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let params = v4::SigningParams::builder()
        .identity(identity)
        .region(REGION)
        .name("elasticache")
        .time(at)
        .settings(settings)
        .build()?
        .into();
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &params)?.into_parts();
    let mut token = url.trim_start_matches("https://").to_owned();
    for (name, value) in instructions.params() {
        token.push('&');
        token.push_str(name);
        token.push('=');
        token.extend(utf8_percent_encode(value, &ESCAPED));
    }
    Ok(token)
}

/// botocore in a process of its own, which signs when it is told to and says how long one took.
struct Botocore {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Botocore {
    fn start() -> Outcome<Self> {
        if !Path::new(PYTHON).exists() {
            return Err("there is no .venv: run scripts/setup".into());
        }
        let mut process =
            Command::new(PYTHON).arg(BOTOCORE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take().ok_or("no input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut botocore = Self { process, orders, answers };
        if botocore.answer()? != "ready" {
            return Err("botocore is not in .venv: run scripts/setup".into());
        }
        Ok(botocore)
    }

    fn sign(&mut self, calls: u64) -> Outcome<f64> {
        writeln!(self.orders, "{calls}")?;
        Ok(self.answer()?.parse()?)
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Botocore {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
