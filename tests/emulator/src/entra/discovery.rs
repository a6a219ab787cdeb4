//! What clients ask before they ask for a token: which endpoints there are, and whether the host is to be trusted.

use crate::entra::proxy::NAMES;
use crate::entra::refusal::Refusal;
use crate::entra::reply::Reply;
use crate::entra::service::{Asked, CLOUD, Service};
use crate::form::Form;
use serde_json::json;

/// What instance discovery is asked about: the authorization endpoint of either version.
const AUTHORIZE: [&str; 2] = ["/oauth2/v2.0/authorize", "/oauth2/authorize"];

/// The OpenID configuration of a tenant, with the endpoints by the name that the client used.
pub(super) fn configuration(service: &Service, asked: &Asked, tenant: &str) -> Reply {
    let own = service.issuer.tenant();
    let shared = matches!(tenant, "common" | "organizations");
    if !shared && !tenant.eq_ignore_ascii_case(own) {
        return service.refuse(&Refusal::tenant(tenant), asked);
    }
    let base = format!("{}/{tenant}", asked.origin);
    Reply::ok(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{}/{}/v2.0", asked.origin, if shared { "{tenantid}" } else { own }),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    }))
}

/// Instance discovery: whether the authority that the client is about to use is one of the cloud's.
///
/// MSAL for Python names our authority without its port, so the endpoint is named by the address that was asked.
pub(super) fn instance(service: &Service, asked: &Asked) -> Reply {
    let form = Form::parse(asked.call.uri().query().unwrap_or_default().as_bytes());
    let authorize = form.get("authorization_endpoint").unwrap_or_default();
    let own = service.authority.as_str();
    let (nameless, _) = own.rsplit_once(':').unwrap_or((own, ""));
    let found = [own, nameless, &asked.origin, CLOUD].into_iter().find_map(|origin| {
        let rest = authorize.strip_prefix(origin)?.strip_prefix('/')?;
        let tenant = AUTHORIZE.into_iter().find_map(|path| rest.strip_suffix(path));
        Some((origin.split("://").nth(1)?, tenant?))
    });
    let Some((host, tenant)) = found else {
        return service.refuse(&Refusal::instance(), asked);
    };
    let aliases = if NAMES.contains(&host) { NAMES.to_vec() } else { vec![host] };
    Reply::ok(json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", asked.origin),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": aliases }],
    }))
}
