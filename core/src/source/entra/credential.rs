//! Tokens of any `TokenCredential`.

use azure_core::credentials::TokenCredential;
use azure_core::error::{Error as AzureError, ErrorKind};
use keyrotor_proto::Code;

use super::AccessToken;
use super::answer::failed;
use crate::secret::Secret;
use crate::source::SourceError;

pub(super) const NAME: &str = "entra-token-credential";
/// What a tool writes may be long, and its beginning says it.
const LONGEST_TEXT: usize = 600;

pub(super) async fn ask(credential: &dyn TokenCredential, scope: &str) -> Result<AccessToken, SourceError> {
    let token = credential.get_token(&[scope], None).await.map_err(|error| refusal(&error))?;
    Ok(AccessToken { secret: Secret::new(token.token.secret()), expires_at: token.expires_on.into() })
}

fn refusal(error: &AzureError) -> SourceError {
    let words: String = error.to_string().replace('\n', "; ").chars().take(LONGEST_TEXT).collect();
    let refused = failed(Code::CredentialsFetchFailed, NAME, words);
    match error.kind() {
        ErrorKind::Io => SourceError::Transient(refused),
        _ => SourceError::Permanent(refused),
    }
}
