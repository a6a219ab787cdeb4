//! `keyrotor explain-token`: the answer to most refused logins.

use std::io::Read;
use std::time::SystemTime;

use clap::Args;
use keyrotor::aws::TokenExplanation;
use keyrotor::{Code, Error};
use serde_json::{Value, json};

use crate::{FAILURE, SUCCESS, output, time};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The token; `-` reads it from standard input, which keeps it out of the process list
    token: String,
    /// Judge it as of this moment [default: now]
    #[arg(long, value_parser = time::parse)]
    at: Option<SystemTime>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The exit status says whether the token has a problem.
pub(crate) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let mut token = arguments.token.clone();
    if token == "-" {
        token.clear();
        std::io::stdin().read_to_string(&mut token).map_err(|error| {
            Error::new(Code::ArgumentInvalid, format!("standard input could not be read: {error}"))
        })?;
    }
    let explanation = keyrotor::aws::explain(&token, arguments.at.unwrap_or_else(time::now));
    let facts = facts(&explanation);
    show(arguments.json, facts, &explanation)?;
    Ok(if explanation.problems.is_empty() { SUCCESS } else { FAILURE })
}

fn show(
    json: bool,
    facts: Vec<(&'static str, Option<String>)>,
    explanation: &TokenExplanation,
) -> Result<(), Error> {
    if json {
        return output::line(as_json(&facts, explanation));
    }
    for (name, value) in facts {
        output::line(format!("{name:<16}{}", value.unwrap_or_else(|| "-".to_owned())))?;
    }
    for problem in &explanation.problems {
        output::line(format!("problem         {problem}"))?;
    }
    if explanation.problems.is_empty() {
        output::line("no problem found")?;
    }
    Ok(())
}

fn facts(explanation: &TokenExplanation) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("service", explanation.service.clone()),
        ("host", Some(explanation.host.clone()).filter(|host| !host.is_empty())),
        ("action", explanation.action.clone()),
        ("user", explanation.user.clone()),
        ("resourceType", explanation.resource_type.clone()),
        ("accessKeyId", explanation.access_key_id.clone()),
        ("region", explanation.region.clone()),
        ("signedAt", explanation.signed_at.map(time::format)),
        ("expiresAt", explanation.expires_at.map(time::format)),
        ("sessionToken", Some(if explanation.has_session_token { "yes" } else { "no" }.to_owned())),
    ]
}

fn as_json(facts: &[(&'static str, Option<String>)], explanation: &TokenExplanation) -> Value {
    let mut members: serde_json::Map<String, Value> =
        facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    members.insert("sessionToken".to_owned(), json!(explanation.has_session_token));
    members.insert("problems".to_owned(), json!(explanation.problems));
    Value::Object(members)
}
