//! Tokens of ElastiCache and MemoryDB, for whoever logs in by other means.

use keyrotor_proto as proto;
use keyrotor_proto::authentication_info::Credentials;

use crate::error::Result;
use crate::manager::TokenManager;
use crate::secret::Secret;

/// Which of AWS's caches a token is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServiceType {
    /// ElastiCache.
    #[default]
    ElastiCache,
    /// MemoryDB.
    MemoryDB,
}

impl From<ServiceType> for proto::ServiceType {
    fn from(service: ServiceType) -> Self {
        match service {
            ServiceType::ElastiCache => Self::Elasticache,
            ServiceType::MemoryDB => Self::Memorydb,
        }
    }
}

pub(super) fn authentication_info(iam: proto::IamCredentials) -> proto::AuthenticationInfo {
    proto::AuthenticationInfo { credentials: Some(Credentials::IamCredentials(iam)) }
}

/// Makes tokens of one user, signed with the keys of AWS's default chain, and keeps them fresh once it is told to.
///
/// Without [`start_refresh_task`](Self::start_refresh_task) a token is renewed by whoever asks for one next. With it
/// that happens in the background, on the one thread of the process, until
/// [`stop_refresh_task`](Self::stop_refresh_task) or the drop. Managers and clients of one user share their tokens.
#[derive(Debug)]
pub struct IAMTokenManager {
    credentials: proto::IamCredentials,
    /// Shares its tokens with the one in the background.
    on_demand: TokenManager,
    background: Option<TokenManager>,
}

impl IAMTokenManager {
    /// Makes the first token, for ElastiCache.
    ///
    /// # Errors
    /// `config-*` for what is wrong with the names or the interval (minutes; `None`: 8), `credentials-*` where AWS's
    /// chain has no keys.
    pub async fn new(
        cluster_name: String,
        username: String,
        region: String,
        refresh_interval_minutes: Option<u32>,
    ) -> Result<Self> {
        let credentials = proto::IamCredentials {
            cluster_name,
            username,
            region: Some(region),
            refresh_interval_minutes,
            ..proto::IamCredentials::default()
        };
        Self::with_credentials(credentials).await
    }

    /// [`new`](Self::new) for everything that [`IamCredentials`](proto::IamCredentials) can say: MemoryDB, serverless
    /// caches, profiles, roles.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn with_credentials(credentials: proto::IamCredentials) -> Result<Self> {
        let on_demand = manager(&credentials, Some(true))?;
        on_demand.token_async().await?;
        Ok(Self { credentials, on_demand, background: None })
    }

    /// Refreshes in the background from now on. Harmless when repeated; where the system gives no thread for it, which
    /// is logged, tokens are renewed on demand as before.
    pub fn start_refresh_task(&mut self) {
        if self.background.is_some() {
            return;
        }
        let started = manager(&self.credentials, None).and_then(|it| it.start().map(|()| it));
        match started {
            Ok(manager) => self.background = Some(manager),
            Err(error) => tracing::error!("no token is refreshed in the background: {error}"),
        }
    }

    /// Ends the refreshing in the background; the current token stays. Harmless when repeated.
    #[expect(clippy::unused_async, reason = "as GLIDE's is")]
    pub async fn stop_refresh_task(&mut self) {
        self.background = None;
    }

    /// The current token; never one that has expired.
    ///
    /// # Errors
    /// The reason why there is none.
    pub async fn get_token(&self) -> Result<Secret> {
        self.on_demand.token_async().await
    }

    /// Makes a new token now, whatever the age of the current one, which stays on failure.
    ///
    /// # Errors
    /// The reason why there is no new one.
    pub async fn refresh_token(&self) -> Result<()> {
        self.on_demand.refresh().await.map(drop)
    }
}

fn manager(credentials: &proto::IamCredentials, lazy_refresh: Option<bool>) -> Result<TokenManager> {
    let authentication_info = Some(authentication_info(credentials.clone()));
    TokenManager::from_message(proto::TokenManagerRequest {
        authentication_info,
        lazy_refresh,
        ..proto::TokenManagerRequest::default()
    })
}
