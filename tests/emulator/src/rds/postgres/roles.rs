//! Who may log in how: rules, roles and the database.

use super::admin::Admin;
use super::{Postgres, programs};
use crate::Error;
use crate::rds::config::{ADMIN, Kind, POSTGRES, Settings};
use std::path::Path;

/// The groups whose members log in with tokens, as the services name them.
const RDS: &str = "rds_iam";
const AZURE: &str = "azure_ad_user";

/// `Login` says whom the server lets in without a question, because the front asks for their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Members of this group; the server asks all others for their passwords.
    Members(&'static str),
    /// Everybody.
    All,
}

impl Login {
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Rds | Kind::Proxy => Self::Members(RDS),
            Kind::Azure => Self::Members(AZURE),
            Kind::Dsql => Self::All,
        }
    }

    /// Writes the server's rules. Its socket is ours alone.
    pub(super) fn write_rules(self, folder: &Path) -> Result<(), Error> {
        let mut rules = format!("local all {ADMIN} trust\n");
        let who = match self {
            Self::Members(group) => format!("+{group}"),
            Self::All => "all".into(),
        };
        for (whose, method) in [(who.as_str(), "trust"), ("all", "scram-sha-256")] {
            rules += &format!("local all {whose} {method}\nlocal replication {whose} {method}\n");
        }
        let path = programs::rules(folder);
        std::fs::write(&path, rules).map_err(|source| Error::File { path, source })
    }
}

/// Makes roles and database, and runs the settings' own statements.
pub(super) async fn prepare(server: &Postgres, settings: &Settings) -> Result<(), Error> {
    let mut admin = Admin::connect(server.socket(), POSTGRES).await?;
    let login = Login::of(settings.kind);
    if let Login::Members(group) = login {
        admin.run(group, &format!("CREATE ROLE {group}")).await?;
    }
    for (role, password) in &settings.passwords {
        admin.run(role, &format!("CREATE ROLE {} LOGIN PASSWORD {}", name(role), literal(password))).await?;
    }
    for role in &settings.users {
        let made = settings.passwords.contains_key(role);
        if !made {
            admin.run(role, &format!("CREATE ROLE {} LOGIN", name(role))).await?;
        }
        if let Login::Members(group) = login {
            admin.run(role, &format!("GRANT {group} TO {}", name(role))).await?;
        }
    }
    let database = &settings.database;
    if database != POSTGRES {
        admin.run(database, &format!("CREATE DATABASE {}", name(database))).await?;
        admin = Admin::connect(server.socket(), database).await?;
    }
    admin.run("the schema public", "GRANT ALL ON SCHEMA public TO PUBLIC").await?;
    for (number, sql) in settings.sql.iter().enumerate() {
        admin.run(&format!("statement {} of `sql`", number + 1), sql).await?;
    }
    Ok(())
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_stay_names() {
        assert_eq!(name(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal(r"it's \"), r"'it''s \'");
    }
}
