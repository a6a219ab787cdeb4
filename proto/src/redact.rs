//! `Debug` of the messages that hold a secret: their JSON with the secrets blotted out.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{
    AccessKey, AuthenticationInfo, ClientCertificate, ConnectionRequest, EntraCredentials, ServerCredentials,
    TokenManagerRequest, authentication_info, entra_credentials,
};

/// The members whose values are never printed, in proto3 JSON's spelling.
const SECRETS: [&str; 7] = [
    "password",
    "secretAccessKey",
    "sessionToken",
    "clientSecret",
    "certificatePem",
    "privateKeyPem",
    "clientKey",
];

fn blot(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if SECRETS.contains(&name.as_str()) {
                    *member = Value::from("***");
                } else {
                    blot(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blot),
        _ => {}
    }
}

fn redacted(name: &str, message: &impl Serialize, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut value = serde_json::to_value(message).unwrap_or_default();
    blot(&mut value);
    write!(formatter, "{name} {value}")
}

macro_rules! redacted_debug {
    ($($message:ident),*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                redacted(stringify!($message), self, formatter)
            }
        }
    )*};
}

redacted_debug!(
    AccessKey,
    AuthenticationInfo,
    ClientCertificate,
    ConnectionRequest,
    EntraCredentials,
    ServerCredentials,
    TokenManagerRequest
);

impl fmt::Debug for authentication_info::Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted("Credentials", &AuthenticationInfo { credentials: Some(self.clone()) }, formatter)
    }
}

impl fmt::Debug for entra_credentials::Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted("Method", &EntraCredentials { method: Some(self.clone()), ..Default::default() }, formatter)
    }
}
