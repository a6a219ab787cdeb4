//! Conditions of a statement.

use super::arn::Resource;
use super::pattern;
use crate::date;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `Context` is what conditions can ask for, beside the resource's tags.
pub(crate) struct Context<'a> {
    pub(crate) now: SystemTime,
    pub(crate) region: &'a str,
}

/// `Condition` is one operator with one key: any of its values will do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    key: Key,
    test: Test,
    /// `Not…`: none of the values may do.
    negated: bool,
    /// `…IfExists`: holds where the key has no value.
    if_exists: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Now,
    Region,
    Tag(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Text(TextTest, Vec<String>),
    Time(TimeTest, Vec<SystemTime>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextTest {
    Equals,
    EqualsIgnoreCase,
    Like,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeTest {
    Equals,
    Before,
    NotAfter,
    After,
    NotBefore,
}

#[derive(Clone, Copy)]
enum Kind {
    Text(TextTest),
    Time(TimeTest),
}

impl Condition {
    /// Reads `{"Operator": {"key": "value" or ["value", …]}}`.
    pub(super) fn read(condition: &Map<String, Value>) -> Result<Vec<Self>, String> {
        let mut all = Vec::new();
        for (operator, keys) in condition {
            let keys =
                keys.as_object().ok_or_else(|| format!("Condition `{operator}`: expected an object"))?;
            for (key, values) in keys {
                all.push(Self::one(operator, key, values)?);
            }
        }
        Ok(all)
    }

    fn one(operator: &str, name: &str, values: &Value) -> Result<Self, String> {
        let plain = operator.strip_suffix("IfExists");
        let if_exists = plain.is_some();
        let (kind, negated) = kind(plain.unwrap_or(operator))
            .ok_or_else(|| format!("condition operator `{operator}` is not supported"))?;
        let key = key(name).ok_or_else(|| format!("condition key `{name}` is not supported"))?;
        let values: Vec<&Value> = match values {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        let wrong = |value: &&Value| format!("condition `{operator}` of `{name}` cannot be {value}");
        let test = match (kind, &key) {
            (Kind::Time(test), Key::Now) => {
                let times = values.iter().map(|value| moment(value).ok_or_else(|| wrong(value)));
                Test::Time(test, times.collect::<Result<_, _>>()?)
            }
            (Kind::Text(test), Key::Region | Key::Tag(_)) => {
                let texts = values.iter().map(|value| constant(value).ok_or_else(|| wrong(value)));
                Test::Text(test, texts.collect::<Result<_, _>>()?)
            }
            _ => return Err(format!("condition operator `{operator}` does not fit `{name}`")),
        };
        Ok(Self { key, test, negated, if_exists })
    }

    pub(super) fn holds(&self, resource: &Resource, context: &Context<'_>) -> bool {
        let any = match (&self.test, self.key.text(resource, context)) {
            (Test::Time(test, values), _) => values.iter().any(|value| test.holds(context.now.cmp(value))),
            (Test::Text(test, values), Some(text)) => values.iter().any(|value| test.holds(value, text)),
            // A key without a value meets no value, and so every negation.
            (Test::Text(..), None) => return self.if_exists || self.negated,
        };
        any != self.negated
    }
}

impl Key {
    fn text<'a>(&self, resource: &'a Resource, context: &Context<'a>) -> Option<&'a str> {
        match self {
            Self::Now => None,
            Self::Region => Some(context.region),
            Self::Tag(name) => resource.tags.get(name).map(String::as_str),
        }
    }
}

impl TextTest {
    fn holds(self, value: &str, text: &str) -> bool {
        match self {
            Self::Equals => value == text,
            Self::EqualsIgnoreCase => value.to_lowercase() == text.to_lowercase(),
            Self::Like => pattern::matches(value, text, None),
        }
    }
}

impl TimeTest {
    fn holds(self, now_to_value: Ordering) -> bool {
        match self {
            Self::Equals => now_to_value.is_eq(),
            Self::Before => now_to_value.is_lt(),
            Self::NotAfter => now_to_value.is_le(),
            Self::After => now_to_value.is_gt(),
            Self::NotBefore => now_to_value.is_ge(),
        }
    }
}

fn kind(operator: &str) -> Option<(Kind, bool)> {
    if let Some(test) = operator.strip_prefix("String") {
        return Some(match test {
            "Equals" => (Kind::Text(TextTest::Equals), false),
            "NotEquals" => (Kind::Text(TextTest::Equals), true),
            "EqualsIgnoreCase" => (Kind::Text(TextTest::EqualsIgnoreCase), false),
            "Like" => (Kind::Text(TextTest::Like), false),
            "NotLike" => (Kind::Text(TextTest::Like), true),
            _ => return None,
        });
    }
    let test = operator.strip_prefix("Date").or_else(|| operator.strip_prefix("Numeric"))?;
    Some(match test {
        "Equals" => (Kind::Time(TimeTest::Equals), false),
        "NotEquals" => (Kind::Time(TimeTest::Equals), true),
        "LessThan" => (Kind::Time(TimeTest::Before), false),
        "LessThanEquals" => (Kind::Time(TimeTest::NotAfter), false),
        "GreaterThan" => (Kind::Time(TimeTest::After), false),
        "GreaterThanEquals" => (Kind::Time(TimeTest::NotBefore), false),
        _ => return None,
    })
}

/// Names of keys know no case; names of tags do.
fn key(name: &str) -> Option<Key> {
    let tag = "aws:ResourceTag/";
    match name.to_ascii_lowercase().as_str() {
        "aws:currenttime" | "aws:epochtime" => Some(Key::Now),
        "aws:requestedregion" => Some(Key::Region),
        _ => {
            let (start, tag_name) = name.split_at_checked(tag.len())?;
            let tagged = start.eq_ignore_ascii_case(tag) && !tag_name.is_empty();
            tagged.then(|| Key::Tag(tag_name.to_owned()))
        }
    }
}

/// A text without policy variables.
fn constant(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.contains("${")).map(str::to_owned)
}

/// A date, or the seconds of an epoch as number or text.
fn moment(value: &Value) -> Option<SystemTime> {
    let seconds = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    match value {
        Value::Number(number) => seconds(number.as_u64()?),
        Value::String(text) => match text.parse() {
            Ok(number) => seconds(number),
            Err(_) => date::parse_rfc3339(text),
        },
        _ => None,
    }
}
