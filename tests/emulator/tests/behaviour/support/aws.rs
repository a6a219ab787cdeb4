//! Tokens made by the SDK's signer, the aws-sigv4 crate.

use super::sign::SECRET;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use std::time::{Duration, SystemTime};

/// A token for `app`, as AWS's documentation makes it in Rust.
pub(crate) fn aws_token(service: &str, serverless: bool, temporary: bool, at: SystemTime) -> String {
    let (id, session) = if temporary { ("ASIDEXAMPLE", Some("se+ss/ion==")) } else { ("AKIDEXAMPLE", None) };
    let identity = Credentials::new(id, SECRET, session.map(str::to_owned), None, "test").into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(900));
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(at)
        .settings(settings)
        .build()
        .expect("parameters");
    let kind = if serverless { "&ResourceType=ServerlessCache" } else { "" };
    let mut token = format!("my-cluster/?Action=connect&User=app{kind}");
    let url = format!("http://{token}");
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]));
    let signed = sign(request.expect("a request"), &params.into()).expect("a signature");
    for (name, value) in signed.into_parts().0.into_parts().1 {
        token += &format!("&{name}={}", super::sign::escape(&value));
    }
    token
}
