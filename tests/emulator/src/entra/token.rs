//! The token endpoint: the client credentials flow with a secret, a certificate or a federated identity.

use crate::Error;
use crate::entra::assertion::Case;
use crate::entra::config::Application;
use crate::entra::faults::EntraEndpoint;
use crate::entra::refusal::Refusal;
use crate::entra::reply::{Note, Reply};
use crate::entra::resource;
use crate::entra::service::{Asked, CLOUD, Service};
use crate::form::Form;
use crate::sigv4::same;
use hyper::Method;
use serde_json::json;
use std::time::Duration;

/// The shortest and the longest usual life of an application's token.
const LIFE: [Duration; 2] = [Duration::from_secs(3600), Duration::from_secs(5400)];
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Answers a request for a token: with one, or with why not.
pub(super) fn answer(
    service: &Service,
    asked: &Asked,
    tenant: &str,
) -> Result<Result<Reply, Error>, Refusal> {
    let own = service.issuer.tenant();
    if !tenant.eq_ignore_ascii_case(own) {
        return Err(Refusal::tenant(tenant));
    }
    if asked.call.method() != Method::POST {
        return Err(Refusal::missing("grant_type"));
    }
    let form = form(asked);
    let field = |name| form.get(name).ok_or_else(|| Refusal::missing(name));
    let grant_type = field("grant_type")?;
    if grant_type != "client_credentials" {
        return Err(Refusal::grant_type(grant_type));
    }
    let client_id = field("client_id")?;
    let mut known = service.config.applications.iter();
    let application = known.find(|app| app.client_id == client_id);
    let application = application.ok_or_else(|| Refusal::application(client_id, own))?;
    let proof = prove(service, asked, &form, application)?;
    let audience = audience(service, field("scope")?)?;
    let note = Note {
        client_id: Some(client_id.into()),
        proof: Some(proof),
        audience: Some(audience),
        ..Note::default()
    };
    Ok(grant(service, application, note))
}

/// Who asks, for the record.
pub(super) fn client_id(asked: &Asked) -> Option<String> {
    form(asked).get("client_id").map(str::to_owned)
}

fn form(asked: &Asked) -> Form {
    Form::parse(asked.call.body())
}

fn prove(
    service: &Service,
    asked: &Asked,
    form: &Form,
    application: &Application,
) -> Result<&'static str, Refusal> {
    if let Some(assertion) = form.get("client_assertion") {
        if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(Refusal::assertion_type());
        }
        let tenant = service.issuer.tenant();
        let audiences: Vec<_> = [asked.origin.as_str(), CLOUD]
            .iter()
            .flat_map(|origin| ["oauth2/v2.0/token", "v2.0"].map(|path| format!("{origin}/{tenant}/{path}")))
            .collect();
        let (now, workload) = (service.clock.now(), &service.workload);
        return Case { application, now, audiences: &audiences, workload }.judge(assertion);
    }
    let secret = form.get("client_secret").ok_or_else(Refusal::no_credential)?;
    if application.secrets.iter().any(|known| same(known, secret)) {
        Ok("secret")
    } else {
        Err(Refusal::secret(&application.client_id))
    }
}

fn audience(service: &Service, scope: &str) -> Result<String, Refusal> {
    let resource = scope.strip_suffix("/.default").ok_or_else(|| Refusal::scope(scope))?;
    let audience = resource::audience(resource, service.config.token_version);
    audience.ok_or_else(|| Refusal::resource(resource, service.issuer.tenant()))
}

fn grant(service: &Service, application: &Application, note: Note) -> Result<Reply, Error> {
    let [least, most] = LIFE;
    let identity = (application.client_id.as_str(), application.object_id.as_str());
    let proof = if note.proof == Some("secret") { 1 } else { 2 };
    let audience = note.audience.as_deref().unwrap_or_default();
    let life = service.random.between(least, most);
    let issued = service.issue(EntraEndpoint::Token, identity, audience, proof, life)?;
    let (left, _) = service.stated(EntraEndpoint::Token, &issued);
    let body = json!({
        "token_type": "Bearer", "expires_in": left, "ext_expires_in": left, "access_token": issued.token,
    });
    Ok(Reply { note: note.of(&issued), ..Reply::ok(body) })
}
