//! `keyrotor token`: one token, printed.

use std::time::SystemTime;

use clap::{Args, Subcommand};
use keyrotor::proto::authentication_info::Credentials;
use keyrotor::proto::{
    AuthenticationInfo, DsqlCredentials, EntraCredentials, IamCredentials, RdsCredentials, ServiceType,
};
use keyrotor::{Error, TokenManagerRequest};
use serde_json::json;

use crate::{output, time};

#[derive(Debug, Subcommand)]
pub(crate) enum Target {
    /// For an ElastiCache cache
    Elasticache {
        /// Replication group id, or the serverless cache's name; not the endpoint
        #[arg(long)]
        cluster: String,
        /// User id
        #[arg(long)]
        user: String,
        /// The cache is a serverless one
        #[arg(long)]
        serverless: bool,
        #[command(flatten)]
        common: Common,
    },
    /// For a MemoryDB cluster
    Memorydb {
        /// Cluster name; not the endpoint
        #[arg(long)]
        cluster: String,
        /// User name
        #[arg(long)]
        user: String,
        #[command(flatten)]
        common: Common,
    },
    /// For an RDS or Aurora database
    Rds {
        /// The database's own endpoint; no DNS alias
        #[arg(long)]
        host: String,
        /// The database's port
        #[arg(long)]
        port: u32,
        /// Database user
        #[arg(long)]
        user: String,
        #[command(flatten)]
        common: Common,
    },
    /// For an Aurora DSQL cluster
    Dsql {
        /// The cluster's endpoint
        #[arg(long)]
        host: String,
        /// Log in as admin
        #[arg(long)]
        admin: bool,
        /// Life of the token in seconds, at most 604800 [default: 900]
        #[arg(long)]
        expires: Option<u32>,
        #[command(flatten)]
        common: Common,
    },
    /// For a cache of Azure's, by Microsoft Entra ID
    #[command(after_help = ENTRA)]
    Entra {
        /// Tenant id [default: AZURE_TENANT_ID]
        #[arg(long)]
        tenant: Option<String>,
        /// Application, or user-assigned identity, by its client id [default: AZURE_CLIENT_ID]
        #[arg(long)]
        client: Option<String>,
        /// Login server [default: AZURE_AUTHORITY_HOST, the public cloud's]
        #[arg(long)]
        authority: Option<String>,
        /// What the token is for [default: https://redis.azure.com/.default]
        #[arg(long)]
        scope: Option<String>,
        /// Print token, user and times as JSON
        #[arg(long)]
        json: bool,
    },
}

const ENTRA: &str = "\
The proof comes from the environment, the first of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and
AZURE_FEDERATED_TOKEN_FILE that is set; else the machine's managed identity is asked. The user name that goes with the
token is its object id, which --json shows. Entra makes each token anew: no two runs print the same.";

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile's]
    #[arg(long)]
    region: Option<String>,
    /// Profile in AWS's shared files [default: AWS's default credential chain]
    #[arg(long)]
    profile: Option<String>,
    /// Signing time, so that a token can be reproduced [default: now]
    #[arg(long, value_parser = time::parse)]
    at: Option<SystemTime>,
    /// Print token, user and times as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(target: Target) -> Result<(), Error> {
    let (credentials, how) = message(target);
    let request = TokenManagerRequest {
        authentication_info: Some(AuthenticationInfo { credentials: Some(credentials) }),
        refresh: None,
        lazy_refresh: None,
    };
    for warning in keyrotor::doubts(&request)? {
        output::note(format!("warning: {warning}"));
    }
    let fetched = keyrotor::fetch_once(request, how.at.unwrap_or_else(time::now)).await?;
    if !how.json {
        return output::line(fetched.secret.expose());
    }
    output::line(json!({
        "token": fetched.secret.expose(),
        "user": &*fetched.user,
        "issuedAt": time::format(fetched.issued_at),
        "expiresAt": fetched.expires_at.map(time::format),
    }))
}

/// How a token is made and printed.
struct How {
    at: Option<SystemTime>,
    json: bool,
}

fn message(target: Target) -> (Credentials, How) {
    let (credentials, common) = match target {
        Target::Elasticache { cluster, user, serverless, common } => {
            (cache(cluster, user, ServiceType::Elasticache, serverless, &common), common)
        }
        Target::Memorydb { cluster, user, common } => {
            (cache(cluster, user, ServiceType::Memorydb, false, &common), common)
        }
        Target::Rds { host, port, user: username, common } => {
            let (region, profile) = common.place();
            let credentials = RdsCredentials { host, port, username, region, profile, ..Default::default() };
            (Credentials::RdsCredentials(credentials), common)
        }
        Target::Dsql { host, admin, expires: token_life_seconds, common } => {
            let (region, profile) = common.place();
            let credentials =
                DsqlCredentials { host, admin, token_life_seconds, region, profile, ..Default::default() };
            (Credentials::DsqlCredentials(credentials), common)
        }
        Target::Entra { tenant: tenant_id, client: client_id, authority, scope, json } => {
            let credentials =
                EntraCredentials { tenant_id, client_id, authority, scope, ..Default::default() };
            return (Credentials::EntraCredentials(credentials), How { at: None, json });
        }
    };
    (credentials, How { at: common.at, json: common.json })
}

fn cache(
    cluster_name: String,
    username: String,
    service: ServiceType,
    serverless: bool,
    common: &Common,
) -> Credentials {
    let (region, profile) = common.place();
    let service_type = service.into();
    let credentials = IamCredentials {
        cluster_name,
        username,
        service_type,
        serverless,
        region,
        profile,
        ..Default::default()
    };
    Credentials::IamCredentials(credentials)
}

impl Common {
    /// Region and profile.
    fn place(&self) -> (Option<String>, Option<String>) {
        (self.region.clone(), self.profile.clone())
    }
}
