//! The redis crate with ElastiCache's tokens: `redis_rs rediss://HOST:PORT CLUSTER USER REGION [CA_FILE]`. AWS keys come
//! from wherever AWS's own tools find them.
#![allow(clippy::print_stdout, reason = "a program")]

use keyrotor::redis_rs::WithCredentialsProvider;
use keyrotor::{Format, TokenManager};
use redis::{Client, TlsCertificates};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, cluster, user, region, authority) = match arguments.as_slice() {
        [address, cluster, user, region] => (address, cluster, user, region, None),
        [address, cluster, user, region, file] => {
            (address, cluster, user, region, Some(std::fs::read(file)?))
        }
        _ => return Err("usage: redis_rs rediss://HOST:PORT CLUSTER USER REGION [CA_FILE]".into()),
    };
    let request = json!({"authenticationInfo": {"iamCredentials":
        {"clusterName": cluster, "username": user, "region": region}}});
    let manager = TokenManager::from_request(request.to_string().as_bytes(), Format::Json)?;

    let certificates = TlsCertificates { client_tls: None, root_cert: authority };
    let client =
        Client::build_with_tls(address.as_str(), certificates)?.with_credentials_provider(manager.clone());
    let mut connection = client.get_multiplexed_async_connection().await?;
    let name: String = redis::cmd("ACL").arg("WHOAMI").query_async(&mut connection).await?;
    println!("logged in as {name}");

    // Each new token goes to the live connection too.
    manager.refresh().await?;
    redis::cmd("SET").arg("key").arg("value").exec_async(&mut connection).await?;
    let value: String = redis::cmd("GET").arg("key").query_async(&mut connection).await?;
    println!("key holds {value}");
    Ok(())
}
