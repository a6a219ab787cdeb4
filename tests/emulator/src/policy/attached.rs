//! A policy and the access keys that it holds for.

use super::Document;
use super::document::Statement;
use super::pattern;
use serde::Deserialize;
use serde_json::Value;

/// `Policy` is an IAM policy document, attached to the holders of some access keys.
///
/// In a file: `{"keys": ["AKID…", "ASIA*"], "document": {…}}`, or a document alone, which holds for all keys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Policy {
    /// Ids of access keys; `*` and `?` are wildcards. None means all keys.
    pub keys: Vec<String>,
    /// What they may do, and what not.
    pub document: Document,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    #[serde(default)]
    keys: Vec<String>,
    document: Document,
}

impl Policy {
    pub(super) fn holds_for(&self, key: &str) -> bool {
        self.keys.is_empty() || self.keys.iter().any(|known| pattern::matches(known, key, None))
    }

    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.document.statements.iter()
    }
}

impl From<Document> for Policy {
    fn from(document: Document) -> Self {
        Self { keys: Vec::new(), document }
    }
}

impl TryFrom<Value> for Policy {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        if value.get("Statement").is_some() {
            return Document::deserialize(value).map(Self::from);
        }
        let Attached { keys, document } = Attached::deserialize(value)?;
        Ok(Self { keys, document })
    }
}
