//! The error that ends a login.

use super::message::{Message, encode};

/// `Fatal` is an ErrorResponse of severity FATAL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fatal {
    pub(crate) sqlstate: &'static str,
    pub(crate) text: String,
}

impl Fatal {
    pub(crate) fn new(sqlstate: &'static str, text: impl Into<String>) -> Self {
        Self { sqlstate, text: text.into() }
    }

    /// The message as it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // A NUL would end the field early.
        let text = self.text.replace('\0', " ");
        encode(b'E', format!("SFATAL\0VFATAL\0C{}\0M{text}\0\0", self.sqlstate).as_bytes())
    }
}

impl Message {
    /// A field of an error that the server sent: `C` is its SQLSTATE, `M` its text.
    pub(crate) fn error_field(&self, name: u8) -> Option<String> {
        let mut fields = self.body.split(|byte| *byte == 0).filter_map(<[u8]>::split_first);
        let (_, text) = fields.find(|(first, _)| **first == name)?;
        Some(String::from_utf8_lossy(text).into_owned()).filter(|_| self.kind == b'E')
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_message;
    use super::*;

    #[tokio::test]
    async fn its_fields_can_be_read_back() {
        let bytes = Fatal::new("28000", "no\0thing").bytes();
        let message = read_message(&mut bytes.as_slice()).await.expect("a message");
        let field = |name| message.error_field(name);
        assert_eq!(field(b'C').as_deref(), Some("28000"));
        assert_eq!(field(b'M').as_deref(), Some("no thing"));
        assert_eq!(field(b'H'), None);
    }
}
