//! RDS, Aurora, Aurora DSQL and Azure Database for PostgreSQL: an endpoint that really checks tokens, before a real
//! PostgreSQL.
//!
//! The front speaks TLS and PostgreSQL's protocol up to the login. A role with `rds_iam` is asked for a password in the
//! clear, which must be a token for the endpoint, the region and that role ([`verify`](crate::verify)); all other roles
//! log in with their passwords, which PostgreSQL itself checks. After the login everything passes untouched, and an
//! established connection survives its token.
//!
//! ```no_run
//! # async fn example() -> Result<(), keyrotor_emulator::Error> {
//! use keyrotor_emulator::{Cloud, CloudConfig};
//!
//! let text = r#"{"region": "eu-west-1", "keys": [{"id": "AKIDEXAMPLE", "secret": "made-up"}],
//!     "rds": {"users": ["app"], "passwords": {"owner": "secret"}}}"#;
//! let cloud = Cloud::start(CloudConfig::from_json(text)?).await?;
//! let rds = cloud.rds().expect("the section names it");
//! println!("PGPASSWORD=$TOKEN psql '{}'", rds.url("app"));
//! # Ok(())
//! # }
//! ```
//!
//! # What a client is told
//!
//! | when | RDS, Aurora | RDS Proxy ([`RdsConfig::proxy`]) | DSQL |
//! | --- | --- | --- | --- |
//! | a token is wrong, expired, for another role, not authorized | 28000 `PAM authentication failed for user "u"` | 28000 `The IAM authentication failed for the role u. Check the IAM token for this role and try again.` | 28000 `unable to accept connection, access denied` |
//! | too many logins a second | the same | 28000 `The IAM authentication failed because of too many competing requests.` | 53400 `Unable to accept connection, rate exceeded.` |
//! | too many connections | PostgreSQL's own, at 100 | as RDS | 53300 `Unable to accept connection, too many open connections.` |
//! | a role without `rds_iam`, or none | 28P01 `password authentication failed for user "u"`, from PostgreSQL | as RDS | such a role logs in with a token |
//! | no TLS | 28000 `no pg_hba.conf entry for host "127.0.0.1", user "u", database "d", no encryption` | 28000 `IAM authentication is allowed only with SSL connections.` | access denied |
//! | a role with `rds_iam` asks for replication | 28000 `no pg_hba.conf entry for replication connection from host "127.0.0.1", user "u", SSL encryption` | as RDS | access denied |
//! | the server is away | 57P03 `the database system is starting up` | as RDS | as RDS |
//!
//! The texts are those of AWS's pages and of PostgreSQL. DSQL's "access denied" is a user's report, and the SQLSTATEs
//! beside it and the proxy's texts are taken over from PostgreSQL, since no page names them. Why a token was refused
//! stands in the record, with the line that RDS writes into its log `iam-db-auth-error`.
//!
//! Azure's, for a role that was made for an identity ([`AzurePostgresConfig::users`]): 28000 with `The access token has
//! expired. Acquire a new token and try again.`, `The access token does not have a valid audience claim. Please acquire a
//! new token for the resource "https://ossrdbms-aad.database.windows.net".`, `The access token has invalid format`, and
//! to whatever else is wrong with it `Azure AD access token not valid for role u`. All other roles log in with their
//! passwords. The texts are from users' reports, the SQLSTATE is taken over from PostgreSQL. What is checked is on
//! [a page of its own](crate::azure).
//!
//! # Breaking things
//!
//! With `$C` as the [control API](crate::control); DSQL's faults are under `/dsql/faults/`, Azure's under `/azure_postgres/faults/`,
//! without `throttle` and `iam-outage`.
//!
//! ```sh
//! curl $C/record                                                  # its part is "rds", "dsql" or "azure_postgres", see Record
//! curl -d '{"count": 2}' $C/rds/faults/refuse                     # the next two tokens are refused
//! curl -d '{"count": null, "current": true}' $C/rds/faults/refuse # … the token accepted last, until cleared
//! curl -d '{"token_sha256": "9e3616…"}' $C/rds/faults/refuse      # … this token, until cleared
//! curl -d '{"connection": 3}' $C/rds/faults/kill                  # breaks connection 3 off
//! curl -X POST $C/rds/faults/kill                                 # breaks all off
//! curl -d '{"count": 1}' $C/rds/faults/cut                        # breaks the next login off after its password
//! curl -d '{"milliseconds": 500}' $C/rds/faults/stall             # what the server says is held back
//! curl -d '{"milliseconds": null}' $C/rds/faults/throttle         # logins are throttled, until cleared
//! curl -X POST $C/rds/faults/iam-outage                           # logins meet an internal error of IAM
//! curl -d '{"open": false}' $C/rds/faults/listen                  # new TCP connections are closed at once
//! curl -X POST $C/rds/faults/restart-backend                      # as in a failover: all sessions drop, data stays
//! curl -X POST $C/faults/clear                                    # ends all faults
//! curl -d '{"policies": []}' $C/rds/policies                      # later logins are not authorized
//! curl -d '{"policies": null}' $C/rds/policies                    # everything is allowed again
//! ```
//!
//! Policies are as for the [cache](crate::Document). RDS asks for `rds-db:connect` on
//! `arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE/ROLE`, DSQL for `dsql:DbConnect` or `dsql:DbConnectAdmin` on
//! `arn:aws:dsql:REGION:ACCOUNT:cluster/RESOURCE`.
//!
//! # What differs from the services
//! - PostgreSQL sees its clients on a local socket: `inet_client_addr()` is null, `pg_stat_ssl` says no TLS, and channel
//!   binding is not offered to those that log in by password.
//! - Which roles have `rds_iam` is asked of PostgreSQL at each login: `GRANT rds_iam TO …` counts from then on. The
//!   schema `public` is open to all roles.
//! - A proxy keeps no pool and no secrets: the role itself must exist.
//! - DSQL is a PostgreSQL with all that DSQL has not. Its roles need no `AWS IAM GRANT`, no server name is asked for, and
//!   a session ends at its limit in the midst of a transaction too, without a word: no page says how it ends.
//! - Azure: whose role it is stands in the configuration, where the service has security labels; groups of Entra's have
//!   no roles.
//! - The record keeps the newest 10,000 logins and 10,000 closed connections; the totals count all.

pub(crate) mod config;
mod connection;
mod decision;
mod faults;
mod front;
mod gate;
mod judge;
mod ledger;
mod panel;
mod postgres;
mod record;
mod session;
mod texts;
mod wire;

pub use config::{AzurePostgresConfig, DsqlConfig, RdsConfig};
pub use faults::Faults;
pub use front::Rds;
pub use record::{Connection, End, Login, Method, Record, Totals};
