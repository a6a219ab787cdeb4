//! The provider's constructors, and its policy.

use super::*;
use crate::Code;

fn provider() -> EntraIdCredentialsProvider {
    EntraIdCredentialsProvider::new_client_secret("tenant", "client", "made-up-secret").unwrap()
}

#[test]
fn s03_the_constructors_check_what_they_are_given() {
    let code = |made: Result<EntraIdCredentialsProvider>| made.unwrap_err().code();
    assert_eq!(code(EntraIdCredentialsProvider::new_client_secret("", "c", "s")), Code::ConfigMissing);
    assert_eq!(code(EntraIdCredentialsProvider::new_client_secret("t", "c d", "s")), Code::ConfigInvalid);
    assert_eq!(code(EntraIdCredentialsProvider::new_user_assigned_managed_identity("")), Code::ConfigMissing);
    let no_pem = ClientCertificateConfig { certificate_pem: "x".into(), private_key_pem: "secret".into() };
    assert!(!format!("{no_pem:?}").contains("secret"));
    assert_eq!(
        code(EntraIdCredentialsProvider::new_client_certificate("t", "c", no_pem)),
        Code::ConfigInvalid
    );
}

#[test]
fn t14_the_policy_is_taken_over() {
    let retry = RetryConfig { jitter_percentage: 0.1, max_attempts: 5, ..RetryConfig::default() };
    let policy = crate::TokenRefreshConfig::from(TokenRefreshConfig {
        expiration_refresh_ratio: 0.5,
        retry_config: retry,
    });
    assert_eq!((policy.ratio, policy.retry.max_attempts), (0.5, 5));
    assert_eq!(policy.retry.jitter_percentage, Some(10));
    assert_eq!(crate::TokenRefreshConfig::from(TokenRefreshConfig::default()).ratio, 0.75);
}

#[test]
fn t14_a_policy_out_of_bounds_is_the_error_of_each_use() {
    for config in [
        TokenRefreshConfig { expiration_refresh_ratio: 1.0, ..TokenRefreshConfig::default() },
        RetryConfig { jitter_percentage: 10.0, ..RetryConfig::default() }.into(),
        RetryConfig { jitter_percentage: f64::NAN, ..RetryConfig::default() }.into(),
    ] {
        let mut provider = provider();
        provider.start(config);
        assert_eq!(provider.manager().unwrap_err().code(), Code::ConfigInvalid);
    }
}

#[cfg(feature = "azure-identity")]
mod credential {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::time::{Duration, SystemTime};

    use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
    use azure_core::error::{Error, ErrorKind};

    use super::*;

    /// Somebody's own credential.
    #[derive(Debug, Default)]
    struct Own(AtomicU32);

    #[async_trait::async_trait]
    impl TokenCredential for Own {
        async fn get_token(
            &self,
            scopes: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            assert_eq!(scopes, ["scope/.default"]);
            if self.0.fetch_add(1, SeqCst) > 0 {
                return Err(Error::with_message(ErrorKind::Credential, "az: not logged in"));
            }
            let end = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
            Ok(AccessToken::new("e30.eyJvaWQiOiAiMGIxYyJ9.c2ln", end.into()))
        }
    }

    #[tokio::test]
    async fn s03_any_token_credential_will_do() {
        let provider =
            EntraIdCredentialsProvider::new_with_credential(Arc::new(Own::default()), "scope/.default");
        let manager = provider.manager().unwrap();
        let credential = manager.credential_async().await.unwrap();
        assert_eq!(&*credential.user, "0b1c");
        assert_eq!(manager.status().expires_at.unwrap().seconds, 4_102_444_800);
        let error = manager.refresh().await.unwrap_err();
        assert!(error.message().contains("az: not logged in"), "{error}");
        assert_eq!(error.source_name(), Some("entra-token-credential"));
    }

    #[tokio::test]
    async fn s03_developer_tools_that_are_not_there_say_so() {
        let provider = EntraIdCredentialsProvider::new_developer_tools().unwrap();
        let error = provider.manager().unwrap().token_async().await.unwrap_err();
        assert!(error.message().contains("AzureCliCredential"), "{error}");
    }
}

#[test]
fn t17_a_provider_shows_no_secret() {
    assert!(!format!("{:?}", provider()).contains("made-up-secret"));
}
