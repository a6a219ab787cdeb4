//! The names of the error codes.

use crate::Code;

impl Code {
    /// The code's name in every language: `config-unknown-field`.
    pub fn name(self) -> String {
        self.as_str_name().trim_start_matches("CODE_").to_ascii_lowercase().replace('_', "-")
    }

    /// The code that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_str_name(&format!("CODE_{}", name.to_ascii_uppercase().replace('-', "_")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_code() {
        for number in 0..1000 {
            if let Ok(code) = Code::try_from(number) {
                assert_eq!(Code::from_name(&code.name()), Some(code));
            }
        }
        assert_eq!(Code::ConfigUnknownField.name(), "config-unknown-field");
    }
}
