impl serde::Serialize for AccessKey {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.access_key_id.is_empty() {
            len += 1;
        }
        if !self.secret_access_key.is_empty() {
            len += 1;
        }
        if self.session_token.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.AccessKey", len)?;
        if !self.access_key_id.is_empty() {
            struct_ser.serialize_field("accessKeyId", &self.access_key_id)?;
        }
        if !self.secret_access_key.is_empty() {
            struct_ser.serialize_field("secretAccessKey", &self.secret_access_key)?;
        }
        if let Some(v) = self.session_token.as_ref() {
            struct_ser.serialize_field("sessionToken", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AccessKey {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "access_key_id",
            "accessKeyId",
            "secret_access_key",
            "secretAccessKey",
            "session_token",
            "sessionToken",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            AccessKeyId,
            SecretAccessKey,
            SessionToken,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "accessKeyId" | "access_key_id" => Ok(GeneratedField::AccessKeyId),
                            "secretAccessKey" | "secret_access_key" => Ok(GeneratedField::SecretAccessKey),
                            "sessionToken" | "session_token" => Ok(GeneratedField::SessionToken),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AccessKey;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.AccessKey")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AccessKey, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut access_key_id__ = None;
                let mut secret_access_key__ = None;
                let mut session_token__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::AccessKeyId => {
                            if access_key_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("accessKeyId"));
                            }
                            access_key_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SecretAccessKey => {
                            if secret_access_key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("secretAccessKey"));
                            }
                            secret_access_key__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SessionToken => {
                            if session_token__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sessionToken"));
                            }
                            session_token__ = map_.next_value()?;
                        }
                    }
                }
                Ok(AccessKey {
                    access_key_id: access_key_id__.unwrap_or_default(),
                    secret_access_key: secret_access_key__.unwrap_or_default(),
                    session_token: session_token__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.AccessKey", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for AuthenticationInfo {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.credentials.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.AuthenticationInfo", len)?;
        if let Some(v) = self.credentials.as_ref() {
            match v {
                authentication_info::Credentials::ServerCredentials(v) => {
                    struct_ser.serialize_field("serverCredentials", v)?;
                }
                authentication_info::Credentials::IamCredentials(v) => {
                    struct_ser.serialize_field("iamCredentials", v)?;
                }
                authentication_info::Credentials::EntraCredentials(v) => {
                    struct_ser.serialize_field("entraCredentials", v)?;
                }
                authentication_info::Credentials::RdsCredentials(v) => {
                    struct_ser.serialize_field("rdsCredentials", v)?;
                }
                authentication_info::Credentials::DsqlCredentials(v) => {
                    struct_ser.serialize_field("dsqlCredentials", v)?;
                }
                authentication_info::Credentials::CallbackCredentials(v) => {
                    struct_ser.serialize_field("callbackCredentials", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AuthenticationInfo {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "server_credentials",
            "serverCredentials",
            "iam_credentials",
            "iamCredentials",
            "entra_credentials",
            "entraCredentials",
            "rds_credentials",
            "rdsCredentials",
            "dsql_credentials",
            "dsqlCredentials",
            "callback_credentials",
            "callbackCredentials",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ServerCredentials,
            IamCredentials,
            EntraCredentials,
            RdsCredentials,
            DsqlCredentials,
            CallbackCredentials,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "serverCredentials" | "server_credentials" => Ok(GeneratedField::ServerCredentials),
                            "iamCredentials" | "iam_credentials" => Ok(GeneratedField::IamCredentials),
                            "entraCredentials" | "entra_credentials" => Ok(GeneratedField::EntraCredentials),
                            "rdsCredentials" | "rds_credentials" => Ok(GeneratedField::RdsCredentials),
                            "dsqlCredentials" | "dsql_credentials" => Ok(GeneratedField::DsqlCredentials),
                            "callbackCredentials" | "callback_credentials" => Ok(GeneratedField::CallbackCredentials),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AuthenticationInfo;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.AuthenticationInfo")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AuthenticationInfo, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut credentials__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ServerCredentials => {
                            if credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serverCredentials"));
                            }
                            credentials__ = map_.next_value::<::std::option::Option<_>>()?.map(authentication_info::Credentials::ServerCredentials)
;
                        }
                        GeneratedField::IamCredentials => {
                            if credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("iamCredentials"));
                            }
                            credentials__ = map_.next_value::<::std::option::Option<_>>()?.map(authentication_info::Credentials::IamCredentials)
;
                        }
                        GeneratedField::EntraCredentials => {
                            if credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("entraCredentials"));
                            }
                            credentials__ = map_.next_value::<::std::option::Option<_>>()?.map(authentication_info::Credentials::EntraCredentials)
;
                        }
                        GeneratedField::RdsCredentials => {
                            if credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rdsCredentials"));
                            }
                            credentials__ = map_.next_value::<::std::option::Option<_>>()?.map(authentication_info::Credentials::RdsCredentials)
;
                        }
                        GeneratedField::DsqlCredentials => {
                            if credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("dsqlCredentials"));
                            }
                            credentials__ = map_.next_value::<::std::option::Option<_>>()?.map(authentication_info::Credentials::DsqlCredentials)
;
                        }
                        GeneratedField::CallbackCredentials => {
                            if credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("callbackCredentials"));
                            }
                            credentials__ = map_.next_value::<::std::option::Option<_>>()?.map(authentication_info::Credentials::CallbackCredentials)
