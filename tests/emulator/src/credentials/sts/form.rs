//! The parameters of a request.

use super::refusal::Refusal;
use std::collections::BTreeMap;
use std::time::Duration;

const SHORTEST_SESSION: u64 = 900;
const LONGEST_SESSION: u64 = 43_200;
const DEFAULT_SESSION: u64 = 3600;

/// `Form` has each parameter once.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Refusal::malformed_query());
            }
        }
        Ok(Self(fields))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that must be there; `field` is its name in errors.
    pub(super) fn needed(&self, name: &str, field: &str) -> Result<&str, Refusal> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| {
            Refusal::validation(format!(
                "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not \
                 be null"
            ))
        })
    }

    pub(super) fn session_name(&self) -> Result<&str, Refusal> {
        let name = self.needed("RoleSessionName", "roleSessionName")?;
        let allowed = |char: char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char);
        if (2..=64).contains(&name.len()) && name.chars().all(allowed) {
            return Ok(name);
        }
        let pattern =
            "Member must satisfy regular expression pattern: [\\w+=,.@-]* and have a length of 2 to 64";
        Err(Refusal::constraint("roleSessionName", name, pattern))
    }

    pub(super) fn duration(&self) -> Result<Duration, Refusal> {
        let Some(text) = self.text("DurationSeconds") else {
            return Ok(Duration::from_secs(DEFAULT_SESSION));
        };
        let constraint = match text.parse::<u64>() {
            Ok(seconds) if seconds < SHORTEST_SESSION => "greater than or equal to 900",
            Ok(seconds) if seconds > LONGEST_SESSION => "less than or equal to 43200",
            Ok(seconds) => return Ok(Duration::from_secs(seconds)),
            Err(_) => return Err(Refusal::bad_number(text)),
        };
        let constraint = format!("Member must have value {constraint}");
        Err(Refusal::constraint("durationSeconds", text, &constraint))
    }
}

impl Refusal {
    fn bad_number(text: &str) -> Self {
        Self::constraint("durationSeconds", text, "Member must be an integer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let duration = |text: &str| Form::read(text.as_bytes()).and_then(|form| form.duration());
        assert_eq!(duration(""), Ok(Duration::from_secs(3600)));
        assert_eq!(duration("DurationSeconds=900"), Ok(Duration::from_secs(900)));
        for text in ["DurationSeconds=899", "DurationSeconds=43201", "DurationSeconds=x", "DurationSeconds="]
        {
            assert_eq!(duration(text).map_err(|refusal| refusal.code), Err("ValidationError"), "{text}");
        }
        assert_eq!(duration("a=1&a=1").map_err(|refusal| refusal.code), Err("MalformedQueryString"));
        let name = |text: &str| Form::read(text.as_bytes()).expect("a form").session_name().map(str::len);
        assert_eq!(name("RoleSessionName=a%40b%2Bc"), Ok(5));
        assert!(
            name("RoleSessionName=a").is_err() && name("RoleSessionName=a+b").is_err() && name("").is_err()
        );
    }
}
