//! The keywords of one call as the core's options.

use keyrotor::CallOptions;
use pyo3::prelude::*;

use crate::argument::seconds;
use crate::error::Failure;
use crate::routing::Routing;

/// `None` where none is given: such a call takes the short way.
pub(crate) fn of(
    timeout: Option<f64>,
    route: Option<&Bound<'_, Routing>>,
    idempotent: bool,
) -> Result<Option<CallOptions>, Failure> {
    if timeout.is_none() && route.is_none() && !idempotent {
        return Ok(None);
    }
    let mut options = CallOptions::new();
    if let Some(timeout) = timeout {
        options = options.timeout(seconds(timeout)?);
    }
    if let Some(route) = route {
        options = options.routing(route.get().routing().clone());
    }
    Ok(Some(if idempotent { options.idempotent() } else { options }))
}
