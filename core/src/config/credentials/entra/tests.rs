//! What a request and its surroundings become. Requests that are refused anywhere stand in tests/vectors/requests.json.

use keyrotor_proto::authentication_info::Credentials;
use keyrotor_proto::{AuthenticationInfo, Format, decode};

use super::*;

const TENANT: (&str, &str) = ("AZURE_TENANT_ID", "t.example.com");
const CLIENT: (&str, &str) = ("AZURE_CLIENT_ID", "22222222-aaaa");

fn login(json: &str, variables: &[(&str, &str)]) -> Result<Login> {
    let request = format!(r#"{{"authenticationInfo": {{"entraCredentials": {json}}}}}"#);
    let request: keyrotor_proto::TokenManagerRequest = decode(request.as_bytes(), Format::Json).unwrap();
    let Some(AuthenticationInfo { credentials: Some(Credentials::EntraCredentials(credentials)) }) =
        request.authentication_info
    else {
        panic!("not Entra");
    };
    let get =
        |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
    from(credentials, TokenRefreshConfig::default(), &Environment::of(&get))
}

fn name(json: &str, variables: &[(&str, &str)]) -> String {
    login(json, variables).unwrap().source.name().to_owned()
}

fn refusal(json: &str, variables: &[(&str, &str)]) -> Error {
    login(json, variables).err().unwrap_or_else(|| panic!("{json} is accepted"))
}

#[test]
fn s03_each_method_has_its_source() {
    for (json, source) in [
        (r#"{"clientSecret": "s"}"#, "entra-client-secret"),
        (r#"{"workloadIdentity": {"tokenFile": "/f"}}"#, "entra-workload-identity"),
        (r#"{"systemAssignedManagedIdentity": {}}"#, "entra-managed-identity"),
        (r#"{"userAssignedManagedIdentity": {"resourceId": "/subscriptions/x"}}"#, "entra-managed-identity"),
    ] {
        assert_eq!(name(json, &[TENANT, CLIENT]), source, "{json}");
    }
    let login = login(r#"{"clientSecret": "s", "username": "u"}"#, &[TENANT, CLIENT]).unwrap();
    assert!(login.is_token && login.source.token_life().is_none());
}

#[test]
fn s03_without_a_method_the_surroundings_choose() {
    let secret = ("AZURE_CLIENT_SECRET", "s");
    let certificate = ("AZURE_CLIENT_CERTIFICATE_PATH", "/c");
    let federated = ("AZURE_FEDERATED_TOKEN_FILE", "/f");
    for (variables, source) in [
        (&[TENANT, CLIENT, secret, certificate, federated][..], "entra-client-secret"),
        (&[TENANT, CLIENT, certificate, federated], "entra-client-certificate"),
        (&[TENANT, CLIENT, federated], "entra-workload-identity"),
        (&[TENANT, CLIENT], "entra-managed-identity"),
        (&[], "entra-managed-identity"),
        (&[("AZURE_CLIENT_SECRET", " ")], "entra-managed-identity"),
    ] {
        assert_eq!(name("{}", variables), source, "{variables:?}");
    }
    assert_eq!(refusal("{}", &[secret]).field(), Some("authentication_info.entra_credentials.tenant_id"));
}

#[test]
fn s03_what_is_missing_is_named_with_its_variable() {
    let field = |json, variables: &[(&str, &str)]| {
        let error = refusal(json, variables);
        let field = error.field().unwrap().strip_prefix("authentication_info.entra_credentials.").unwrap();
        format!("{} {field}", error.name())
    };
    assert_eq!(field(r#"{"clientSecret": "s"}"#, &[CLIENT]), "config-missing tenant_id");
    assert_eq!(field(r#"{"clientSecret": "s", "tenantId": "t"}"#, &[]), "config-missing client_id");
    assert_eq!(field(r#"{"clientSecret": ""}"#, &[]), "config-missing client_secret");
    assert_eq!(field(r#"{"workloadIdentity": {}}"#, &[]), "config-missing workload_identity.token_file");
    assert_eq!(field(r#"{"clientSecret": "s", "tenantId": "a/b"}"#, &[CLIENT]), "config-invalid tenant_id");
    assert_eq!(
        field(r#"{"systemAssignedManagedIdentity": {}}"#, &[("IDENTITY_ENDPOINT", "http://localhost:1/x")]),
        "config-invalid authority"
    );
    let plain = ("AZURE_AUTHORITY_HOST", "http://login.example.com");
    assert_eq!(field(r#"{"clientSecret": "s"}"#, &[TENANT, CLIENT, plain]), "config-invalid authority");
    assert!(refusal(r#"{"clientSecret": "s"}"#, &[]).message().contains("AZURE_TENANT_ID"));
}