;
                        }
                    }
                }
                Ok(AuthenticationInfo {
                    credentials: credentials__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.AuthenticationInfo", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CallbackCredentials {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.name.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.CallbackCredentials", len)?;
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CallbackCredentials {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "name",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Name,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "name" => Ok(GeneratedField::Name),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CallbackCredentials;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.CallbackCredentials")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CallbackCredentials, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut name__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(CallbackCredentials {
                    name: name__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.CallbackCredentials", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClientCertificate {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.certificate_pem.is_empty() {
            len += 1;
        }
        if !self.private_key_pem.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.ClientCertificate", len)?;
        if !self.certificate_pem.is_empty() {
            struct_ser.serialize_field("certificatePem", &self.certificate_pem)?;
        }
        if !self.private_key_pem.is_empty() {
            struct_ser.serialize_field("privateKeyPem", &self.private_key_pem)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClientCertificate {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "certificate_pem",
            "certificatePem",
            "private_key_pem",
            "privateKeyPem",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CertificatePem,
            PrivateKeyPem,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "certificatePem" | "certificate_pem" => Ok(GeneratedField::CertificatePem),
                            "privateKeyPem" | "private_key_pem" => Ok(GeneratedField::PrivateKeyPem),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClientCertificate;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.ClientCertificate")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClientCertificate, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut certificate_pem__ = None;
                let mut private_key_pem__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CertificatePem => {
                            if certificate_pem__.is_some() {
                                return Err(serde::de::Error::duplicate_field("certificatePem"));
                            }
                            certificate_pem__ = Some(map_.next_value()?);
                        }
                        GeneratedField::PrivateKeyPem => {
                            if private_key_pem__.is_some() {
                                return Err(serde::de::Error::duplicate_field("privateKeyPem"));
                            }
                            private_key_pem__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ClientCertificate {
                    certificate_pem: certificate_pem__.unwrap_or_default(),
                    private_key_pem: private_key_pem__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.ClientCertificate", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Code {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "CODE_UNSPECIFIED",
            Self::ConfigMalformed => "CODE_CONFIG_MALFORMED",
            Self::ConfigUnknownField => "CODE_CONFIG_UNKNOWN_FIELD",
            Self::ConfigUnknownEnum => "CODE_CONFIG_UNKNOWN_ENUM",
            Self::ConfigDuplicate => "CODE_CONFIG_DUPLICATE",
            Self::ConfigMissing => "CODE_CONFIG_MISSING",
            Self::ConfigInvalid => "CODE_CONFIG_INVALID",
            Self::ConfigConflict => "CODE_CONFIG_CONFLICT",
            Self::ConfigUnsupported => "CODE_CONFIG_UNSUPPORTED",
            Self::ConfigGlideLayout => "CODE_CONFIG_GLIDE_LAYOUT",
            Self::ConfigInsecure => "CODE_CONFIG_INSECURE",
            Self::CredentialsPending => "CODE_CREDENTIALS_PENDING",
            Self::CredentialsNotFound => "CODE_CREDENTIALS_NOT_FOUND",
            Self::CredentialsFetchFailed => "CODE_CREDENTIALS_FETCH_FAILED",
            Self::CredentialsTimeout => "CODE_CREDENTIALS_TIMEOUT",
            Self::CredentialsThrottled => "CODE_CREDENTIALS_THROTTLED",
            Self::CredentialsSigningFailed => "CODE_CREDENTIALS_SIGNING_FAILED",
            Self::AuthRefused => "CODE_AUTH_REFUSED",
            Self::AuthRequired => "CODE_AUTH_REQUIRED",
            Self::AuthThrottled => "CODE_AUTH_THROTTLED",
            Self::AuthUnavailable => "CODE_AUTH_UNAVAILABLE",
            Self::AuthTimeout => "CODE_AUTH_TIMEOUT",
            Self::AuthIdentityMismatch => "CODE_AUTH_IDENTITY_MISMATCH",
            Self::AuthLeaseEnded => "CODE_AUTH_LEASE_ENDED",
            Self::AuthIdentityUnknown => "CODE_AUTH_IDENTITY_UNKNOWN",
            Self::NetworkResolve => "CODE_NETWORK_RESOLVE",
            Self::NetworkConnect => "CODE_NETWORK_CONNECT",
            Self::NetworkConnectTimeout => "CODE_NETWORK_CONNECT_TIMEOUT",
            Self::NetworkTls => "CODE_NETWORK_TLS",
            Self::NetworkTlsTimeout => "CODE_NETWORK_TLS_TIMEOUT",
            Self::NetworkDisconnected => "CODE_NETWORK_DISCONNECTED",
            Self::ServerError => "CODE_SERVER_ERROR",
            Self::RequestTimeout => "CODE_REQUEST_TIMEOUT",
            Self::CommandUnsupported => "CODE_COMMAND_UNSUPPORTED",
            Self::RequestLimit => "CODE_REQUEST_LIMIT",
            Self::Protocol => "CODE_PROTOCOL",
            Self::ArgumentInvalid => "CODE_ARGUMENT_INVALID",
            Self::Closed => "CODE_CLOSED",
            Self::Cancelled => "CODE_CANCELLED",
            Self::Internal => "CODE_INTERNAL",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for Code {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "CODE_UNSPECIFIED",
            "CODE_CONFIG_MALFORMED",
            "CODE_CONFIG_UNKNOWN_FIELD",
            "CODE_CONFIG_UNKNOWN_ENUM",
            "CODE_CONFIG_DUPLICATE",
            "CODE_CONFIG_MISSING",
            "CODE_CONFIG_INVALID",
            "CODE_CONFIG_CONFLICT",
            "CODE_CONFIG_UNSUPPORTED",
            "CODE_CONFIG_GLIDE_LAYOUT",
            "CODE_CONFIG_INSECURE",
            "CODE_CREDENTIALS_PENDING",
            "CODE_CREDENTIALS_NOT_FOUND",
            "CODE_CREDENTIALS_FETCH_FAILED",
            "CODE_CREDENTIALS_TIMEOUT",
            "CODE_CREDENTIALS_THROTTLED",
            "CODE_CREDENTIALS_SIGNING_FAILED",
            "CODE_AUTH_REFUSED",
            "CODE_AUTH_REQUIRED",
            "CODE_AUTH_THROTTLED",
            "CODE_AUTH_UNAVAILABLE",
            "CODE_AUTH_TIMEOUT",
            "CODE_AUTH_IDENTITY_MISMATCH",
            "CODE_AUTH_LEASE_ENDED",
            "CODE_AUTH_IDENTITY_UNKNOWN",
            "CODE_NETWORK_RESOLVE",
            "CODE_NETWORK_CONNECT",
            "CODE_NETWORK_CONNECT_TIMEOUT",
            "CODE_NETWORK_TLS",
            "CODE_NETWORK_TLS_TIMEOUT",
            "CODE_NETWORK_DISCONNECTED",
            "CODE_SERVER_ERROR",
            "CODE_REQUEST_TIMEOUT",
            "CODE_COMMAND_UNSUPPORTED",
            "CODE_REQUEST_LIMIT",
            "CODE_PROTOCOL",
            "CODE_ARGUMENT_INVALID",
            "CODE_CLOSED",
            "CODE_CANCELLED",
            "CODE_INTERNAL",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = Code;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "CODE_UNSPECIFIED" => Ok(Code::Unspecified),
                    "CODE_CONFIG_MALFORMED" => Ok(Code::ConfigMalformed),
                    "CODE_CONFIG_UNKNOWN_FIELD" => Ok(Code::ConfigUnknownField),
                    "CODE_CONFIG_UNKNOWN_ENUM" => Ok(Code::ConfigUnknownEnum),
                    "CODE_CONFIG_DUPLICATE" => Ok(Code::ConfigDuplicate),
                    "CODE_CONFIG_MISSING" => Ok(Code::ConfigMissing),
                    "CODE_CONFIG_INVALID" => Ok(Code::ConfigInvalid),
                    "CODE_CONFIG_CONFLICT" => Ok(Code::ConfigConflict),
                    "CODE_CONFIG_UNSUPPORTED" => Ok(Code::ConfigUnsupported),
                    "CODE_CONFIG_GLIDE_LAYOUT" => Ok(Code::ConfigGlideLayout),
                    "CODE_CONFIG_INSECURE" => Ok(Code::ConfigInsecure),
                    "CODE_CREDENTIALS_PENDING" => Ok(Code::CredentialsPending),
                    "CODE_CREDENTIALS_NOT_FOUND" => Ok(Code::CredentialsNotFound),
                    "CODE_CREDENTIALS_FETCH_FAILED" => Ok(Code::CredentialsFetchFailed),
                    "CODE_CREDENTIALS_TIMEOUT" => Ok(Code::CredentialsTimeout),
                    "CODE_CREDENTIALS_THROTTLED" => Ok(Code::CredentialsThrottled),
                    "CODE_CREDENTIALS_SIGNING_FAILED" => Ok(Code::CredentialsSigningFailed),
                    "CODE_AUTH_REFUSED" => Ok(Code::AuthRefused),
                    "CODE_AUTH_REQUIRED" => Ok(Code::AuthRequired),
                    "CODE_AUTH_THROTTLED" => Ok(Code::AuthThrottled),
                    "CODE_AUTH_UNAVAILABLE" => Ok(Code::AuthUnavailable),
                    "CODE_AUTH_TIMEOUT" => Ok(Code::AuthTimeout),
                    "CODE_AUTH_IDENTITY_MISMATCH" => Ok(Code::AuthIdentityMismatch),
                    "CODE_AUTH_LEASE_ENDED" => Ok(Code::AuthLeaseEnded),
                    "CODE_AUTH_IDENTITY_UNKNOWN" => Ok(Code::AuthIdentityUnknown),
                    "CODE_NETWORK_RESOLVE" => Ok(Code::NetworkResolve),
                    "CODE_NETWORK_CONNECT" => Ok(Code::NetworkConnect),
                    "CODE_NETWORK_CONNECT_TIMEOUT" => Ok(Code::NetworkConnectTimeout),
                    "CODE_NETWORK_TLS" => Ok(Code::NetworkTls),
                    "CODE_NETWORK_TLS_TIMEOUT" => Ok(Code::NetworkTlsTimeout),
                    "CODE_NETWORK_DISCONNECTED" => Ok(Code::NetworkDisconnected),
                    "CODE_SERVER_ERROR" => Ok(Code::ServerError),
                    "CODE_REQUEST_TIMEOUT" => Ok(Code::RequestTimeout),
                    "CODE_COMMAND_UNSUPPORTED" => Ok(Code::CommandUnsupported),
                    "CODE_REQUEST_LIMIT" => Ok(Code::RequestLimit),
                    "CODE_PROTOCOL" => Ok(Code::Protocol),
                    "CODE_ARGUMENT_INVALID" => Ok(Code::ArgumentInvalid),
                    "CODE_CLOSED" => Ok(Code::Closed),
                    "CODE_CANCELLED" => Ok(Code::Cancelled),
                    "CODE_INTERNAL" => Ok(Code::Internal),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for ConnectionRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.addresses.is_empty() {
            len += 1;
        }
        if self.tls_mode != 0 {
            len += 1;
        }
        if self.cluster_mode_enabled {
            len += 1;
        }
        if self.request_timeout != 0 {
            len += 1;
        }
        if self.read_from != 0 {
            len += 1;
        }
        if self.connection_retry_strategy.is_some() {
            len += 1;
        }
        if self.authentication_info.is_some() {
            len += 1;
        }
        if self.database_id != 0 {
            len += 1;
        }
        if self.protocol != 0 {
            len += 1;
        }
        if !self.client_name.is_empty() {
            len += 1;
        }
        if self.pubsub_subscriptions.is_some() {
            len += 1;
        }
        if self.inflight_requests_limit != 0 {
            len += 1;
        }
        if !self.client_az.is_empty() {
            len += 1;
        }
        if self.connection_timeout != 0 {
            len += 1;
        }
        if self.lazy_connect {
            len += 1;
        }
        if self.refresh_topology_from_initial_nodes {
            len += 1;
        }
        if !self.lib_name.is_empty() {
            len += 1;
        }
        if !self.root_certs.is_empty() {
            len += 1;
        }
        if self.compression_config.is_some() {
            len += 1;
        }
        if !self.client_cert.is_empty() {
            len += 1;
        }
        if !self.client_key.is_empty() {
            len += 1;
        }
        if self.tcp_nodelay.is_some() {
            len += 1;
        }
        if self.pubsub_reconciliation_interval_ms.is_some() {
            len += 1;
        }
        if self.read_only.is_some() {
            len += 1;
        }
        if self.client_side_cache.is_some() {
            len += 1;
        }
        if self.node_discovery_mode.is_some() {
            len += 1;
        }
        if self.address_resolver_key.is_some() {
            len += 1;
        }
        if self.client_circuit_breaker.is_some() {
            len += 1;
        }
        if self.client_cert_path.is_some() {
            len += 1;
        }
        if self.client_key_path.is_some() {
            len += 1;
        }
        if self.cert_reload.is_some() {
            len += 1;
        }
        if self.recovery_requests_queue_size.is_some() {
            len += 1;
        }
        if self.fallback_credentials.is_some() {
            len += 1;
        }
        if self.require_iam {
            len += 1;
        }
        if self.allow_plaintext {
            len += 1;
        }
        if self.allow_unverified_tls {
            len += 1;
        }
        if self.server_name.is_some() {
            len += 1;
        }
        if self.verify_identity {
            len += 1;
        }
        if self.lazy_refresh.is_some() {
            len += 1;
        }
        if !self.node_address_map.is_empty() {
            len += 1;
        }
        if self.refresh.is_some() {
            len += 1;
        }
        if self.require_identity {
            len += 1;
        }
        if self.periodic_checks.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.ConnectionRequest", len)?;
        if !self.addresses.is_empty() {
            struct_ser.serialize_field("addresses", &self.addresses)?;
        }
        if self.tls_mode != 0 {
            let v = TlsMode::try_from(self.tls_mode)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.tls_mode)))?;
            struct_ser.serialize_field("tlsMode", &v)?;
        }
        if self.cluster_mode_enabled {
            struct_ser.serialize_field("clusterModeEnabled", &self.cluster_mode_enabled)?;
        }
        if self.request_timeout != 0 {
            struct_ser.serialize_field("requestTimeout", &self.request_timeout)?;
        }
        if self.read_from != 0 {
            let v = ReadFrom::try_from(self.read_from)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.read_from)))?;
            struct_ser.serialize_field("readFrom", &v)?;
        }
        if let Some(v) = self.connection_retry_strategy.as_ref() {
            struct_ser.serialize_field("connectionRetryStrategy", v)?;
        }
        if let Some(v) = self.authentication_info.as_ref() {
            struct_ser.serialize_field("authenticationInfo", v)?;
        }
        if self.database_id != 0 {
            struct_ser.serialize_field("databaseId", &self.database_id)?;
        }
        if self.protocol != 0 {
            let v = ProtocolVersion::try_from(self.protocol)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.protocol)))?;
            struct_ser.serialize_field("protocol", &v)?;
        }
        if !self.client_name.is_empty() {
            struct_ser.serialize_field("clientName", &self.client_name)?;
        }
        if let Some(v) = self.pubsub_subscriptions.as_ref() {
            struct_ser.serialize_field("pubsubSubscriptions", v)?;
        }
        if self.inflight_requests_limit != 0 {
            struct_ser.serialize_field("inflightRequestsLimit", &self.inflight_requests_limit)?;
        }
        if !self.client_az.is_empty() {
            struct_ser.serialize_field("clientAz", &self.client_az)?;
        }
        if self.connection_timeout != 0 {
            struct_ser.serialize_field("connectionTimeout", &self.connection_timeout)?;
        }
        if self.lazy_connect {
            struct_ser.serialize_field("lazyConnect", &self.lazy_connect)?;
        }
        if self.refresh_topology_from_initial_nodes {
            struct_ser.serialize_field("refreshTopologyFromInitialNodes", &self.refresh_topology_from_initial_nodes)?;
        }
        if !self.lib_name.is_empty() {
            struct_ser.serialize_field("libName", &self.lib_name)?;
        }
        if !self.root_certs.is_empty() {
            struct_ser.serialize_field("rootCerts", &self.root_certs.iter().map(pbjson::private::base64::encode).collect::<Vec<_>>())?;
        }
        if let Some(v) = self.compression_config.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("compressionConfig", pbjson::private::base64::encode(&v).as_str())?;
        }
        if !self.client_cert.is_empty() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("clientCert", pbjson::private::base64::encode(&self.client_cert).as_str())?;
        }
        if !self.client_key.is_empty() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("clientKey", pbjson::private::base64::encode(&self.client_key).as_str())?;
        }
        if let Some(v) = self.tcp_nodelay.as_ref() {
            struct_ser.serialize_field("tcpNodelay", v)?;
        }
        if let Some(v) = self.pubsub_reconciliation_interval_ms.as_ref() {
            struct_ser.serialize_field("pubsubReconciliationIntervalMs", v)?;
        }
        if let Some(v) = self.read_only.as_ref() {
            struct_ser.serialize_field("readOnly", v)?;
        }
        if let Some(v) = self.client_side_cache.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("clientSideCache", pbjson::private::base64::encode(&v).as_str())?;
        }
        if let Some(v) = self.node_discovery_mode.as_ref() {
            struct_ser.serialize_field("nodeDiscoveryMode", v)?;
        }
        if let Some(v) = self.address_resolver_key.as_ref() {
            struct_ser.serialize_field("addressResolverKey", v)?;
        }
        if let Some(v) = self.client_circuit_breaker.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("clientCircuitBreaker", pbjson::private::base64::encode(&v).as_str())?;
        }
        if let Some(v) = self.client_cert_path.as_ref() {
            struct_ser.serialize_field("clientCertPath", v)?;
        }
        if let Some(v) = self.client_key_path.as_ref() {
            struct_ser.serialize_field("clientKeyPath", v)?;
        }
        if let Some(v) = self.cert_reload.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("certReload", pbjson::private::base64::encode(&v).as_str())?;
        }
        if let Some(v) = self.recovery_requests_queue_size.as_ref() {
            struct_ser.serialize_field("recoveryRequestsQueueSize", v)?;
        }
        if let Some(v) = self.fallback_credentials.as_ref() {
            struct_ser.serialize_field("fallbackCredentials", v)?;
        }
        if self.require_iam {
            struct_ser.serialize_field("requireIam", &self.require_iam)?;
        }
        if self.allow_plaintext {
            struct_ser.serialize_field("allowPlaintext", &self.allow_plaintext)?;
        }
        if self.allow_unverified_tls {
            struct_ser.serialize_field("allowUnverifiedTls", &self.allow_unverified_tls)?;
        }
        if let Some(v) = self.server_name.as_ref() {
            struct_ser.serialize_field("serverName", v)?;
        }
        if self.verify_identity {
            struct_ser.serialize_field("verifyIdentity", &self.verify_identity)?;
        }
        if let Some(v) = self.lazy_refresh.as_ref() {
            struct_ser.serialize_field("lazyRefresh", v)?;
        }
        if !self.node_address_map.is_empty() {
            struct_ser.serialize_field("nodeAddressMap", &self.node_address_map)?;
        }
        if let Some(v) = self.refresh.as_ref() {
            struct_ser.serialize_field("refresh", v)?;
        }
        if self.require_identity {
            struct_ser.serialize_field("requireIdentity", &self.require_identity)?;
        }
        if let Some(v) = self.periodic_checks.as_ref() {
            match v {
                connection_request::PeriodicChecks::PeriodicChecksManualInterval(v) => {
                    struct_ser.serialize_field("periodicChecksManualInterval", v)?;
                }
                connection_request::PeriodicChecks::PeriodicChecksDisabled(v) => {
                    struct_ser.serialize_field("periodicChecksDisabled", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ConnectionRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "addresses",
            "tls_mode",
            "tlsMode",
            "cluster_mode_enabled",
            "clusterModeEnabled",
            "request_timeout",
            "requestTimeout",
            "read_from",
            "readFrom",
            "connection_retry_strategy",
            "connectionRetryStrategy",
            "authentication_info",
            "authenticationInfo",
            "database_id",
            "databaseId",
            "protocol",
            "client_name",
            "clientName",
            "pubsub_subscriptions",
            "pubsubSubscriptions",
            "inflight_requests_limit",
            "inflightRequestsLimit",
            "client_az",
            "clientAz",
            "connection_timeout",
            "connectionTimeout",
            "lazy_connect",
            "lazyConnect",
            "refresh_topology_from_initial_nodes",
            "refreshTopologyFromInitialNodes",
            "lib_name",
            "libName",
            "root_certs",
            "rootCerts",
            "compression_config",
            "compressionConfig",
            "client_cert",
            "clientCert",
            "client_key",
            "clientKey",
            "tcp_nodelay",
            "tcpNodelay",
            "pubsub_reconciliation_interval_ms",
            "pubsubReconciliationIntervalMs",
            "read_only",
            "readOnly",
            "client_side_cache",
            "clientSideCache",
            "node_discovery_mode",
            "nodeDiscoveryMode",
            "address_resolver_key",
            "addressResolverKey",
            "client_circuit_breaker",
            "clientCircuitBreaker",
            "client_cert_path",
            "clientCertPath",
            "client_key_path",
            "clientKeyPath",
            "cert_reload",
            "certReload",
            "recovery_requests_queue_size",
            "recoveryRequestsQueueSize",
            "fallback_credentials",
            "fallbackCredentials",
            "require_iam",
            "requireIam",
            "allow_plaintext",
            "allowPlaintext",
            "allow_unverified_tls",
            "allowUnverifiedTls",
            "server_name",
            "serverName",
            "verify_identity",
            "verifyIdentity",
            "lazy_refresh",
            "lazyRefresh",
            "node_address_map",
            "nodeAddressMap",
            "refresh",
            "require_identity",
            "requireIdentity",
            "periodic_checks_manual_interval",
            "periodicChecksManualInterval",
            "periodic_checks_disabled",
            "periodicChecksDisabled",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Addresses,
            TlsMode,
            ClusterModeEnabled,
            RequestTimeout,
            ReadFrom,
            ConnectionRetryStrategy,
            AuthenticationInfo,
            DatabaseId,
            Protocol,
            ClientName,
            PubsubSubscriptions,
            InflightRequestsLimit,
            ClientAz,
            ConnectionTimeout,
            LazyConnect,
            RefreshTopologyFromInitialNodes,
            LibName,
            RootCerts,
            CompressionConfig,
            ClientCert,
            ClientKey,
            TcpNodelay,
            PubsubReconciliationIntervalMs,
            ReadOnly,
            ClientSideCache,
            NodeDiscoveryMode,
            AddressResolverKey,
            ClientCircuitBreaker,
            ClientCertPath,
            ClientKeyPath,
            CertReload,
            RecoveryRequestsQueueSize,
            FallbackCredentials,
            RequireIam,
            AllowPlaintext,
            AllowUnverifiedTls,
            ServerName,
            VerifyIdentity,
            LazyRefresh,
            NodeAddressMap,
            Refresh,
            RequireIdentity,
            PeriodicChecksManualInterval,
            PeriodicChecksDisabled,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "addresses" => Ok(GeneratedField::Addresses),
                            "tlsMode" | "tls_mode" => Ok(GeneratedField::TlsMode),
                            "clusterModeEnabled" | "cluster_mode_enabled" => Ok(GeneratedField::ClusterModeEnabled),
                            "requestTimeout" | "request_timeout" => Ok(GeneratedField::RequestTimeout),
                            "readFrom" | "read_from" => Ok(GeneratedField::ReadFrom),
                            "connectionRetryStrategy" | "connection_retry_strategy" => Ok(GeneratedField::ConnectionRetryStrategy),
                            "authenticationInfo" | "authentication_info" => Ok(GeneratedField::AuthenticationInfo),
                            "databaseId" | "database_id" => Ok(GeneratedField::DatabaseId),
                            "protocol" => Ok(GeneratedField::Protocol),
                            "clientName" | "client_name" => Ok(GeneratedField::ClientName),
                            "pubsubSubscriptions" | "pubsub_subscriptions" => Ok(GeneratedField::PubsubSubscriptions),
                            "inflightRequestsLimit" | "inflight_requests_limit" => Ok(GeneratedField::InflightRequestsLimit),
                            "clientAz" | "client_az" => Ok(GeneratedField::ClientAz),
                            "connectionTimeout" | "connection_timeout" => Ok(GeneratedField::ConnectionTimeout),
                            "lazyConnect" | "lazy_connect" => Ok(GeneratedField::LazyConnect),
                            "refreshTopologyFromInitialNodes" | "refresh_topology_from_initial_nodes" => Ok(GeneratedField::RefreshTopologyFromInitialNodes),
                            "libName" | "lib_name" => Ok(GeneratedField::LibName),
                            "rootCerts" | "root_certs" => Ok(GeneratedField::RootCerts),
                            "compressionConfig" | "compression_config" => Ok(GeneratedField::CompressionConfig),
                            "clientCert" | "client_cert" => Ok(GeneratedField::ClientCert),
                            "clientKey" | "client_key" => Ok(GeneratedField::ClientKey),
                            "tcpNodelay" | "tcp_nodelay" => Ok(GeneratedField::TcpNodelay),
                            "pubsubReconciliationIntervalMs" | "pubsub_reconciliation_interval_ms" => Ok(GeneratedField::PubsubReconciliationIntervalMs),
                            "readOnly" | "read_only" => Ok(GeneratedField::ReadOnly),
                            "clientSideCache" | "client_side_cache" => Ok(GeneratedField::ClientSideCache),
                            "nodeDiscoveryMode" | "node_discovery_mode" => Ok(GeneratedField::NodeDiscoveryMode),
                            "addressResolverKey" | "address_resolver_key" => Ok(GeneratedField::AddressResolverKey),
                            "clientCircuitBreaker" | "client_circuit_breaker" => Ok(GeneratedField::ClientCircuitBreaker),
                            "clientCertPath" | "client_cert_path" => Ok(GeneratedField::ClientCertPath),
                            "clientKeyPath" | "client_key_path" => Ok(GeneratedField::ClientKeyPath),
                            "certReload" | "cert_reload" => Ok(GeneratedField::CertReload),
                            "recoveryRequestsQueueSize" | "recovery_requests_queue_size" => Ok(GeneratedField::RecoveryRequestsQueueSize),
                            "fallbackCredentials" | "fallback_credentials" => Ok(GeneratedField::FallbackCredentials),
                            "requireIam" | "require_iam" => Ok(GeneratedField::RequireIam),
                            "allowPlaintext" | "allow_plaintext" => Ok(GeneratedField::AllowPlaintext),
                            "allowUnverifiedTls" | "allow_unverified_tls" => Ok(GeneratedField::AllowUnverifiedTls),
                            "serverName" | "server_name" => Ok(GeneratedField::ServerName),
                            "verifyIdentity" | "verify_identity" => Ok(GeneratedField::VerifyIdentity),
                            "lazyRefresh" | "lazy_refresh" => Ok(GeneratedField::LazyRefresh),
                            "nodeAddressMap" | "node_address_map" => Ok(GeneratedField::NodeAddressMap),
                            "refresh" => Ok(GeneratedField::Refresh),
                            "requireIdentity" | "require_identity" => Ok(GeneratedField::RequireIdentity),
                            "periodicChecksManualInterval" | "periodic_checks_manual_interval" => Ok(GeneratedField::PeriodicChecksManualInterval),
                            "periodicChecksDisabled" | "periodic_checks_disabled" => Ok(GeneratedField::PeriodicChecksDisabled),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ConnectionRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.ConnectionRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ConnectionRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut addresses__ = None;
                let mut tls_mode__ = None;
                let mut cluster_mode_enabled__ = None;
                let mut request_timeout__ = None;
                let mut read_from__ = None;
                let mut connection_retry_strategy__ = None;
                let mut authentication_info__ = None;
                let mut database_id__ = None;
                let mut protocol__ = None;
                let mut client_name__ = None;
                let mut pubsub_subscriptions__ = None;
                let mut inflight_requests_limit__ = None;
                let mut client_az__ = None;
                let mut connection_timeout__ = None;
                let mut lazy_connect__ = None;
                let mut refresh_topology_from_initial_nodes__ = None;
                let mut lib_name__ = None;
                let mut root_certs__ = None;
                let mut compression_config__ = None;
                let mut client_cert__ = None;
                let mut client_key__ = None;
                let mut tcp_nodelay__ = None;
                let mut pubsub_reconciliation_interval_ms__ = None;
                let mut read_only__ = None;
                let mut client_side_cache__ = None;
                let mut node_discovery_mode__ = None;
                let mut address_resolver_key__ = None;
                let mut client_circuit_breaker__ = None;
                let mut client_cert_path__ = None;
                let mut client_key_path__ = None;
                let mut cert_reload__ = None;
                let mut recovery_requests_queue_size__ = None;
                let mut fallback_credentials__ = None;
                let mut require_iam__ = None;
                let mut allow_plaintext__ = None;
                let mut allow_unverified_tls__ = None;
                let mut server_name__ = None;
                let mut verify_identity__ = None;
                let mut lazy_refresh__ = None;
                let mut node_address_map__ = None;
                let mut refresh__ = None;
                let mut require_identity__ = None;
                let mut periodic_checks__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Addresses => {
                            if addresses__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addresses"));
                            }
                            addresses__ = Some(map_.next_value()?);
                        }
                        GeneratedField::TlsMode => {
                            if tls_mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tlsMode"));
                            }
                            tls_mode__ = Some(map_.next_value::<TlsMode>()? as i32);
                        }
                        GeneratedField::ClusterModeEnabled => {
                            if cluster_mode_enabled__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterModeEnabled"));
                            }
                            cluster_mode_enabled__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RequestTimeout => {
                            if request_timeout__.is_some() {
                                return Err(serde::de::Error::duplicate_field("requestTimeout"));
                            }
                            request_timeout__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ReadFrom => {
                            if read_from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("readFrom"));
                            }
                            read_from__ = Some(map_.next_value::<ReadFrom>()? as i32);
                        }
                        GeneratedField::ConnectionRetryStrategy => {
                            if connection_retry_strategy__.is_some() {
                                return Err(serde::de::Error::duplicate_field("connectionRetryStrategy"));
                            }
                            connection_retry_strategy__ = map_.next_value()?;
                        }
                        GeneratedField::AuthenticationInfo => {
                            if authentication_info__.is_some() {
                                return Err(serde::de::Error::duplicate_field("authenticationInfo"));
                            }
                            authentication_info__ = map_.next_value()?;
                        }
                        GeneratedField::DatabaseId => {
                            if database_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("databaseId"));
                            }
                            database_id__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Protocol => {
                            if protocol__.is_some() {
                                return Err(serde::de::Error::duplicate_field("protocol"));
                            }
                            protocol__ = Some(map_.next_value::<ProtocolVersion>()? as i32);
                        }
                        GeneratedField::ClientName => {
                            if client_name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientName"));
                            }
                            client_name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::PubsubSubscriptions => {
                            if pubsub_subscriptions__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pubsubSubscriptions"));
                            }
                            pubsub_subscriptions__ = map_.next_value()?;
                        }
                        GeneratedField::InflightRequestsLimit => {
                            if inflight_requests_limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("inflightRequestsLimit"));
                            }
                            inflight_requests_limit__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ClientAz => {
                            if client_az__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientAz"));
                            }
                            client_az__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ConnectionTimeout => {
                            if connection_timeout__.is_some() {
                                return Err(serde::de::Error::duplicate_field("connectionTimeout"));
                            }
                            connection_timeout__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::LazyConnect => {
                            if lazy_connect__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lazyConnect"));
                            }
                            lazy_connect__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RefreshTopologyFromInitialNodes => {
                            if refresh_topology_from_initial_nodes__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refreshTopologyFromInitialNodes"));
                            }
                            refresh_topology_from_initial_nodes__ = Some(map_.next_value()?);
                        }
                        GeneratedField::LibName => {
                            if lib_name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("libName"));
                            }
                            lib_name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RootCerts => {
                            if root_certs__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rootCerts"));
                            }
                            root_certs__ = 
                                Some(map_.next_value::<Vec<::pbjson::private::BytesDeserialize<_>>>()?
                                    .into_iter().map(|x| x.0).collect())
                            ;
                        }
                        GeneratedField::CompressionConfig => {
                            if compression_config__.is_some() {
                                return Err(serde::de::Error::duplicate_field("compressionConfig"));
                            }
                            compression_config__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::ClientCert => {
                            if client_cert__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientCert"));
                            }
                            client_cert__ = 
                                Some(map_.next_value::<::pbjson::private::BytesDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ClientKey => {
                            if client_key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientKey"));
                            }
                            client_key__ = 
                                Some(map_.next_value::<::pbjson::private::BytesDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::TcpNodelay => {
                            if tcp_nodelay__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tcpNodelay"));
                            }
                            tcp_nodelay__ = map_.next_value()?;
                        }
                        GeneratedField::PubsubReconciliationIntervalMs => {
                            if pubsub_reconciliation_interval_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pubsubReconciliationIntervalMs"));
                            }
                            pubsub_reconciliation_interval_ms__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::ReadOnly => {
                            if read_only__.is_some() {
                                return Err(serde::de::Error::duplicate_field("readOnly"));
                            }
                            read_only__ = map_.next_value()?;
                        }
                        GeneratedField::ClientSideCache => {
                            if client_side_cache__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientSideCache"));
                            }
                            client_side_cache__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::NodeDiscoveryMode => {
                            if node_discovery_mode__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeDiscoveryMode"));
                            }
                            node_discovery_mode__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::AddressResolverKey => {
                            if address_resolver_key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addressResolverKey"));
                            }
                            address_resolver_key__ = map_.next_value()?;
                        }
                        GeneratedField::ClientCircuitBreaker => {
                            if client_circuit_breaker__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientCircuitBreaker"));
                            }
                            client_circuit_breaker__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::ClientCertPath => {
                            if client_cert_path__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientCertPath"));
                            }
                            client_cert_path__ = map_.next_value()?;
                        }
                        GeneratedField::ClientKeyPath => {
                            if client_key_path__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientKeyPath"));
                            }
                            client_key_path__ = map_.next_value()?;
                        }
                        GeneratedField::CertReload => {
                            if cert_reload__.is_some() {
                                return Err(serde::de::Error::duplicate_field("certReload"));
                            }
                            cert_reload__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::BytesDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::RecoveryRequestsQueueSize => {
                            if recovery_requests_queue_size__.is_some() {
                                return Err(serde::de::Error::duplicate_field("recoveryRequestsQueueSize"));
                            }
                            recovery_requests_queue_size__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::FallbackCredentials => {
                            if fallback_credentials__.is_some() {
                                return Err(serde::de::Error::duplicate_field("fallbackCredentials"));
                            }
                            fallback_credentials__ = map_.next_value()?;
                        }
                        GeneratedField::RequireIam => {
                            if require_iam__.is_some() {
                                return Err(serde::de::Error::duplicate_field("requireIam"));
                            }
                            require_iam__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AllowPlaintext => {
                            if allow_plaintext__.is_some() {
                                return Err(serde::de::Error::duplicate_field("allowPlaintext"));
                            }
                            allow_plaintext__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AllowUnverifiedTls => {
                            if allow_unverified_tls__.is_some() {
                                return Err(serde::de::Error::duplicate_field("allowUnverifiedTls"));
                            }
                            allow_unverified_tls__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ServerName => {
                            if server_name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serverName"));
                            }
                            server_name__ = map_.next_value()?;
                        }
                        GeneratedField::VerifyIdentity => {
                            if verify_identity__.is_some() {
                                return Err(serde::de::Error::duplicate_field("verifyIdentity"));
                            }
                            verify_identity__ = Some(map_.next_value()?);
                        }
                        GeneratedField::LazyRefresh => {
                            if lazy_refresh__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lazyRefresh"));
                            }
                            lazy_refresh__ = map_.next_value()?;
                        }
                        GeneratedField::NodeAddressMap => {
                            if node_address_map__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nodeAddressMap"));
                            }
                            node_address_map__ = Some(
                                map_.next_value::<std::collections::BTreeMap<_, _>>()?
                            );
                        }
                        GeneratedField::Refresh => {
                            if refresh__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refresh"));
                            }
                            refresh__ = map_.next_value()?;
                        }
                        GeneratedField::RequireIdentity => {
                            if require_identity__.is_some() {
                                return Err(serde::de::Error::duplicate_field("requireIdentity"));
                            }
                            require_identity__ = Some(map_.next_value()?);
                        }
                        GeneratedField::PeriodicChecksManualInterval => {
                            if periodic_checks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("periodicChecksManualInterval"));
                            }
                            periodic_checks__ = map_.next_value::<::std::option::Option<_>>()?.map(connection_request::PeriodicChecks::PeriodicChecksManualInterval)
