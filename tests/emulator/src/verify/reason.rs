//! Why a token was refused.

use std::fmt;

/// `Reason` names the check that failed; the table is in the [module's page](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the module's table says what each check wants")]
pub enum Reason {
    Malformed,
    Path,
    Escapes,
    UnknownParameter,
    DuplicateParameter,
    MissingParameter,
    WrongAction,
    WrongUser,
    WrongCluster,
    ResourceType,
    Algorithm,
    Credential,
    UnknownKey,
    DateFormat,
    ScopeDate,
    WrongRegion,
    WrongService,
    Expires,
    SignedHeaders,
    SessionToken,
    SignatureForm,
    Signature,
    Future,
    Expired,
    UnknownUser,
    ExpiredKey,
    NotAuthorized,
}

impl Reason {
    /// The stable id, such as `E24`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.pair().0
    }

    /// The stable name, such as `expired`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.pair().1
    }

    fn pair(self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => ("E01", "malformed"),
            Self::Path => ("E02", "path"),
            Self::Escapes => ("E03", "escapes"),
            Self::UnknownParameter => ("E04", "unknown-parameter"),
            Self::DuplicateParameter => ("E05", "duplicate-parameter"),
            Self::MissingParameter => ("E06", "missing-parameter"),
            Self::WrongAction => ("E07", "wrong-action"),
            Self::WrongUser => ("E08", "wrong-user"),
            Self::WrongCluster => ("E09", "wrong-cluster"),
            Self::ResourceType => ("E10", "resource-type"),
            Self::Algorithm => ("E11", "algorithm"),
            Self::Credential => ("E12", "credential"),
            Self::UnknownKey => ("E13", "unknown-key"),
            Self::DateFormat => ("E14", "date-format"),
            Self::ScopeDate => ("E15", "scope-date"),
            Self::WrongRegion => ("E16", "wrong-region"),
            Self::WrongService => ("E17", "wrong-service"),
            Self::Expires => ("E18", "expires"),
            Self::SignedHeaders => ("E19", "signed-headers"),
            Self::SessionToken => ("E20", "session-token"),
            Self::SignatureForm => ("E21", "signature-form"),
            Self::Signature => ("E22", "signature"),
            Self::Future => ("E23", "future"),
            Self::Expired => ("E24", "expired"),
            Self::UnknownUser => ("E25", "unknown-user"),
            Self::ExpiredKey => ("E26", "expired-key"),
            Self::NotAuthorized => ("E27", "not-authorized"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.id())
    }
}
