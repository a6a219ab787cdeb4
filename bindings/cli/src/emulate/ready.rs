//! What is said when the emulator is ready.

use std::net::SocketAddr;
use std::path::Path;

use keyrotor::{Code, Error};
use keyrotor_emulator::credentials::Credentials;
use keyrotor_emulator::rds::Rds;
use keyrotor_emulator::{Cloud, Emulator, Entra};
use serde_json::json;

use super::environment::Environment;
use super::settings::Show;
use crate::output;

/// Says where everything is, in the form that was asked for.
pub(super) fn announce(cloud: &Cloud, environment: &Environment, show: &Show) -> Result<(), Error> {
    let prints_file = show.env.as_deref() == Some(Path::new("-"));
    if let Some(path) = show.env.as_deref().filter(|_| !prints_file) {
        std::fs::write(path, environment.file()).map_err(|error| {
            Error::new(Code::ArgumentInvalid, format!("{} could not be written: {error}", path.display()))
        })?;
    }
    if show.json {
        output::line(facts(cloud, environment))?;
    } else if prints_file {
        output::line(environment.file().trim_end())?;
    } else if show.command.is_empty() {
        output::line(for_people(cloud, environment, show))?;
    } else {
        // Standard output is the command's.
        show.note(places(cloud).trim_end());
    }
    if show.has_short_lives {
        show.note(
            "tell your application the same lives: token_life_seconds and lease_seconds of its request",
        );
    }
    if show.command.is_empty() && !show.json {
        show.note("ready; stop it with Ctrl-C");
    }
    Ok(())
}

fn facts(cloud: &Cloud, environment: &Environment) -> serde_json::Value {
    let cache = cloud.cache();
    json!({
        "address": cache.map(|cache| cache.address().to_string()),
        "addresses": cache.map(|cache| texts(&cache.addresses())),
        "ca": cloud.ca_path(),
        "server_name": cache.map(Emulator::server_name),
        "rds": cloud.rds().map(described),
        "dsql": cloud.dsql().map(described),
        "azure_postgres": cloud.azure_postgres().map(described),
        "control": cloud.control_address().map(|address| address.to_string()),
        "oidc_key": cloud.credentials().map(Credentials::oidc_key_path),
        "credentials": cloud.credentials().map(Credentials::environments),
        "entra": cloud.entra().map(entra),
        "environment": environment.json(),
        "unset": environment.unset(),
    })
}

fn texts(addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(SocketAddr::to_string).collect()
}

/// A PostgreSQL front as the ready line has it.
fn described(rds: &Rds) -> serde_json::Value {
    json!({
        "address": rds.address().to_string(),
        "server_name": rds.server_name(),
        "endpoint": rds.endpoint(),
    })
}

/// What the ready line says of Entra.
fn entra(entra: &Entra) -> serde_json::Value {
    json!({
        "authority": entra.authority(),
        "tenant": entra.tenant(),
        "http": format!("http://{}", entra.http_address()),
        "proxy": format!("http://{}", entra.proxy_address()),
        "environments": entra.environments(),
    })
}

/// Comments and exports: all of it may be pasted.
fn for_people(cloud: &Cloud, environment: &Environment, show: &Show) -> String {
    let places = places(cloud);
    match &show.env {
        Some(path) => format!("{places}# environment   {}", path.display()),
        None => {
            let exports = environment.exports();
            format!("{places}# what your application's shell needs:\n{}", exports.trim_end())
        }
    }
}

fn places(cloud: &Cloud) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| lines += &format!("# {name:<14}{value}\n");
    if let Some(cache) = cloud.cache() {
        line("address", &texts(&cache.addresses()).join(" "));
        line("server name", &cache.server_name());
    }
    if let Some(credentials) = cloud.credentials() {
        line("credentials", &format!("http://{}", credentials.address()));
    }
    for (name, rds) in [("rds", cloud.rds()), ("dsql", cloud.dsql())] {
        if let Some(rds) = rds {
            line(name, &format!("{}, tokens for {}", rds.address(), rds.endpoint()));
        }
    }
    if let Some(azure) = cloud.azure_postgres() {
        line("azure_postgres", &azure.address());
    }
    if let Some(entra) = cloud.entra() {
        line("authority", &entra.authority());
        line("tenant", &entra.tenant());
    }
    line("ca", &cloud.ca_path().display());
    if let Some(control) = cloud.control_address() {
        line("control", &format!("http://{control}"));
    }
    lines
}
