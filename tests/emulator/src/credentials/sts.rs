//! The Security Token Service: its Query protocol, for the actions that clients use to get keys.

mod assume;
mod caller;
mod form;
mod refusal;
mod web_identity;
mod xml;

use super::desk::{Desk, Handed, Reply};
use super::issuer::Identity;
use crate::http::Call;
use caller::Caller;
use form::Form;
use hyper::{Method, StatusCode};
use refusal::Refusal;
use xml::{Element, element, text};

const VERSION: &str = "2011-06-15";

/// What an action gives: its result, and the key in it.
struct Success {
    result: Vec<Element>,
    handed: Option<Handed>,
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Reply {
    let form = match (call.method(), Form::read(call.body())) {
        (&Method::POST, Ok(form)) => form,
        (_, Err(refusal)) => return refused(desk, call, refusal),
        _ => return refused(desk, call, Refusal::invalid_action("", VERSION)),
    };
    let caller = caller::named(call);
    let action = form.text("Action").unwrap_or_default();
    let reply = match act(desk, call, &form) {
        Ok(success) => {
            let answer = xml::success(action, success.result, desk.random.uuid());
            Reply { handed: success.handed, ..Reply::new(call, answer) }
        }
        Err(refusal) => refused(desk, call, refusal),
    };
    Reply { request: action.to_owned(), caller, ..reply }
}

/// What STS says when it fails with this status, or throttles.
pub(super) fn fail(desk: &Desk, call: &Call, status: Option<StatusCode>) -> Reply {
    let refusal = status.map_or_else(Refusal::throttled, Refusal::failure);
    let form = Form::read(call.body()).ok();
    let action = form.as_ref().and_then(|form| form.text("Action")).unwrap_or_default();
    let reply = Reply::new(call, xml::error(&refusal, desk.random.uuid()));
    Reply { request: action.to_owned(), caller: caller::named(call), ..reply }
}

fn refused(desk: &Desk, call: &Call, refusal: Refusal) -> Reply {
    Reply::refused(call, refusal.code, xml::error(&refusal, desk.random.uuid()))
}

fn act(desk: &Desk, call: &Call, form: &Form) -> Result<Success, Refusal> {
    let version = form.text("Version").unwrap_or_default();
    match form.text("Action").unwrap_or_default() {
        action if version != VERSION => Err(Refusal::invalid_action(action, version)),
        "AssumeRole" => assume::role(desk, &caller::identify(desk, call)?, form),
        "AssumeRoleWithWebIdentity" => web_identity::role(desk, form),
        "GetCallerIdentity" => Ok(caller_identity(desk, &caller::identify(desk, call)?)),
        action => Err(Refusal::invalid_action(action, version)),
    }
}

fn caller_identity(desk: &Desk, caller: &Caller) -> Success {
    let Identity { arn, user_id, .. } = &caller.identity;
    let result = vec![text("Arn", arn), text("UserId", user_id), text("Account", &desk.config.account)];
    Success { result, handed: None }
}

/// The parts of a result that all ways to a role have in common.
fn session(identity: &Identity, handed: &Handed) -> Vec<Element> {
    let key = &handed.issued.key;
    let user = vec![text("AssumedRoleId", &identity.user_id), text("Arn", &identity.arn)];
    let credentials = vec![
        text("AccessKeyId", &key.id),
        text("SecretAccessKey", &key.secret),
        text("SessionToken", key.session_token.as_deref().unwrap_or_default()),
        text("Expiration", &handed.stated),
    ];
    vec![element("AssumedRoleUser", user), element("Credentials", credentials)]
}
