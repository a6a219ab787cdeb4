//! `AssumeRole`: a role for whoever signed the request.

use super::caller::Caller;
use super::form::Form;
use super::refusal::Refusal;
use super::{Success, session};
use crate::credentials::config::Role;
use crate::credentials::desk::Desk;
use crate::credentials::endpoint::Endpoint;
use crate::credentials::issuer::Identity;
use std::time::Duration;

/// However long the role allows: a role that is assumed with another role's keys gets no more.
const CHAINED: Duration = Duration::from_secs(3600);

pub(super) fn role(desk: &Desk, caller: &Caller, form: &Form) -> Result<Success, Refusal> {
    let arn = form.needed("RoleArn", "roleArn")?;
    let name = form.session_name()?;
    let asked = form.duration()?;
    // Whether there is such a role is nothing that a caller without permission is told.
    let denied = || Refusal::access_denied(&caller.identity.arn, "AssumeRole", arn);
    let role = desk.config.role(arn).ok_or_else(denied)?;
    if role.external_id.is_some() && role.external_id.as_deref() != form.text("ExternalId") {
        return Err(denied());
    }
    if caller.identity.temporary && asked > CHAINED {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    open(desk, role, name, asked)
}

/// Opens a session of the role.
pub(super) fn open(desk: &Desk, role: &Role, name: &str, asked: Duration) -> Result<Success, Refusal> {
    if asked > role.longest_session() {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let identity = Identity::session(&desk.config.account, &role.name, name);
    let issued = desk.issuer.issue(Endpoint::Sts, identity.clone(), desk.session_life(asked));
    let handed = desk.stated(Endpoint::Sts, issued);
    Ok(Success { result: session(&identity, &handed), handed: Some(handed) })
}