;
                        }
                        GeneratedField::PeriodicChecksDisabled => {
                            if periodic_checks__.is_some() {
                                return Err(serde::de::Error::duplicate_field("periodicChecksDisabled"));
                            }
                            periodic_checks__ = map_.next_value::<::std::option::Option<_>>()?.map(connection_request::PeriodicChecks::PeriodicChecksDisabled)
;
                        }
                    }
                }
                Ok(ConnectionRequest {
                    addresses: addresses__.unwrap_or_default(),
                    tls_mode: tls_mode__.unwrap_or_default(),
                    cluster_mode_enabled: cluster_mode_enabled__.unwrap_or_default(),
                    request_timeout: request_timeout__.unwrap_or_default(),
                    read_from: read_from__.unwrap_or_default(),
                    connection_retry_strategy: connection_retry_strategy__,
                    authentication_info: authentication_info__,
                    database_id: database_id__.unwrap_or_default(),
                    protocol: protocol__.unwrap_or_default(),
                    client_name: client_name__.unwrap_or_default(),
                    pubsub_subscriptions: pubsub_subscriptions__,
                    inflight_requests_limit: inflight_requests_limit__.unwrap_or_default(),
                    client_az: client_az__.unwrap_or_default(),
                    connection_timeout: connection_timeout__.unwrap_or_default(),
                    lazy_connect: lazy_connect__.unwrap_or_default(),
                    refresh_topology_from_initial_nodes: refresh_topology_from_initial_nodes__.unwrap_or_default(),
                    lib_name: lib_name__.unwrap_or_default(),
                    root_certs: root_certs__.unwrap_or_default(),
                    compression_config: compression_config__,
                    client_cert: client_cert__.unwrap_or_default(),
                    client_key: client_key__.unwrap_or_default(),
                    tcp_nodelay: tcp_nodelay__,
                    pubsub_reconciliation_interval_ms: pubsub_reconciliation_interval_ms__,
                    read_only: read_only__,
                    client_side_cache: client_side_cache__,
                    node_discovery_mode: node_discovery_mode__,
                    address_resolver_key: address_resolver_key__,
                    client_circuit_breaker: client_circuit_breaker__,
                    client_cert_path: client_cert_path__,
                    client_key_path: client_key_path__,
                    cert_reload: cert_reload__,
                    recovery_requests_queue_size: recovery_requests_queue_size__,
                    fallback_credentials: fallback_credentials__,
                    require_iam: require_iam__.unwrap_or_default(),
                    allow_plaintext: allow_plaintext__.unwrap_or_default(),
                    allow_unverified_tls: allow_unverified_tls__.unwrap_or_default(),
                    server_name: server_name__,
                    verify_identity: verify_identity__.unwrap_or_default(),
                    lazy_refresh: lazy_refresh__,
                    node_address_map: node_address_map__.unwrap_or_default(),
                    refresh: refresh__,
                    require_identity: require_identity__.unwrap_or_default(),
                    periodic_checks: periodic_checks__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.ConnectionRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ConnectionRetryStrategy {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.number_of_retries != 0 {
            len += 1;
        }
        if self.factor != 0 {
            len += 1;
        }
        if self.exponent_base != 0 {
            len += 1;
        }
        if self.jitter_percent.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.ConnectionRetryStrategy", len)?;
        if self.number_of_retries != 0 {
            struct_ser.serialize_field("numberOfRetries", &self.number_of_retries)?;
        }
        if self.factor != 0 {
            struct_ser.serialize_field("factor", &self.factor)?;
        }
        if self.exponent_base != 0 {
            struct_ser.serialize_field("exponentBase", &self.exponent_base)?;
        }
        if let Some(v) = self.jitter_percent.as_ref() {
            struct_ser.serialize_field("jitterPercent", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ConnectionRetryStrategy {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "number_of_retries",
            "numberOfRetries",
            "factor",
            "exponent_base",
            "exponentBase",
            "jitter_percent",
            "jitterPercent",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            NumberOfRetries,
            Factor,
            ExponentBase,
            JitterPercent,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "numberOfRetries" | "number_of_retries" => Ok(GeneratedField::NumberOfRetries),
                            "factor" => Ok(GeneratedField::Factor),
                            "exponentBase" | "exponent_base" => Ok(GeneratedField::ExponentBase),
                            "jitterPercent" | "jitter_percent" => Ok(GeneratedField::JitterPercent),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ConnectionRetryStrategy;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.ConnectionRetryStrategy")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ConnectionRetryStrategy, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut number_of_retries__ = None;
                let mut factor__ = None;
                let mut exponent_base__ = None;
                let mut jitter_percent__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::NumberOfRetries => {
                            if number_of_retries__.is_some() {
                                return Err(serde::de::Error::duplicate_field("numberOfRetries"));
                            }
                            number_of_retries__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Factor => {
                            if factor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("factor"));
                            }
                            factor__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ExponentBase => {
                            if exponent_base__.is_some() {
                                return Err(serde::de::Error::duplicate_field("exponentBase"));
                            }
                            exponent_base__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::JitterPercent => {
                            if jitter_percent__.is_some() {
                                return Err(serde::de::Error::duplicate_field("jitterPercent"));
                            }
                            jitter_percent__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(ConnectionRetryStrategy {
                    number_of_retries: number_of_retries__.unwrap_or_default(),
                    factor: factor__.unwrap_or_default(),
                    exponent_base: exponent_base__.unwrap_or_default(),
                    jitter_percent: jitter_percent__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.ConnectionRetryStrategy", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Counts {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.attempts != 0 {
            len += 1;
        }
        if self.fetched != 0 {
            len += 1;
        }
        if self.failed != 0 {
            len += 1;
        }
        if self.rejected != 0 {
            len += 1;
        }
        if self.subscribers != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.Counts", len)?;
        if self.attempts != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("attempts", ToString::to_string(&self.attempts).as_str())?;
        }
        if self.fetched != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("fetched", ToString::to_string(&self.fetched).as_str())?;
        }
        if self.failed != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("failed", ToString::to_string(&self.failed).as_str())?;
        }
        if self.rejected != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("rejected", ToString::to_string(&self.rejected).as_str())?;
        }
        if self.subscribers != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("subscribers", ToString::to_string(&self.subscribers).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Counts {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "attempts",
            "fetched",
            "failed",
            "rejected",
            "subscribers",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Attempts,
            Fetched,
            Failed,
            Rejected,
            Subscribers,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "attempts" => Ok(GeneratedField::Attempts),
                            "fetched" => Ok(GeneratedField::Fetched),
                            "failed" => Ok(GeneratedField::Failed),
                            "rejected" => Ok(GeneratedField::Rejected),
                            "subscribers" => Ok(GeneratedField::Subscribers),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Counts;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.Counts")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Counts, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut attempts__ = None;
                let mut fetched__ = None;
                let mut failed__ = None;
                let mut rejected__ = None;
                let mut subscribers__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Attempts => {
                            if attempts__.is_some() {
                                return Err(serde::de::Error::duplicate_field("attempts"));
                            }
                            attempts__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Fetched => {
                            if fetched__.is_some() {
                                return Err(serde::de::Error::duplicate_field("fetched"));
                            }
                            fetched__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Failed => {
                            if failed__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failed"));
                            }
                            failed__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Rejected => {
                            if rejected__.is_some() {
                                return Err(serde::de::Error::duplicate_field("rejected"));
                            }
                            rejected__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Subscribers => {
                            if subscribers__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscribers"));
                            }
                            subscribers__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Counts {
                    attempts: attempts__.unwrap_or_default(),
                    fetched: fetched__.unwrap_or_default(),
                    failed: failed__.unwrap_or_default(),
                    rejected: rejected__.unwrap_or_default(),
                    subscribers: subscribers__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.Counts", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DsqlCredentials {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.host.is_empty() {
            len += 1;
        }
        if self.region.is_some() {
            len += 1;
        }
        if self.admin {
            len += 1;
        }
        if self.username.is_some() {
            len += 1;
        }
        if self.refresh_interval.is_some() {
            len += 1;
        }
        if self.profile.is_some() {
            len += 1;
        }
        if self.role_arn.is_some() {
            len += 1;
        }
        if self.external_id.is_some() {
            len += 1;
        }
        if self.endpoint.is_some() {
            len += 1;
        }
        if self.token_life_seconds.is_some() {
            len += 1;
        }
        if self.access_key.is_some() {
            len += 1;
        }
        if self.key_source.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.DsqlCredentials", len)?;
        if !self.host.is_empty() {
            struct_ser.serialize_field("host", &self.host)?;
        }
        if let Some(v) = self.region.as_ref() {
            struct_ser.serialize_field("region", v)?;
        }
        if self.admin {
            struct_ser.serialize_field("admin", &self.admin)?;
        }
        if let Some(v) = self.username.as_ref() {
            struct_ser.serialize_field("username", v)?;
        }
        if let Some(v) = self.refresh_interval.as_ref() {
            struct_ser.serialize_field("refreshInterval", v)?;
        }
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if let Some(v) = self.role_arn.as_ref() {
            struct_ser.serialize_field("roleArn", v)?;
        }
        if let Some(v) = self.external_id.as_ref() {
            struct_ser.serialize_field("externalId", v)?;
        }
        if let Some(v) = self.endpoint.as_ref() {
            struct_ser.serialize_field("endpoint", v)?;
        }
        if let Some(v) = self.token_life_seconds.as_ref() {
            struct_ser.serialize_field("tokenLifeSeconds", v)?;
        }
        if let Some(v) = self.access_key.as_ref() {
            struct_ser.serialize_field("accessKey", v)?;
        }
        if let Some(v) = self.key_source.as_ref() {
            struct_ser.serialize_field("keySource", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DsqlCredentials {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "host",
            "region",
            "admin",
            "username",
            "refresh_interval",
            "refreshInterval",
            "profile",
            "role_arn",
            "roleArn",
            "external_id",
            "externalId",
            "endpoint",
            "token_life_seconds",
            "tokenLifeSeconds",
            "access_key",
            "accessKey",
            "key_source",
            "keySource",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Host,
            Region,
            Admin,
            Username,
            RefreshInterval,
            Profile,
            RoleArn,
            ExternalId,
            Endpoint,
            TokenLifeSeconds,
            AccessKey,
            KeySource,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "host" => Ok(GeneratedField::Host),
                            "region" => Ok(GeneratedField::Region),
                            "admin" => Ok(GeneratedField::Admin),
                            "username" => Ok(GeneratedField::Username),
                            "refreshInterval" | "refresh_interval" => Ok(GeneratedField::RefreshInterval),
                            "profile" => Ok(GeneratedField::Profile),
                            "roleArn" | "role_arn" => Ok(GeneratedField::RoleArn),
                            "externalId" | "external_id" => Ok(GeneratedField::ExternalId),
                            "endpoint" => Ok(GeneratedField::Endpoint),
                            "tokenLifeSeconds" | "token_life_seconds" => Ok(GeneratedField::TokenLifeSeconds),
                            "accessKey" | "access_key" => Ok(GeneratedField::AccessKey),
                            "keySource" | "key_source" => Ok(GeneratedField::KeySource),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DsqlCredentials;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.DsqlCredentials")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DsqlCredentials, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut host__ = None;
                let mut region__ = None;
                let mut admin__ = None;
                let mut username__ = None;
                let mut refresh_interval__ = None;
                let mut profile__ = None;
                let mut role_arn__ = None;
                let mut external_id__ = None;
                let mut endpoint__ = None;
                let mut token_life_seconds__ = None;
                let mut access_key__ = None;
                let mut key_source__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Host => {
                            if host__.is_some() {
                                return Err(serde::de::Error::duplicate_field("host"));
                            }
                            host__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Region => {
                            if region__.is_some() {
                                return Err(serde::de::Error::duplicate_field("region"));
                            }
                            region__ = map_.next_value()?;
                        }
                        GeneratedField::Admin => {
                            if admin__.is_some() {
                                return Err(serde::de::Error::duplicate_field("admin"));
                            }
                            admin__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Username => {
                            if username__.is_some() {
                                return Err(serde::de::Error::duplicate_field("username"));
                            }
                            username__ = map_.next_value()?;
                        }
                        GeneratedField::RefreshInterval => {
                            if refresh_interval__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refreshInterval"));
                            }
                            refresh_interval__ = map_.next_value()?;
                        }
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::RoleArn => {
                            if role_arn__.is_some() {
                                return Err(serde::de::Error::duplicate_field("roleArn"));
                            }
                            role_arn__ = map_.next_value()?;
                        }
                        GeneratedField::ExternalId => {
                            if external_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("externalId"));
                            }
                            external_id__ = map_.next_value()?;
                        }
                        GeneratedField::Endpoint => {
                            if endpoint__.is_some() {
                                return Err(serde::de::Error::duplicate_field("endpoint"));
                            }
                            endpoint__ = map_.next_value()?;
                        }
                        GeneratedField::TokenLifeSeconds => {
                            if token_life_seconds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tokenLifeSeconds"));
                            }
                            token_life_seconds__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::AccessKey => {
                            if access_key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("accessKey"));
                            }
                            access_key__ = map_.next_value()?;
                        }
                        GeneratedField::KeySource => {
                            if key_source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("keySource"));
                            }
                            key_source__ = map_.next_value()?;
                        }
                    }
                }
                Ok(DsqlCredentials {
                    host: host__.unwrap_or_default(),
                    region: region__,
                    admin: admin__.unwrap_or_default(),
                    username: username__,
                    refresh_interval: refresh_interval__,
                    profile: profile__,
                    role_arn: role_arn__,
                    external_id: external_id__,
                    endpoint: endpoint__,
                    token_life_seconds: token_life_seconds__,
                    access_key: access_key__,
                    key_source: key_source__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.DsqlCredentials", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for EntraCredentials {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.username.is_some() {
            len += 1;
        }
        if self.tenant_id.is_some() {
            len += 1;
        }
        if self.client_id.is_some() {
            len += 1;
        }
        if self.scope.is_some() {
            len += 1;
        }
        if self.authority.is_some() {
            len += 1;
        }
        if self.method.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.EntraCredentials", len)?;
        if let Some(v) = self.username.as_ref() {
            struct_ser.serialize_field("username", v)?;
        }
        if let Some(v) = self.tenant_id.as_ref() {
            struct_ser.serialize_field("tenantId", v)?;
        }
        if let Some(v) = self.client_id.as_ref() {
            struct_ser.serialize_field("clientId", v)?;
        }
        if let Some(v) = self.scope.as_ref() {
            struct_ser.serialize_field("scope", v)?;
        }
        if let Some(v) = self.authority.as_ref() {
            struct_ser.serialize_field("authority", v)?;
        }
        if let Some(v) = self.method.as_ref() {
            match v {
                entra_credentials::Method::ClientSecret(v) => {
                    struct_ser.serialize_field("clientSecret", v)?;
                }
                entra_credentials::Method::ClientCertificate(v) => {
                    struct_ser.serialize_field("clientCertificate", v)?;
                }
                entra_credentials::Method::SystemAssignedManagedIdentity(v) => {
                    struct_ser.serialize_field("systemAssignedManagedIdentity", v)?;
                }
                entra_credentials::Method::UserAssignedManagedIdentity(v) => {
                    struct_ser.serialize_field("userAssignedManagedIdentity", v)?;
                }
                entra_credentials::Method::WorkloadIdentity(v) => {
                    struct_ser.serialize_field("workloadIdentity", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for EntraCredentials {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "username",
            "tenant_id",
            "tenantId",
            "client_id",
            "clientId",
            "scope",
            "authority",
            "client_secret",
            "clientSecret",
            "client_certificate",
            "clientCertificate",
            "system_assigned_managed_identity",
            "systemAssignedManagedIdentity",
            "user_assigned_managed_identity",
            "userAssignedManagedIdentity",
            "workload_identity",
            "workloadIdentity",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Username,
            TenantId,
            ClientId,
            Scope,
            Authority,
            ClientSecret,
            ClientCertificate,
            SystemAssignedManagedIdentity,
            UserAssignedManagedIdentity,
            WorkloadIdentity,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "username" => Ok(GeneratedField::Username),
                            "tenantId" | "tenant_id" => Ok(GeneratedField::TenantId),
                            "clientId" | "client_id" => Ok(GeneratedField::ClientId),
                            "scope" => Ok(GeneratedField::Scope),
                            "authority" => Ok(GeneratedField::Authority),
                            "clientSecret" | "client_secret" => Ok(GeneratedField::ClientSecret),
                            "clientCertificate" | "client_certificate" => Ok(GeneratedField::ClientCertificate),
                            "systemAssignedManagedIdentity" | "system_assigned_managed_identity" => Ok(GeneratedField::SystemAssignedManagedIdentity),
                            "userAssignedManagedIdentity" | "user_assigned_managed_identity" => Ok(GeneratedField::UserAssignedManagedIdentity),
                            "workloadIdentity" | "workload_identity" => Ok(GeneratedField::WorkloadIdentity),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = EntraCredentials;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.EntraCredentials")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<EntraCredentials, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut username__ = None;
                let mut tenant_id__ = None;
                let mut client_id__ = None;
                let mut scope__ = None;
                let mut authority__ = None;
                let mut method__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Username => {
                            if username__.is_some() {
                                return Err(serde::de::Error::duplicate_field("username"));
                            }
                            username__ = map_.next_value()?;
                        }
                        GeneratedField::TenantId => {
                            if tenant_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tenantId"));
                            }
                            tenant_id__ = map_.next_value()?;
                        }
                        GeneratedField::ClientId => {
                            if client_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientId"));
                            }
                            client_id__ = map_.next_value()?;
                        }
                        GeneratedField::Scope => {
                            if scope__.is_some() {
                                return Err(serde::de::Error::duplicate_field("scope"));
                            }
                            scope__ = map_.next_value()?;
                        }
                        GeneratedField::Authority => {
                            if authority__.is_some() {
                                return Err(serde::de::Error::duplicate_field("authority"));
                            }
                            authority__ = map_.next_value()?;
                        }
                        GeneratedField::ClientSecret => {
                            if method__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientSecret"));
                            }
                            method__ = map_.next_value::<::std::option::Option<_>>()?.map(entra_credentials::Method::ClientSecret);
                        }
                        GeneratedField::ClientCertificate => {
                            if method__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientCertificate"));
                            }
                            method__ = map_.next_value::<::std::option::Option<_>>()?.map(entra_credentials::Method::ClientCertificate)
;
                        }
                        GeneratedField::SystemAssignedManagedIdentity => {
                            if method__.is_some() {
                                return Err(serde::de::Error::duplicate_field("systemAssignedManagedIdentity"));
                            }
                            method__ = map_.next_value::<::std::option::Option<_>>()?.map(entra_credentials::Method::SystemAssignedManagedIdentity)
;
                        }
                        GeneratedField::UserAssignedManagedIdentity => {
                            if method__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userAssignedManagedIdentity"));
                            }
                            method__ = map_.next_value::<::std::option::Option<_>>()?.map(entra_credentials::Method::UserAssignedManagedIdentity)
;
                        }
                        GeneratedField::WorkloadIdentity => {
                            if method__.is_some() {
                                return Err(serde::de::Error::duplicate_field("workloadIdentity"));
                            }
                            method__ = map_.next_value::<::std::option::Option<_>>()?.map(entra_credentials::Method::WorkloadIdentity)
;
                        }
                    }
                }
                Ok(EntraCredentials {
                    username: username__,
                    tenant_id: tenant_id__,
                    client_id: client_id__,
                    scope: scope__,
                    authority: authority__,
                    method: method__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.EntraCredentials", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ErrorDetail {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.code != 0 {
            len += 1;
        }
        if !self.name.is_empty() {
            len += 1;
        }
        if !self.message.is_empty() {
            len += 1;
        }
        if self.retryable {
            len += 1;
        }
        if self.field.is_some() {
            len += 1;
        }
        if self.server_text.is_some() {
            len += 1;
        }
        if self.source.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.ErrorDetail", len)?;
        if self.code != 0 {
            let v = Code::try_from(self.code)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.code)))?;
            struct_ser.serialize_field("code", &v)?;
        }
        if !self.name.is_empty() {
            struct_ser.serialize_field("name", &self.name)?;
        }
        if !self.message.is_empty() {
            struct_ser.serialize_field("message", &self.message)?;
        }
        if self.retryable {
            struct_ser.serialize_field("retryable", &self.retryable)?;
        }
        if let Some(v) = self.field.as_ref() {
            struct_ser.serialize_field("field", v)?;
        }
        if let Some(v) = self.server_text.as_ref() {
            struct_ser.serialize_field("serverText", v)?;
        }
        if let Some(v) = self.source.as_ref() {
            struct_ser.serialize_field("source", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ErrorDetail {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "code",
            "name",
            "message",
            "retryable",
            "field",
            "server_text",
            "serverText",
            "source",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Code,
            Name,
            Message,
            Retryable,
            Field,
            ServerText,
            Source,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "code" => Ok(GeneratedField::Code),
                            "name" => Ok(GeneratedField::Name),
                            "message" => Ok(GeneratedField::Message),
                            "retryable" => Ok(GeneratedField::Retryable),
                            "field" => Ok(GeneratedField::Field),
                            "serverText" | "server_text" => Ok(GeneratedField::ServerText),
                            "source" => Ok(GeneratedField::Source),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ErrorDetail;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.ErrorDetail")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ErrorDetail, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut code__ = None;
                let mut name__ = None;
                let mut message__ = None;
                let mut retryable__ = None;
                let mut field__ = None;
                let mut server_text__ = None;
                let mut source__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Code => {
                            if code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("code"));
                            }
                            code__ = Some(map_.next_value::<Code>()? as i32);
                        }
                        GeneratedField::Name => {
                            if name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("name"));
                            }
                            name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Retryable => {
                            if retryable__.is_some() {
                                return Err(serde::de::Error::duplicate_field("retryable"));
                            }
                            retryable__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Field => {
                            if field__.is_some() {
                                return Err(serde::de::Error::duplicate_field("field"));
                            }
                            field__ = map_.next_value()?;
                        }
                        GeneratedField::ServerText => {
                            if server_text__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serverText"));
                            }
                            server_text__ = map_.next_value()?;
                        }
                        GeneratedField::Source => {
                            if source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("source"));
                            }
                            source__ = map_.next_value()?;
                        }
                    }
                }
                Ok(ErrorDetail {
                    code: code__.unwrap_or_default(),
                    name: name__.unwrap_or_default(),
                    message: message__.unwrap_or_default(),
                    retryable: retryable__.unwrap_or_default(),
                    field: field__,
                    server_text: server_text__,
                    source: source__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.ErrorDetail", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Event {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.kind != 0 {
            len += 1;
        }
        if self.at.is_some() {
            len += 1;
        }
        if !self.source.is_empty() {
            len += 1;
        }
        if self.generation != 0 {
            len += 1;
        }
        if self.expires_at.is_some() {
            len += 1;
        }
        if self.error.is_some() {
            len += 1;
        }
        if self.missed != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.Event", len)?;
        if self.kind != 0 {
            let v = EventKind::try_from(self.kind)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.kind)))?;
            struct_ser.serialize_field("kind", &v)?;
        }
        if let Some(v) = self.at.as_ref() {
            struct_ser.serialize_field("at", v)?;
        }
        if !self.source.is_empty() {
            struct_ser.serialize_field("source", &self.source)?;
        }
        if self.generation != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("generation", ToString::to_string(&self.generation).as_str())?;
        }
        if let Some(v) = self.expires_at.as_ref() {
            struct_ser.serialize_field("expiresAt", v)?;
        }
        if let Some(v) = self.error.as_ref() {
            struct_ser.serialize_field("error", v)?;
        }
        if self.missed != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("missed", ToString::to_string(&self.missed).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Event {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "kind",
            "at",
            "source",
            "generation",
            "expires_at",
            "expiresAt",
            "error",
            "missed",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Kind,
            At,
            Source,
            Generation,
            ExpiresAt,
            Error,
            Missed,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "kind" => Ok(GeneratedField::Kind),
                            "at" => Ok(GeneratedField::At),
                            "source" => Ok(GeneratedField::Source),
                            "generation" => Ok(GeneratedField::Generation),
                            "expiresAt" | "expires_at" => Ok(GeneratedField::ExpiresAt),
                            "error" => Ok(GeneratedField::Error),
                            "missed" => Ok(GeneratedField::Missed),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Event;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.Event")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Event, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut kind__ = None;
                let mut at__ = None;
                let mut source__ = None;
                let mut generation__ = None;
                let mut expires_at__ = None;
                let mut error__ = None;
                let mut missed__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Kind => {
                            if kind__.is_some() {
                                return Err(serde::de::Error::duplicate_field("kind"));
                            }
                            kind__ = Some(map_.next_value::<EventKind>()? as i32);
                        }
                        GeneratedField::At => {
                            if at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("at"));
                            }
                            at__ = map_.next_value()?;
                        }
                        GeneratedField::Source => {
                            if source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("source"));
                            }
                            source__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Generation => {
                            if generation__.is_some() {
                                return Err(serde::de::Error::duplicate_field("generation"));
                            }
                            generation__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ExpiresAt => {
                            if expires_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("expiresAt"));
                            }
                            expires_at__ = map_.next_value()?;
                        }
                        GeneratedField::Error => {
                            if error__.is_some() {
                                return Err(serde::de::Error::duplicate_field("error"));
                            }
                            error__ = map_.next_value()?;
                        }
                        GeneratedField::Missed => {
                            if missed__.is_some() {
                                return Err(serde::de::Error::duplicate_field("missed"));
                            }
                            missed__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(Event {
                    kind: kind__.unwrap_or_default(),
                    at: at__,
                    source: source__.unwrap_or_default(),
                    generation: generation__.unwrap_or_default(),
                    expires_at: expires_at__,
                    error: error__,
                    missed: missed__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.Event", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for EventKind {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::EventUnspecified => "EVENT_UNSPECIFIED",
            Self::EventFetched => "EVENT_FETCHED",
            Self::EventFetchFailed => "EVENT_FETCH_FAILED",
            Self::EventDegraded => "EVENT_DEGRADED",
            Self::EventRecovered => "EVENT_RECOVERED",
            Self::EventExpired => "EVENT_EXPIRED",
            Self::EventRejected => "EVENT_REJECTED",
            Self::EventReauthenticated => "EVENT_REAUTHENTICATED",
            Self::EventReauthFailed => "EVENT_REAUTH_FAILED",
            Self::EventFallback => "EVENT_FALLBACK",
            Self::EventClosed => "EVENT_CLOSED",
            Self::EventIdentityUnknown => "EVENT_IDENTITY_UNKNOWN",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for EventKind {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "EVENT_UNSPECIFIED",
            "EVENT_FETCHED",
            "EVENT_FETCH_FAILED",
            "EVENT_DEGRADED",
            "EVENT_RECOVERED",
            "EVENT_EXPIRED",
            "EVENT_REJECTED",
            "EVENT_REAUTHENTICATED",
            "EVENT_REAUTH_FAILED",
            "EVENT_FALLBACK",
            "EVENT_CLOSED",
            "EVENT_IDENTITY_UNKNOWN",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = EventKind;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "EVENT_UNSPECIFIED" => Ok(EventKind::EventUnspecified),
                    "EVENT_FETCHED" => Ok(EventKind::EventFetched),
                    "EVENT_FETCH_FAILED" => Ok(EventKind::EventFetchFailed),
                    "EVENT_DEGRADED" => Ok(EventKind::EventDegraded),
                    "EVENT_RECOVERED" => Ok(EventKind::EventRecovered),
                    "EVENT_EXPIRED" => Ok(EventKind::EventExpired),
                    "EVENT_REJECTED" => Ok(EventKind::EventRejected),
                    "EVENT_REAUTHENTICATED" => Ok(EventKind::EventReauthenticated),
                    "EVENT_REAUTH_FAILED" => Ok(EventKind::EventReauthFailed),
                    "EVENT_FALLBACK" => Ok(EventKind::EventFallback),
                    "EVENT_CLOSED" => Ok(EventKind::EventClosed),
                    "EVENT_IDENTITY_UNKNOWN" => Ok(EventKind::EventIdentityUnknown),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for IamCredentials {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.cluster_name.is_empty() {
            len += 1;
        }
        if !self.username.is_empty() {
            len += 1;
        }
        if self.region.is_some() {
            len += 1;
        }
        if self.refresh_interval_minutes.is_some() {
            len += 1;
        }
        if self.service_type != 0 {
            len += 1;
        }
        if self.serverless {
            len += 1;
        }
        if self.refresh_interval.is_some() {
            len += 1;
        }
        if self.profile.is_some() {
            len += 1;
        }
        if self.role_arn.is_some() {
            len += 1;
        }
        if self.external_id.is_some() {
            len += 1;
        }
        if self.endpoint.is_some() {
            len += 1;
        }
        if self.token_life_seconds.is_some() {
            len += 1;
        }
        if self.lease_seconds.is_some() {
            len += 1;
        }
        if self.access_key.is_some() {
            len += 1;
        }
        if self.key_source.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.IamCredentials", len)?;
        if !self.cluster_name.is_empty() {
            struct_ser.serialize_field("clusterName", &self.cluster_name)?;
        }
        if !self.username.is_empty() {
            struct_ser.serialize_field("username", &self.username)?;
        }
        if let Some(v) = self.region.as_ref() {
            struct_ser.serialize_field("region", v)?;
        }
        if let Some(v) = self.refresh_interval_minutes.as_ref() {
            struct_ser.serialize_field("refreshIntervalMinutes", v)?;
        }
        if self.service_type != 0 {
            let v = ServiceType::try_from(self.service_type)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.service_type)))?;
            struct_ser.serialize_field("serviceType", &v)?;
        }
        if self.serverless {
            struct_ser.serialize_field("serverless", &self.serverless)?;
        }
        if let Some(v) = self.refresh_interval.as_ref() {
            struct_ser.serialize_field("refreshInterval", v)?;
        }
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if let Some(v) = self.role_arn.as_ref() {
            struct_ser.serialize_field("roleArn", v)?;
        }
        if let Some(v) = self.external_id.as_ref() {
            struct_ser.serialize_field("externalId", v)?;
        }
        if let Some(v) = self.endpoint.as_ref() {
            struct_ser.serialize_field("endpoint", v)?;
        }
        if let Some(v) = self.token_life_seconds.as_ref() {
            struct_ser.serialize_field("tokenLifeSeconds", v)?;
        }
        if let Some(v) = self.lease_seconds.as_ref() {
            struct_ser.serialize_field("leaseSeconds", v)?;
        }
        if let Some(v) = self.access_key.as_ref() {
            struct_ser.serialize_field("accessKey", v)?;
        }
        if let Some(v) = self.key_source.as_ref() {
            struct_ser.serialize_field("keySource", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for IamCredentials {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "cluster_name",
            "clusterName",
            "username",
            "region",
            "refresh_interval_minutes",
            "refreshIntervalMinutes",
            "service_type",
            "serviceType",
            "serverless",
            "refresh_interval",
            "refreshInterval",
            "profile",
            "role_arn",
            "roleArn",
            "external_id",
            "externalId",
            "endpoint",
            "token_life_seconds",
            "tokenLifeSeconds",
            "lease_seconds",
            "leaseSeconds",
            "access_key",
            "accessKey",
            "key_source",
            "keySource",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ClusterName,
            Username,
            Region,
            RefreshIntervalMinutes,
            ServiceType,
            Serverless,
            RefreshInterval,
            Profile,
            RoleArn,
            ExternalId,
            Endpoint,
            TokenLifeSeconds,
            LeaseSeconds,
            AccessKey,
            KeySource,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "clusterName" | "cluster_name" => Ok(GeneratedField::ClusterName),
                            "username" => Ok(GeneratedField::Username),
                            "region" => Ok(GeneratedField::Region),
                            "refreshIntervalMinutes" | "refresh_interval_minutes" => Ok(GeneratedField::RefreshIntervalMinutes),
                            "serviceType" | "service_type" => Ok(GeneratedField::ServiceType),
                            "serverless" => Ok(GeneratedField::Serverless),
                            "refreshInterval" | "refresh_interval" => Ok(GeneratedField::RefreshInterval),
                            "profile" => Ok(GeneratedField::Profile),
                            "roleArn" | "role_arn" => Ok(GeneratedField::RoleArn),
                            "externalId" | "external_id" => Ok(GeneratedField::ExternalId),
                            "endpoint" => Ok(GeneratedField::Endpoint),
                            "tokenLifeSeconds" | "token_life_seconds" => Ok(GeneratedField::TokenLifeSeconds),
                            "leaseSeconds" | "lease_seconds" => Ok(GeneratedField::LeaseSeconds),
                            "accessKey" | "access_key" => Ok(GeneratedField::AccessKey),
                            "keySource" | "key_source" => Ok(GeneratedField::KeySource),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = IamCredentials;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.IamCredentials")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<IamCredentials, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut cluster_name__ = None;
                let mut username__ = None;
                let mut region__ = None;
                let mut refresh_interval_minutes__ = None;
                let mut service_type__ = None;
                let mut serverless__ = None;
                let mut refresh_interval__ = None;
                let mut profile__ = None;
                let mut role_arn__ = None;
                let mut external_id__ = None;
                let mut endpoint__ = None;
                let mut token_life_seconds__ = None;
                let mut lease_seconds__ = None;
                let mut access_key__ = None;
                let mut key_source__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ClusterName => {
                            if cluster_name__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clusterName"));
                            }
                            cluster_name__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Username => {
                            if username__.is_some() {
                                return Err(serde::de::Error::duplicate_field("username"));
                            }
                            username__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Region => {
                            if region__.is_some() {
                                return Err(serde::de::Error::duplicate_field("region"));
                            }
                            region__ = map_.next_value()?;
                        }
                        GeneratedField::RefreshIntervalMinutes => {
                            if refresh_interval_minutes__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refreshIntervalMinutes"));
                            }
                            refresh_interval_minutes__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::ServiceType => {
                            if service_type__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serviceType"));
                            }
                            service_type__ = Some(map_.next_value::<ServiceType>()? as i32);
                        }
                        GeneratedField::Serverless => {
                            if serverless__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serverless"));
                            }
                            serverless__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RefreshInterval => {
                            if refresh_interval__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refreshInterval"));
                            }
                            refresh_interval__ = map_.next_value()?;
                        }
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::RoleArn => {
                            if role_arn__.is_some() {
                                return Err(serde::de::Error::duplicate_field("roleArn"));
                            }
                            role_arn__ = map_.next_value()?;
                        }
                        GeneratedField::ExternalId => {
                            if external_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("externalId"));
                            }
                            external_id__ = map_.next_value()?;
                        }
                        GeneratedField::Endpoint => {
                            if endpoint__.is_some() {
                                return Err(serde::de::Error::duplicate_field("endpoint"));
                            }
                            endpoint__ = map_.next_value()?;
                        }
                        GeneratedField::TokenLifeSeconds => {
                            if token_life_seconds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tokenLifeSeconds"));
                            }
                            token_life_seconds__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::LeaseSeconds => {
                            if lease_seconds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("leaseSeconds"));
                            }
                            lease_seconds__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::AccessKey => {
                            if access_key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("accessKey"));
                            }
                            access_key__ = map_.next_value()?;
                        }
                        GeneratedField::KeySource => {
                            if key_source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("keySource"));
                            }
                            key_source__ = map_.next_value()?;
                        }
                    }
                }
                Ok(IamCredentials {
                    cluster_name: cluster_name__.unwrap_or_default(),
                    username: username__.unwrap_or_default(),
                    region: region__,
                    refresh_interval_minutes: refresh_interval_minutes__,
                    service_type: service_type__.unwrap_or_default(),
                    serverless: serverless__.unwrap_or_default(),
                    refresh_interval: refresh_interval__,
                    profile: profile__,
                    role_arn: role_arn__,
                    external_id: external_id__,
                    endpoint: endpoint__,
                    token_life_seconds: token_life_seconds__,
                    lease_seconds: lease_seconds__,
                    access_key: access_key__,
                    key_source: key_source__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.IamCredentials", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for IdentityState {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unchecked => "UNCHECKED",
            Self::Verified => "VERIFIED",
            Self::Unknown => "UNKNOWN",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for IdentityState {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "UNCHECKED",
            "VERIFIED",
            "UNKNOWN",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = IdentityState;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "UNCHECKED" => Ok(IdentityState::Unchecked),
                    "VERIFIED" => Ok(IdentityState::Verified),
                    "UNKNOWN" => Ok(IdentityState::Unknown),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for NodeAddress {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.host.is_empty() {
            len += 1;
        }
        if self.port != 0 {
            len += 1;
        }
        if self.unix_socket_path.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.NodeAddress", len)?;
        if !self.host.is_empty() {
            struct_ser.serialize_field("host", &self.host)?;
        }
        if self.port != 0 {
            struct_ser.serialize_field("port", &self.port)?;
        }
        if let Some(v) = self.unix_socket_path.as_ref() {
            struct_ser.serialize_field("unixSocketPath", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for NodeAddress {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "host",
            "port",
            "unix_socket_path",
            "unixSocketPath",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Host,
            Port,
            UnixSocketPath,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "host" => Ok(GeneratedField::Host),
                            "port" => Ok(GeneratedField::Port),
                            "unixSocketPath" | "unix_socket_path" => Ok(GeneratedField::UnixSocketPath),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = NodeAddress;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.NodeAddress")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<NodeAddress, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut host__ = None;
                let mut port__ = None;
                let mut unix_socket_path__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Host => {
                            if host__.is_some() {
                                return Err(serde::de::Error::duplicate_field("host"));
                            }
                            host__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Port => {
                            if port__.is_some() {
                                return Err(serde::de::Error::duplicate_field("port"));
                            }
                            port__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::UnixSocketPath => {
                            if unix_socket_path__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unixSocketPath"));
                            }
                            unix_socket_path__ = map_.next_value()?;
                        }
                    }
                }
                Ok(NodeAddress {
                    host: host__.unwrap_or_default(),
                    port: port__.unwrap_or_default(),
                    unix_socket_path: unix_socket_path__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.NodeAddress", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PeriodicChecksDisabled {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("keyrotor.v1.PeriodicChecksDisabled", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PeriodicChecksDisabled {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PeriodicChecksDisabled;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.PeriodicChecksDisabled")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PeriodicChecksDisabled, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(PeriodicChecksDisabled {
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.PeriodicChecksDisabled", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PeriodicChecksManualInterval {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.duration_in_sec != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.PeriodicChecksManualInterval", len)?;
        if self.duration_in_sec != 0 {
            struct_ser.serialize_field("durationInSec", &self.duration_in_sec)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PeriodicChecksManualInterval {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "duration_in_sec",
            "durationInSec",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            DurationInSec,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "durationInSec" | "duration_in_sec" => Ok(GeneratedField::DurationInSec),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PeriodicChecksManualInterval;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.PeriodicChecksManualInterval")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PeriodicChecksManualInterval, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut duration_in_sec__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::DurationInSec => {
                            if duration_in_sec__.is_some() {
                                return Err(serde::de::Error::duplicate_field("durationInSec"));
                            }
                            duration_in_sec__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                    }
                }
                Ok(PeriodicChecksManualInterval {
                    duration_in_sec: duration_in_sec__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.PeriodicChecksManualInterval", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ProtocolVersion {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Resp3 => "RESP3",
            Self::Resp2 => "RESP2",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for ProtocolVersion {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "RESP3",
            "RESP2",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = ProtocolVersion;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "RESP3" => Ok(ProtocolVersion::Resp3),
                    "RESP2" => Ok(ProtocolVersion::Resp2),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for PubSubChannelsOrPatterns {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.channels_or_patterns.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.PubSubChannelsOrPatterns", len)?;
        if !self.channels_or_patterns.is_empty() {
            struct_ser.serialize_field("channelsOrPatterns", &self.channels_or_patterns.iter().map(pbjson::private::base64::encode).collect::<Vec<_>>())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PubSubChannelsOrPatterns {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "channels_or_patterns",
            "channelsOrPatterns",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ChannelsOrPatterns,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "channelsOrPatterns" | "channels_or_patterns" => Ok(GeneratedField::ChannelsOrPatterns),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PubSubChannelsOrPatterns;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.PubSubChannelsOrPatterns")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PubSubChannelsOrPatterns, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut channels_or_patterns__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ChannelsOrPatterns => {
                            if channels_or_patterns__.is_some() {
                                return Err(serde::de::Error::duplicate_field("channelsOrPatterns"));
                            }
                            channels_or_patterns__ = 
                                Some(map_.next_value::<Vec<::pbjson::private::BytesDeserialize<_>>>()?
                                    .into_iter().map(|x| x.0).collect())
                            ;
                        }
                    }
                }
                Ok(PubSubChannelsOrPatterns {
                    channels_or_patterns: channels_or_patterns__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.PubSubChannelsOrPatterns", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PubSubSubscriptions {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.channels_or_patterns_by_type.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.PubSubSubscriptions", len)?;
        if !self.channels_or_patterns_by_type.is_empty() {
            struct_ser.serialize_field("channelsOrPatternsByType", &self.channels_or_patterns_by_type)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PubSubSubscriptions {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "channels_or_patterns_by_type",
            "channelsOrPatternsByType",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ChannelsOrPatternsByType,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "channelsOrPatternsByType" | "channels_or_patterns_by_type" => Ok(GeneratedField::ChannelsOrPatternsByType),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PubSubSubscriptions;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.PubSubSubscriptions")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PubSubSubscriptions, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut channels_or_patterns_by_type__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ChannelsOrPatternsByType => {
                            if channels_or_patterns_by_type__.is_some() {
                                return Err(serde::de::Error::duplicate_field("channelsOrPatternsByType"));
                            }
                            channels_or_patterns_by_type__ = Some(
                                map_.next_value::<std::collections::BTreeMap<::pbjson::private::NumberDeserialize<u32>, _>>()?
                                    .into_iter().map(|(k,v)| (k.0, v)).collect()
                            );
                        }
                    }
                }
                Ok(PubSubSubscriptions {
                    channels_or_patterns_by_type: channels_or_patterns_by_type__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.PubSubSubscriptions", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RdsCredentials {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.host.is_empty() {
            len += 1;
        }
        if self.port != 0 {
            len += 1;
        }
        if !self.username.is_empty() {
            len += 1;
        }
        if self.region.is_some() {
            len += 1;
        }
        if self.refresh_interval.is_some() {
            len += 1;
        }
        if self.profile.is_some() {
            len += 1;
        }
        if self.role_arn.is_some() {
            len += 1;
        }
        if self.external_id.is_some() {
            len += 1;
        }
        if self.endpoint.is_some() {
            len += 1;
        }
        if self.token_life_seconds.is_some() {
            len += 1;
        }
        if self.access_key.is_some() {
            len += 1;
        }
        if self.key_source.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.RdsCredentials", len)?;
        if !self.host.is_empty() {
            struct_ser.serialize_field("host", &self.host)?;
        }
        if self.port != 0 {
            struct_ser.serialize_field("port", &self.port)?;
        }
        if !self.username.is_empty() {
            struct_ser.serialize_field("username", &self.username)?;
        }
        if let Some(v) = self.region.as_ref() {
            struct_ser.serialize_field("region", v)?;
        }
        if let Some(v) = self.refresh_interval.as_ref() {
            struct_ser.serialize_field("refreshInterval", v)?;
        }
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if let Some(v) = self.role_arn.as_ref() {
            struct_ser.serialize_field("roleArn", v)?;
        }
        if let Some(v) = self.external_id.as_ref() {
            struct_ser.serialize_field("externalId", v)?;
        }
        if let Some(v) = self.endpoint.as_ref() {
            struct_ser.serialize_field("endpoint", v)?;
        }
        if let Some(v) = self.token_life_seconds.as_ref() {
            struct_ser.serialize_field("tokenLifeSeconds", v)?;
        }
        if let Some(v) = self.access_key.as_ref() {
            struct_ser.serialize_field("accessKey", v)?;
        }
        if let Some(v) = self.key_source.as_ref() {
            struct_ser.serialize_field("keySource", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RdsCredentials {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "host",
            "port",
            "username",
            "region",
            "refresh_interval",
            "refreshInterval",
            "profile",
            "role_arn",
            "roleArn",
            "external_id",
            "externalId",
            "endpoint",
            "token_life_seconds",
            "tokenLifeSeconds",
            "access_key",
            "accessKey",
            "key_source",
            "keySource",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Host,
            Port,
            Username,
            Region,
            RefreshInterval,
            Profile,
            RoleArn,
            ExternalId,
            Endpoint,
            TokenLifeSeconds,
            AccessKey,
            KeySource,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "host" => Ok(GeneratedField::Host),
                            "port" => Ok(GeneratedField::Port),
                            "username" => Ok(GeneratedField::Username),
                            "region" => Ok(GeneratedField::Region),
                            "refreshInterval" | "refresh_interval" => Ok(GeneratedField::RefreshInterval),
                            "profile" => Ok(GeneratedField::Profile),
                            "roleArn" | "role_arn" => Ok(GeneratedField::RoleArn),
                            "externalId" | "external_id" => Ok(GeneratedField::ExternalId),
                            "endpoint" => Ok(GeneratedField::Endpoint),
                            "tokenLifeSeconds" | "token_life_seconds" => Ok(GeneratedField::TokenLifeSeconds),
                            "accessKey" | "access_key" => Ok(GeneratedField::AccessKey),
                            "keySource" | "key_source" => Ok(GeneratedField::KeySource),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RdsCredentials;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.RdsCredentials")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RdsCredentials, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut host__ = None;
                let mut port__ = None;
                let mut username__ = None;
                let mut region__ = None;
                let mut refresh_interval__ = None;
                let mut profile__ = None;
                let mut role_arn__ = None;
                let mut external_id__ = None;
                let mut endpoint__ = None;
                let mut token_life_seconds__ = None;
                let mut access_key__ = None;
                let mut key_source__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Host => {
                            if host__.is_some() {
                                return Err(serde::de::Error::duplicate_field("host"));
                            }
                            host__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Port => {
                            if port__.is_some() {
                                return Err(serde::de::Error::duplicate_field("port"));
                            }
                            port__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Username => {
                            if username__.is_some() {
                                return Err(serde::de::Error::duplicate_field("username"));
                            }
                            username__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Region => {
                            if region__.is_some() {
                                return Err(serde::de::Error::duplicate_field("region"));
                            }
                            region__ = map_.next_value()?;
                        }
                        GeneratedField::RefreshInterval => {
                            if refresh_interval__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refreshInterval"));
                            }
                            refresh_interval__ = map_.next_value()?;
                        }
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::RoleArn => {
                            if role_arn__.is_some() {
                                return Err(serde::de::Error::duplicate_field("roleArn"));
                            }
                            role_arn__ = map_.next_value()?;
                        }
                        GeneratedField::ExternalId => {
                            if external_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("externalId"));
                            }
                            external_id__ = map_.next_value()?;
                        }
                        GeneratedField::Endpoint => {
                            if endpoint__.is_some() {
                                return Err(serde::de::Error::duplicate_field("endpoint"));
                            }
                            endpoint__ = map_.next_value()?;
                        }
                        GeneratedField::TokenLifeSeconds => {
                            if token_life_seconds__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tokenLifeSeconds"));
                            }
                            token_life_seconds__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::AccessKey => {
                            if access_key__.is_some() {
                                return Err(serde::de::Error::duplicate_field("accessKey"));
                            }
                            access_key__ = map_.next_value()?;
                        }
                        GeneratedField::KeySource => {
                            if key_source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("keySource"));
                            }
                            key_source__ = map_.next_value()?;
                        }
                    }
                }
                Ok(RdsCredentials {
                    host: host__.unwrap_or_default(),
                    port: port__.unwrap_or_default(),
                    username: username__.unwrap_or_default(),
                    region: region__,
                    refresh_interval: refresh_interval__,
                    profile: profile__,
                    role_arn: role_arn__,
                    external_id: external_id__,
                    endpoint: endpoint__,
                    token_life_seconds: token_life_seconds__,
                    access_key: access_key__,
                    key_source: key_source__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.RdsCredentials", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ReadFrom {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Primary => "Primary",
            Self::PreferReplica => "PreferReplica",
            Self::LowestLatency => "LowestLatency",
            Self::AzAffinity => "AZAffinity",
            Self::AzAffinityReplicasAndPrimary => "AZAffinityReplicasAndPrimary",
            Self::AllNodes => "AllNodes",
            Self::AzAffinityAllNodes => "AZAffinityAllNodes",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for ReadFrom {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "Primary",
            "PreferReplica",
            "LowestLatency",
            "AZAffinity",
            "AZAffinityReplicasAndPrimary",
            "AllNodes",
            "AZAffinityAllNodes",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = ReadFrom;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "Primary" => Ok(ReadFrom::Primary),
                    "PreferReplica" => Ok(ReadFrom::PreferReplica),
                    "LowestLatency" => Ok(ReadFrom::LowestLatency),
                    "AZAffinity" => Ok(ReadFrom::AzAffinity),
                    "AZAffinityReplicasAndPrimary" => Ok(ReadFrom::AzAffinityReplicasAndPrimary),
                    "AllNodes" => Ok(ReadFrom::AllNodes),
                    "AZAffinityAllNodes" => Ok(ReadFrom::AzAffinityAllNodes),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for RefreshPolicy {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.ratio.is_some() {
            len += 1;
        }
        if self.margin.is_some() {
            len += 1;
        }
        if self.retry.is_some() {
            len += 1;
        }
        if self.source_timeout.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.RefreshPolicy", len)?;
        if let Some(v) = self.ratio.as_ref() {
            struct_ser.serialize_field("ratio", v)?;
        }
        if let Some(v) = self.margin.as_ref() {
            struct_ser.serialize_field("margin", v)?;
        }
        if let Some(v) = self.retry.as_ref() {
            struct_ser.serialize_field("retry", v)?;
        }
        if let Some(v) = self.source_timeout.as_ref() {
            struct_ser.serialize_field("sourceTimeout", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RefreshPolicy {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ratio",
            "margin",
            "retry",
            "source_timeout",
            "sourceTimeout",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Ratio,
            Margin,
            Retry,
            SourceTimeout,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "ratio" => Ok(GeneratedField::Ratio),
                            "margin" => Ok(GeneratedField::Margin),
                            "retry" => Ok(GeneratedField::Retry),
                            "sourceTimeout" | "source_timeout" => Ok(GeneratedField::SourceTimeout),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RefreshPolicy;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.RefreshPolicy")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RefreshPolicy, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut ratio__ = None;
                let mut margin__ = None;
                let mut retry__ = None;
                let mut source_timeout__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Ratio => {
                            if ratio__.is_some() {
                                return Err(serde::de::Error::duplicate_field("ratio"));
                            }
                            ratio__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Margin => {
                            if margin__.is_some() {
                                return Err(serde::de::Error::duplicate_field("margin"));
                            }
                            margin__ = map_.next_value()?;
                        }
                        GeneratedField::Retry => {
                            if retry__.is_some() {
                                return Err(serde::de::Error::duplicate_field("retry"));
                            }
                            retry__ = map_.next_value()?;
                        }
                        GeneratedField::SourceTimeout => {
                            if source_timeout__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sourceTimeout"));
                            }
                            source_timeout__ = map_.next_value()?;
                        }
                    }
                }
                Ok(RefreshPolicy {
                    ratio: ratio__,
                    margin: margin__,
                    retry: retry__,
                    source_timeout: source_timeout__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.RefreshPolicy", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for RetryPolicy {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.max_attempts.is_some() {
            len += 1;
        }
        if self.initial_delay.is_some() {
            len += 1;
        }
        if self.max_delay.is_some() {
            len += 1;
        }
        if self.backoff_multiplier.is_some() {
            len += 1;
        }
        if self.jitter_percentage.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.RetryPolicy", len)?;
        if let Some(v) = self.max_attempts.as_ref() {
            struct_ser.serialize_field("maxAttempts", v)?;
        }
        if let Some(v) = self.initial_delay.as_ref() {
            struct_ser.serialize_field("initialDelay", v)?;
        }
        if let Some(v) = self.max_delay.as_ref() {
            struct_ser.serialize_field("maxDelay", v)?;
        }
        if let Some(v) = self.backoff_multiplier.as_ref() {
            struct_ser.serialize_field("backoffMultiplier", v)?;
        }
        if let Some(v) = self.jitter_percentage.as_ref() {
            struct_ser.serialize_field("jitterPercentage", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for RetryPolicy {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "max_attempts",
            "maxAttempts",
            "initial_delay",
            "initialDelay",
            "max_delay",
            "maxDelay",
            "backoff_multiplier",
            "backoffMultiplier",
            "jitter_percentage",
            "jitterPercentage",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            MaxAttempts,
            InitialDelay,
            MaxDelay,
            BackoffMultiplier,
            JitterPercentage,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "maxAttempts" | "max_attempts" => Ok(GeneratedField::MaxAttempts),
                            "initialDelay" | "initial_delay" => Ok(GeneratedField::InitialDelay),
                            "maxDelay" | "max_delay" => Ok(GeneratedField::MaxDelay),
                            "backoffMultiplier" | "backoff_multiplier" => Ok(GeneratedField::BackoffMultiplier),
                            "jitterPercentage" | "jitter_percentage" => Ok(GeneratedField::JitterPercentage),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = RetryPolicy;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.RetryPolicy")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<RetryPolicy, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut max_attempts__ = None;
                let mut initial_delay__ = None;
                let mut max_delay__ = None;
                let mut backoff_multiplier__ = None;
                let mut jitter_percentage__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::MaxAttempts => {
                            if max_attempts__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxAttempts"));
                            }
                            max_attempts__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::InitialDelay => {
                            if initial_delay__.is_some() {
                                return Err(serde::de::Error::duplicate_field("initialDelay"));
                            }
                            initial_delay__ = map_.next_value()?;
                        }
                        GeneratedField::MaxDelay => {
                            if max_delay__.is_some() {
                                return Err(serde::de::Error::duplicate_field("maxDelay"));
                            }
                            max_delay__ = map_.next_value()?;
                        }
                        GeneratedField::BackoffMultiplier => {
                            if backoff_multiplier__.is_some() {
                                return Err(serde::de::Error::duplicate_field("backoffMultiplier"));
                            }
                            backoff_multiplier__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::JitterPercentage => {
                            if jitter_percentage__.is_some() {
                                return Err(serde::de::Error::duplicate_field("jitterPercentage"));
                            }
                            jitter_percentage__ = 
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                    }
                }
                Ok(RetryPolicy {
                    max_attempts: max_attempts__,
                    initial_delay: initial_delay__,
                    max_delay: max_delay__,
                    backoff_multiplier: backoff_multiplier__,
                    jitter_percentage: jitter_percentage__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.RetryPolicy", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ServerCredentials {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.username.is_empty() {
            len += 1;
        }
        if !self.password.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.ServerCredentials", len)?;
        if !self.username.is_empty() {
            struct_ser.serialize_field("username", &self.username)?;
        }
        if !self.password.is_empty() {
            struct_ser.serialize_field("password", &self.password)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ServerCredentials {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "username",
            "password",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Username,
            Password,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "username" => Ok(GeneratedField::Username),
                            "password" => Ok(GeneratedField::Password),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ServerCredentials;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.ServerCredentials")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ServerCredentials, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut username__ = None;
                let mut password__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Username => {
                            if username__.is_some() {
                                return Err(serde::de::Error::duplicate_field("username"));
                            }
                            username__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Password => {
                            if password__.is_some() {
                                return Err(serde::de::Error::duplicate_field("password"));
                            }
                            password__ = Some(map_.next_value()?);
                        }
                    }
                }
                Ok(ServerCredentials {
                    username: username__.unwrap_or_default(),
                    password: password__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.ServerCredentials", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ServiceType {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Elasticache => "ELASTICACHE",
            Self::Memorydb => "MEMORYDB",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for ServiceType {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ELASTICACHE",
            "MEMORYDB",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = ServiceType;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "ELASTICACHE" => Ok(ServiceType::Elasticache),
                    "MEMORYDB" => Ok(ServiceType::Memorydb),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for State {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Idle => "IDLE",
            Self::Fresh => "FRESH",
            Self::Refreshing => "REFRESHING",
            Self::Degraded => "DEGRADED",
            Self::Expired => "EXPIRED",
            Self::Closed => "CLOSED",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for State {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "IDLE",
            "FRESH",
            "REFRESHING",
            "DEGRADED",
            "EXPIRED",
            "CLOSED",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = State;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "IDLE" => Ok(State::Idle),
                    "FRESH" => Ok(State::Fresh),
                    "REFRESHING" => Ok(State::Refreshing),
                    "DEGRADED" => Ok(State::Degraded),
                    "EXPIRED" => Ok(State::Expired),
                    "CLOSED" => Ok(State::Closed),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Status {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.state != 0 {
            len += 1;
        }
        if !self.source.is_empty() {
            len += 1;
        }
        if !self.username.is_empty() {
            len += 1;
        }
        if self.generation != 0 {
            len += 1;
        }
        if self.issued_at.is_some() {
            len += 1;
        }
        if self.expires_at.is_some() {
            len += 1;
        }
        if self.next_refresh_at.is_some() {
            len += 1;
        }
        if self.last_error.is_some() {
            len += 1;
        }
        if self.counts.is_some() {
            len += 1;
        }
        if !self.warnings.is_empty() {
            len += 1;
        }
        if self.fallback {
            len += 1;
        }
        if self.identity != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.Status", len)?;
        if self.state != 0 {
            let v = State::try_from(self.state)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.state)))?;
            struct_ser.serialize_field("state", &v)?;
        }
        if !self.source.is_empty() {
            struct_ser.serialize_field("source", &self.source)?;
        }
        if !self.username.is_empty() {
            struct_ser.serialize_field("username", &self.username)?;
        }
        if self.generation != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("generation", ToString::to_string(&self.generation).as_str())?;
        }
        if let Some(v) = self.issued_at.as_ref() {
            struct_ser.serialize_field("issuedAt", v)?;
        }
        if let Some(v) = self.expires_at.as_ref() {
            struct_ser.serialize_field("expiresAt", v)?;
        }
        if let Some(v) = self.next_refresh_at.as_ref() {
            struct_ser.serialize_field("nextRefreshAt", v)?;
        }
        if let Some(v) = self.last_error.as_ref() {
            struct_ser.serialize_field("lastError", v)?;
        }
        if let Some(v) = self.counts.as_ref() {
            struct_ser.serialize_field("counts", v)?;
        }
        if !self.warnings.is_empty() {
            struct_ser.serialize_field("warnings", &self.warnings)?;
        }
        if self.fallback {
            struct_ser.serialize_field("fallback", &self.fallback)?;
        }
        if self.identity != 0 {
            let v = IdentityState::try_from(self.identity)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.identity)))?;
            struct_ser.serialize_field("identity", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Status {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "state",
            "source",
            "username",
            "generation",
            "issued_at",
            "issuedAt",
            "expires_at",
            "expiresAt",
            "next_refresh_at",
            "nextRefreshAt",
            "last_error",
            "lastError",
            "counts",
            "warnings",
            "fallback",
            "identity",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            State,
            Source,
            Username,
            Generation,
            IssuedAt,
            ExpiresAt,
            NextRefreshAt,
            LastError,
            Counts,
            Warnings,
            Fallback,
            Identity,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "state" => Ok(GeneratedField::State),
                            "source" => Ok(GeneratedField::Source),
                            "username" => Ok(GeneratedField::Username),
                            "generation" => Ok(GeneratedField::Generation),
                            "issuedAt" | "issued_at" => Ok(GeneratedField::IssuedAt),
                            "expiresAt" | "expires_at" => Ok(GeneratedField::ExpiresAt),
                            "nextRefreshAt" | "next_refresh_at" => Ok(GeneratedField::NextRefreshAt),
                            "lastError" | "last_error" => Ok(GeneratedField::LastError),
                            "counts" => Ok(GeneratedField::Counts),
                            "warnings" => Ok(GeneratedField::Warnings),
                            "fallback" => Ok(GeneratedField::Fallback),
                            "identity" => Ok(GeneratedField::Identity),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Status;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.Status")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Status, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut state__ = None;
                let mut source__ = None;
                let mut username__ = None;
                let mut generation__ = None;
                let mut issued_at__ = None;
                let mut expires_at__ = None;
                let mut next_refresh_at__ = None;
                let mut last_error__ = None;
                let mut counts__ = None;
                let mut warnings__ = None;
                let mut fallback__ = None;
                let mut identity__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::State => {
                            if state__.is_some() {
                                return Err(serde::de::Error::duplicate_field("state"));
                            }
                            state__ = Some(map_.next_value::<State>()? as i32);
                        }
                        GeneratedField::Source => {
                            if source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("source"));
                            }
                            source__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Username => {
                            if username__.is_some() {
                                return Err(serde::de::Error::duplicate_field("username"));
                            }
                            username__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Generation => {
                            if generation__.is_some() {
                                return Err(serde::de::Error::duplicate_field("generation"));
                            }
                            generation__ = 
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::IssuedAt => {
                            if issued_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("issuedAt"));
                            }
                            issued_at__ = map_.next_value()?;
                        }
                        GeneratedField::ExpiresAt => {
                            if expires_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("expiresAt"));
                            }
                            expires_at__ = map_.next_value()?;
                        }
                        GeneratedField::NextRefreshAt => {
                            if next_refresh_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nextRefreshAt"));
                            }
                            next_refresh_at__ = map_.next_value()?;
                        }
                        GeneratedField::LastError => {
                            if last_error__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lastError"));
                            }
                            last_error__ = map_.next_value()?;
                        }
                        GeneratedField::Counts => {
                            if counts__.is_some() {
                                return Err(serde::de::Error::duplicate_field("counts"));
                            }
                            counts__ = map_.next_value()?;
                        }
                        GeneratedField::Warnings => {
                            if warnings__.is_some() {
                                return Err(serde::de::Error::duplicate_field("warnings"));
                            }
                            warnings__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Fallback => {
                            if fallback__.is_some() {
                                return Err(serde::de::Error::duplicate_field("fallback"));
                            }
                            fallback__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Identity => {
                            if identity__.is_some() {
                                return Err(serde::de::Error::duplicate_field("identity"));
                            }
                            identity__ = Some(map_.next_value::<IdentityState>()? as i32);
                        }
                    }
                }
                Ok(Status {
                    state: state__.unwrap_or_default(),
                    source: source__.unwrap_or_default(),
                    username: username__.unwrap_or_default(),
                    generation: generation__.unwrap_or_default(),
                    issued_at: issued_at__,
                    expires_at: expires_at__,
                    next_refresh_at: next_refresh_at__,
                    last_error: last_error__,
                    counts: counts__,
                    warnings: warnings__.unwrap_or_default(),
                    fallback: fallback__.unwrap_or_default(),
                    identity: identity__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.Status", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SystemAssignedManagedIdentity {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("keyrotor.v1.SystemAssignedManagedIdentity", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SystemAssignedManagedIdentity {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Err(serde::de::Error::unknown_field(value, FIELDS))
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SystemAssignedManagedIdentity;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.SystemAssignedManagedIdentity")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SystemAssignedManagedIdentity, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(SystemAssignedManagedIdentity {
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.SystemAssignedManagedIdentity", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for TlsMode {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::NoTls => "NoTls",
            Self::SecureTls => "SecureTls",
            Self::InsecureTls => "InsecureTls",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for TlsMode {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "NoTls",
            "SecureTls",
            "InsecureTls",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = TlsMode;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "NoTls" => Ok(TlsMode::NoTls),
                    "SecureTls" => Ok(TlsMode::SecureTls),
                    "InsecureTls" => Ok(TlsMode::InsecureTls),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for TokenManagerRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.authentication_info.is_some() {
            len += 1;
        }
        if self.refresh.is_some() {
            len += 1;
        }
        if self.lazy_refresh.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.TokenManagerRequest", len)?;
        if let Some(v) = self.authentication_info.as_ref() {
            struct_ser.serialize_field("authenticationInfo", v)?;
        }
        if let Some(v) = self.refresh.as_ref() {
            struct_ser.serialize_field("refresh", v)?;
        }
        if let Some(v) = self.lazy_refresh.as_ref() {
            struct_ser.serialize_field("lazyRefresh", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for TokenManagerRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "authentication_info",
            "authenticationInfo",
            "refresh",
            "lazy_refresh",
            "lazyRefresh",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            AuthenticationInfo,
            Refresh,
            LazyRefresh,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "authenticationInfo" | "authentication_info" => Ok(GeneratedField::AuthenticationInfo),
                            "refresh" => Ok(GeneratedField::Refresh),
                            "lazyRefresh" | "lazy_refresh" => Ok(GeneratedField::LazyRefresh),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = TokenManagerRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.TokenManagerRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<TokenManagerRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut authentication_info__ = None;
                let mut refresh__ = None;
                let mut lazy_refresh__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::AuthenticationInfo => {
                            if authentication_info__.is_some() {
                                return Err(serde::de::Error::duplicate_field("authenticationInfo"));
                            }
                            authentication_info__ = map_.next_value()?;
                        }
                        GeneratedField::Refresh => {
                            if refresh__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refresh"));
                            }
                            refresh__ = map_.next_value()?;
                        }
                        GeneratedField::LazyRefresh => {
                            if lazy_refresh__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lazyRefresh"));
                            }
                            lazy_refresh__ = map_.next_value()?;
                        }
                    }
                }
                Ok(TokenManagerRequest {
                    authentication_info: authentication_info__,
                    refresh: refresh__,
                    lazy_refresh: lazy_refresh__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.TokenManagerRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UserAssignedManagedIdentity {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.identity.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.UserAssignedManagedIdentity", len)?;
        if let Some(v) = self.identity.as_ref() {
            match v {
                user_assigned_managed_identity::Identity::ClientId(v) => {
                    struct_ser.serialize_field("clientId", v)?;
                }
                user_assigned_managed_identity::Identity::ObjectId(v) => {
                    struct_ser.serialize_field("objectId", v)?;
                }
                user_assigned_managed_identity::Identity::ResourceId(v) => {
                    struct_ser.serialize_field("resourceId", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UserAssignedManagedIdentity {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "client_id",
            "clientId",
            "object_id",
            "objectId",
            "resource_id",
            "resourceId",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ClientId,
            ObjectId,
            ResourceId,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "clientId" | "client_id" => Ok(GeneratedField::ClientId),
                            "objectId" | "object_id" => Ok(GeneratedField::ObjectId),
                            "resourceId" | "resource_id" => Ok(GeneratedField::ResourceId),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UserAssignedManagedIdentity;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.UserAssignedManagedIdentity")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UserAssignedManagedIdentity, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut identity__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ClientId => {
                            if identity__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientId"));
                            }
                            identity__ = map_.next_value::<::std::option::Option<_>>()?.map(user_assigned_managed_identity::Identity::ClientId);
                        }
                        GeneratedField::ObjectId => {
                            if identity__.is_some() {
                                return Err(serde::de::Error::duplicate_field("objectId"));
                            }
                            identity__ = map_.next_value::<::std::option::Option<_>>()?.map(user_assigned_managed_identity::Identity::ObjectId);
                        }
                        GeneratedField::ResourceId => {
                            if identity__.is_some() {
                                return Err(serde::de::Error::duplicate_field("resourceId"));
                            }
                            identity__ = map_.next_value::<::std::option::Option<_>>()?.map(user_assigned_managed_identity::Identity::ResourceId);
                        }
                    }
                }
                Ok(UserAssignedManagedIdentity {
                    identity: identity__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.UserAssignedManagedIdentity", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for WorkloadIdentity {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.token_file.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("keyrotor.v1.WorkloadIdentity", len)?;
        if let Some(v) = self.token_file.as_ref() {
            struct_ser.serialize_field("tokenFile", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for WorkloadIdentity {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "token_file",
            "tokenFile",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            TokenFile,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "tokenFile" | "token_file" => Ok(GeneratedField::TokenFile),
                            _ => Err(serde::de::Error::unknown_field(value, FIELDS)),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = WorkloadIdentity;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct keyrotor.v1.WorkloadIdentity")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<WorkloadIdentity, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut token_file__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::TokenFile => {
                            if token_file__.is_some() {
                                return Err(serde::de::Error::duplicate_field("tokenFile"));
                            }
                            token_file__ = map_.next_value()?;
                        }
                    }
                }
                Ok(WorkloadIdentity {
                    token_file: token_file__,
                })
            }
        }
        deserializer.deserialize_struct("keyrotor.v1.WorkloadIdentity", FIELDS, GeneratedVisitor)
    }
}
