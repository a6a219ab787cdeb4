//! Points that the services' pages leave open, each a switch with the strict answer as default.

use serde::Deserialize;

/// `Switches` settles what no public page does.
///
/// A client should work with either answer. The README lists them in a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Takes escapes with lower-case digits, such as `%2f`. Default no.
    pub lower_case_escapes: bool,
    /// Takes reserved characters that are not escaped and escapes that are not needed. Default no.
    pub loose_escapes: bool,
    /// Takes a token without a path, `host?Action=…`. Default no.
    pub no_slash: bool,
    /// Takes a signature in capitals. Default no.
    pub capital_signature: bool,
    /// Takes capitals in the token's host, though it is signed in lower case. Default no.
    pub capital_host: bool,
    /// Takes serverless tokens without `ResourceType`. Default no.
    pub serverless_without_resource_type: bool,
    /// Takes `ResourceType=ServerlessCache` on a node-based cluster. Default no.
    pub resource_type_on_nodes: bool,
    /// How far ahead of the judging clock `X-Amz-Date` may be, in seconds; never scaled. Default 300.
    pub future_skew_seconds: u64,
    /// The largest `X-Amz-Expires` of a cache or RDS token. Default 900.
    pub longest_expires_seconds: u64,
    /// A re-AUTH with the token that is in force prolongs the session. Default no.
    pub same_token_prolongs: bool,
    /// A refused re-AUTH leaves the session as it was; otherwise its login is forgotten. Default yes.
    pub failed_reauth_keeps_session: bool,
    /// AUTH and HELLO … AUTH inside MULTI work as in stock Redis; otherwise EXEC's reply has WRONGPASS in their
    /// place. Default no: "re-authentication is not supported" there.
    pub reauth_in_multi: bool,
    /// The services' three own error texts end in a full stop. Default no.
    pub full_stop: bool,
    /// What a connection is told, between two replies, before it is cut at the session limit. Default nothing.
    pub last_words: Option<String>,
    /// How many commands of a connection that has not logged in get NOAUTH; the last one ends the connection. Public
    /// endpoints do this at a number that is not published. Default: any number.
    pub most_unauthenticated: Option<u64>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            lower_case_escapes: false,
            loose_escapes: false,
            no_slash: false,
            capital_signature: false,
            capital_host: false,
            serverless_without_resource_type: false,
            resource_type_on_nodes: false,
            future_skew_seconds: 300,
            longest_expires_seconds: 900,
            same_token_prolongs: false,
            failed_reauth_keeps_session: true,
            reauth_in_multi: false,
            full_stop: false,
            last_words: None,
            most_unauthenticated: None,
        }
    }
}
