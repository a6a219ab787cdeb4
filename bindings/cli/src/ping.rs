//! `keyrotor ping`: is the cache there, and does it let us in?

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use keyrotor::proto::authentication_info::Credentials;
use keyrotor::proto::{AuthenticationInfo, IamCredentials, NodeAddress, ServiceType, TlsMode, decode};
use keyrotor::{Client, Code, ConnectionRequest, Error, Format, Value, cmd};

use crate::{output, time};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// File with a ConnectionRequest; the options below change it
    #[arg(long)]
    request: Option<PathBuf>,
    /// How the file is written
    #[arg(long, value_enum, default_value = "json")]
    format: FileFormat,
    /// Host of the cache
    #[arg(long, required_unless_present = "request")]
    host: Option<String>,
    /// Port of the cache [default: 6379]
    #[arg(long)]
    port: Option<u32>,
    /// PEM file with the authority to trust [default: the system's]
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Connect without TLS, for a test: everybody on the way can read the token
    #[arg(long, conflicts_with = "ca")]
    plaintext: bool,
    /// Replication group id, serverless cache name or MemoryDB cluster name
    #[arg(long, requires = "user")]
    cluster: Option<String>,
    /// User to log in as, with a token
    #[arg(long, requires = "cluster")]
    user: Option<String>,
    /// AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile's]
    #[arg(long)]
    region: Option<String>,
    /// Profile in AWS's shared files [default: AWS's default credential chain]
    #[arg(long)]
    profile: Option<String>,
    /// The cluster is a MemoryDB cluster
    #[arg(long)]
    memorydb: bool,
    /// The cache is a serverless one
    #[arg(long)]
    serverless: bool,
    /// How many times
    #[arg(long, default_value_t = 1)]
    count: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    Json,
    Protobuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let count = arguments.count;
    let request = request(arguments)?;
    let started = time::now();
    let client = Client::connect(request).await?;
    output::line(format!("connected and logged in: {}", milliseconds(started)))?;
    for _ in 0..count {
        let started = time::now();
        client.execute(&cmd("PING")).await?;
        output::line(format!("PONG: {}", milliseconds(started)))?;
    }
    match client.execute(cmd("ACL").arg("WHOAMI")).await {
        Ok(Value::BulkString(name)) => output::line(format!("user: {}", String::from_utf8_lossy(&name)))?,
        Ok(_) => {}
        Err(error) => output::note(format!("the server does not say who we are: {error}")),
    }
    if let Some(status) = client.status() {
        output::line(format!("source: {}", status.source))?;
        for warning in status.warnings {
            output::note(format!("warning: {warning}"));
        }
    }
    client.close();
    Ok(())
}

fn milliseconds(since: std::time::SystemTime) -> String {
    let passed: Duration = time::now().duration_since(since).unwrap_or_default();
    format!("{:.1} ms", passed.as_secs_f64() * 1000.0)
}

fn request(arguments: Arguments) -> Result<ConnectionRequest, Error> {
    let mut request = match &arguments.request {
        Some(path) => {
            let format = match arguments.format {
                FileFormat::Json => Format::Json,
                FileFormat::Protobuf => Format::Protobuf,
            };
            decode(&read(path)?, format)?
        }
        None => ConnectionRequest { tls_mode: TlsMode::SecureTls.into(), ..Default::default() },
    };
    if let Some(host) = arguments.host {
        let port = arguments.port.unwrap_or_default();
        request.addresses = vec![NodeAddress { host, port, unix_socket_path: None }];
    }
    if arguments.plaintext {
        request.tls_mode = TlsMode::NoTls.into();
        request.allow_plaintext = true;
    }
    if let Some(path) = &arguments.ca {
        request.root_certs = vec![read(path)?];
    }
    if let (Some(cluster_name), Some(username)) = (arguments.cluster, arguments.user) {
        let service = if arguments.memorydb { ServiceType::Memorydb } else { ServiceType::Elasticache };
        let credentials = IamCredentials {
            cluster_name,
            username,
            region: arguments.region,
            profile: arguments.profile,
            service_type: service.into(),
            serverless: arguments.serverless,
            ..Default::default()
        };
        request.authentication_info =
            Some(AuthenticationInfo { credentials: Some(Credentials::IamCredentials(credentials)) });
    }
    Ok(request)
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| {
        Error::new(Code::ArgumentInvalid, format!("{} could not be read: {error}", path.display()))
    })
}
