//! The cluster: what it looks like, and what is done to it.

use super::body::Body;
use super::panel::{Outcome, bad, conflict};
use crate::cache::Cache;
use crate::cluster::Reshard;
use crate::faults::Faults;
use hyper::{Method, StatusCode};
use serde_json::{json, to_value};

const SHOW: &str = "/cluster";
const RESHARD: &str = "/cluster/reshard";
const FAILOVER: &str = "/faults/failover";

/// The method that a path wants, if it is one of these.
pub(super) fn method(path: &str) -> Option<Method> {
    match path {
        SHOW => Some(Method::GET),
        RESHARD | FAILOVER => Some(Method::POST),
        _ => None,
    }
}

pub(super) async fn act(cache: &Cache, faults: &Faults, path: &str, mut body: Body) -> Outcome {
    match path {
        RESHARD => {
            let reshard = reshard(&mut body).map_err(bad)?;
            body.end().map_err(bad)?;
            let keys = faults.reshard(&reshard).await.map_err(conflict)?;
            Ok(json!({ "ok": true, "keys": keys }))
        }
        FAILOVER => {
            let shard = body.size("shard").map_err(bad)?;
            body.end().map_err(bad)?;
            let shard = shard.ok_or_else(|| bad("shard: expected a whole number".into()))?;
            let primary = faults.failover(shard).await.map_err(conflict)?;
            Ok(json!({ "ok": true, "primary": primary }))
        }
        _ => {
            body.end().map_err(bad)?;
            let nodes = cache.nodes().await.map_err(conflict)?;
            let nodes = to_value(nodes);
            let nodes = nodes.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
            Ok(json!({ "nodes": nodes }))
        }
    }
}

fn reshard(body: &mut Body) -> Result<Reshard, String> {
    let usual = Reshard::default();
    let mut needed = |name| body.size(name)?.ok_or(format!("{name}: expected a whole number"));
    let (slots, from, to) = (needed("slots")?, needed("from")?, needed("to")?);
    let batch = body.size("batch")?.unwrap_or(usual.batch);
    let pause = body.milliseconds()?.unwrap_or(usual.pause);
    Ok(Reshard { slots, from, to, batch, pause })
}
