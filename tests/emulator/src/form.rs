//! Names and values of a query or a form (`application/x-www-form-urlencoded`).

/// `Form` keeps the pairs in their order.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the pairs; escapes that are no UTF-8 become replacement characters.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of this name, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let form = Form::parse(b"scope=https%3A%2F%2Fa%2F.default&x=1+2%2B3&x=4&&empty=&flag");
        assert_eq!(form.get("scope"), Some("https://a/.default"));
        assert_eq!(form.get("x"), Some("1 2+3"));
        assert_eq!((form.get("empty"), form.get("flag"), form.get("none")), (None, None, None));
    }
}
