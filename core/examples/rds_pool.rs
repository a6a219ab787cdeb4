//! A pool of deadpool-postgres whose connections log in to RDS or Aurora with tokens:
//! `rds_pool HOST PORT USER REGION DATABASE CA_FILE`. AWS keys come from wherever AWS's own tools find them; the file is
//! RDS's bundle of authorities.
#![allow(clippy::print_stdout, reason = "a program")]

use deadpool_postgres::tokio_postgres::Config;
use deadpool_postgres::{Manager, ManagerConfig, Pool};
use keyrotor::postgres::{RustlsConnect, TokenConnect};
use keyrotor::{Format, TokenManager};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, region, database, authorities] = arguments.as_slice() else {
        return Err("usage: rds_pool HOST PORT USER REGION DATABASE CA_FILE".into());
    };
    let port: u16 = port.parse()?;
    let request = json!({"authenticationInfo": {"rdsCredentials":
        {"host": host, "port": port, "username": user, "region": region}}});
    let tokens = TokenManager::from_request(request.to_string().as_bytes(), Format::Json)?;
    let connect = TokenConnect::new(tokens, RustlsConnect::with_roots(&[std::fs::read(authorities)?])?);

    let mut config = Config::new();
    config.host(host).port(port).dbname(database);
    let pool = Pool::builder(Manager::from_connect(config, connect, ManagerConfig::default())).build()?;
    let connection = pool.get().await?;
    let row = connection.query_one("SELECT current_user::text", &[]).await?;
    println!("logged in as {}", row.get::<_, String>(0));
    Ok(())
}
