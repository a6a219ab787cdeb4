//! The fields of a request's JSON body.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::Duration;

/// `Body` gives each field once; what is left over at the end is unknown.
pub(crate) struct Body(Map<String, Value>);

impl Body {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err("body: expected an object".into()),
            Err(error) => Err(format!("body: not JSON: {error}")),
        }
    }

    /// A whole number; `None` for null or nothing.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        self.field(name, Value::as_u64, "a whole number or null")
    }

    /// A whole number that may be negative; `None` for null or nothing.
    pub(crate) fn signed(&mut self, name: &str) -> Result<Option<i64>, String> {
        self.field(name, Value::as_i64, "a whole number or null")
    }

    /// A count of things in memory; `None` for null or nothing.
    pub(crate) fn size(&mut self, name: &str) -> Result<Option<usize>, String> {
        let number = self.number(name)?.map(usize::try_from);
        number.transpose().map_err(|_| format!("{name}: too large"))
    }

    pub(crate) fn milliseconds(&mut self) -> Result<Option<Duration>, String> {
        Ok(self.number("milliseconds")?.map(Duration::from_millis))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        self.field(name, |value| value.as_str().map(str::to_owned), "a text or null")
    }

    /// Any JSON; `None` for null or nothing.
    pub(crate) fn value<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        let value = self.0.remove(name).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| format!("{name}: {error}"))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, String> {
        self.field(name, Value::as_bool, "true or false")
    }

    fn field<T>(
        &mut self,
        name: &str,
        read: fn(&Value) -> Option<T>,
        what: &str,
    ) -> Result<Option<T>, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&value).map(Some).ok_or_else(|| format!("{name}: expected {what}")),
        }
    }

    /// Refuses what no one has asked for.
    pub(crate) fn end(self) -> Result<(), String> {
        match self.0.keys().next() {
            Some(name) => Err(format!("{name}: unknown field")),
            None => Ok(()),
        }
    }
}
