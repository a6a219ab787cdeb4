//! The JSON of an IAM policy document.

use super::arn::Resource;
use super::condition::{Condition, Context};
use super::pattern;
use serde::Deserialize;
use serde::de::Error;
use serde_json::{Map, Value};

/// `Document` is an identity-based IAM policy, checked when it is read: see `Config::policies`.
///
/// ```
/// use keyrotor_emulator::Document;
///
/// let document: Document = serde_json::from_str(
///     r#"{"Version": "2012-10-17", "Statement": [{
///         "Effect": "Allow",
///         "Action": "elasticache:Connect",
///         "Resource": [
///             "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:my-cluster",
///             "arn:aws:elasticache:us-east-1:123456789012:user:app"
///         ]}]}"#,
/// )?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Wire")]
pub struct Document {
    pub(super) statements: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Wire {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: Many<Statement>,
}

/// `Statement` allows or denies some actions on some resources.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WireStatement")]
pub(super) struct Statement {
    pub(super) effect: Effect,
    actions: Names,
    resources: Names,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// `Names` are patterns, or all but those.
#[derive(Clone, Debug, PartialEq)]
struct Names {
    patterns: Vec<String>,
    inverted: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WireStatement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    action: Option<Many<String>>,
    not_action: Option<Many<String>>,
    resource: Option<Many<String>>,
    not_resource: Option<Many<String>>,
    #[serde(default)]
    condition: Map<String, Value>,
}

/// IAM takes one of a thing in place of a list of it.
#[derive(Deserialize)]
#[serde(try_from = "Value", bound = "T: serde::de::DeserializeOwned")]
struct Many<T>(Vec<T>);

impl<T: serde::de::DeserializeOwned> TryFrom<Value> for Many<T> {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::Array(values) => {
                values.into_iter().map(T::deserialize).collect::<Result<_, _>>().map(Self)
            }
            value => T::deserialize(value).map(|one| Self(vec![one])),
        }
    }
}

impl TryFrom<Wire> for Document {
    type Error = serde_json::Error;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        match wire.version.as_deref() {
            None | Some("2012-10-17" | "2008-10-17") => Ok(Self { statements: wire.statement.0 }),
            Some(other) => Err(Self::Error::custom(format!("unknown policy Version `{other}`"))),
        }
    }
}

impl TryFrom<WireStatement> for Statement {
    type Error = serde_json::Error;

    fn try_from(wire: WireStatement) -> Result<Self, Self::Error> {
        let actions = names("Action", wire.action, wire.not_action)?;
        let resources = names("Resource", wire.resource, wire.not_resource)?;
        let conditions = Condition::read(&wire.condition).map_err(Self::Error::custom)?;
        Ok(Self { effect: wire.effect, actions, resources, conditions })
    }
}

fn names(
    element: &str,
    these: Option<Many<String>>,
    others: Option<Many<String>>,
) -> Result<Names, serde_json::Error> {
    let names = match (these, others) {
        (Some(Many(patterns)), None) => Names { patterns, inverted: false },
        (None, Some(Many(patterns))) => Names { patterns, inverted: true },
        _ => return Err(Error::custom(format!("a statement needs either {element} or Not{element}"))),
    };
    match names.patterns.iter().find(|pattern| pattern.contains("${")) {
        Some(pattern) => Err(Error::custom(format!("policy variables are not supported: `{pattern}`"))),
        None => Ok(names),
    }
}

impl Statement {
    /// Whether it speaks of this action on this resource, as things are.
    pub(super) fn covers(&self, action: &str, resource: &Resource, context: &Context<'_>) -> bool {
        let named = |pattern: &str| pattern::matches(&pattern.to_lowercase(), &action.to_lowercase(), None);
        self.actions.include(named)
            && self.resources.include(|pattern| pattern::matches(pattern, &resource.arn, Some(':')))
            && self.conditions.iter().all(|condition| condition.holds(resource, context))
    }
}

impl Names {
    fn include(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern)) != self.inverted
    }
}
