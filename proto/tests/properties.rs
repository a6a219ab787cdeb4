//! B01, B02: what any bytes, and any message, do to the decoder.
#![allow(clippy::unwrap_used, reason = "tests")]

use keyrotor_proto::authentication_info::Credentials;
use keyrotor_proto::{
    AccessKey, AuthenticationInfo, Code, ConnectionRequest, ConnectionRetryStrategy, Duration, Format,
    IamCredentials, Message, NodeAddress, RefreshPolicy, RetryPolicy, ServerCredentials, TokenManagerRequest,
    decode, is_glide_layout, to_json,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

prop_compose! {
    fn duration()(seconds in 0i64..100_000, nanos in 0i32..1_000_000_000) -> Duration {
        Duration { seconds, nanos }
    }
}

prop_compose! {
    fn access_key()(id in ".*", secret in ".*", token in of(".*")) -> AccessKey {
        AccessKey { access_key_id: id, secret_access_key: secret, session_token: token }
    }
}

prop_compose! {
    fn iam()(
        cluster_name in ".*",
        username in ".*",
        region in of(".*"),
        minutes in of(any::<u32>()),
        service_type in 0..2i32,
        serverless in any::<bool>(),
        refresh_interval in of(duration()),
        token_life_seconds in of(any::<u32>()),
        access_key in of(access_key()),
    ) -> Credentials {
        Credentials::IamCredentials(IamCredentials {
            cluster_name,
            username,
            region,
            refresh_interval_minutes: minutes,
            service_type,
            serverless,
            refresh_interval,
            token_life_seconds,
            access_key,
            ..Default::default()
        })
    }
}

prop_compose! {
    fn password()(username in ".*", password in ".*") -> Credentials {
        Credentials::ServerCredentials(ServerCredentials { username, password })
    }
}

fn info() -> impl Strategy<Value = AuthenticationInfo> {
    of(prop_oneof![iam(), password()]).prop_map(|credentials| AuthenticationInfo { credentials })
}

prop_compose! {
    fn refresh()(
        ratio in of(0.0..1.0f64),
        margin in of(duration()),
        retry in of((of(any::<u32>()), of(duration()), of(1.0..4.0f64))),
    ) -> RefreshPolicy {
        let retry = retry.map(|(max_attempts, initial_delay, backoff_multiplier)| RetryPolicy {
            max_attempts,
            initial_delay,
            backoff_multiplier,
            ..Default::default()
        });
        RefreshPolicy { ratio, margin, retry, source_timeout: None }
    }
}

prop_compose! {
    fn request()(
        addresses in vec((".*", any::<u32>()), 0..4),
        tls_mode in 0..3i32,
        request_timeout in any::<u32>(),
        protocol in 0..2i32,
        client_name in ".*",
        root_certs in vec(vec(any::<u8>(), 0..40), 0..3),
        authentication_info in of(info()),
        retry in of((any::<u32>(), any::<u32>())),
        tcp_nodelay in of(any::<bool>()),
        refresh in of(refresh()),
    ) -> ConnectionRequest {
        ConnectionRequest {
            addresses: addresses
                .into_iter()
                .map(|(host, port)| NodeAddress { host, port, unix_socket_path: None })
                .collect(),
            tls_mode,
            request_timeout,
            protocol,
            client_name,
            root_certs,
            authentication_info,
            connection_retry_strategy: retry.map(|(number_of_retries, factor)| ConnectionRetryStrategy {
                number_of_retries,
                factor,
                exponent_base: 2,
                jitter_percent: Some(5),
            }),
            tcp_nodelay,
            refresh,
            ..Default::default()
        }
    }
}

/// 2,000 cases, or as many more as PROPTEST_CASES asks for.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: asked.cases.max(2000), failure_persistence: None, ..asked }
}

/// Every code that a decoder may answer with.
fn is_config(code: Code) -> bool {
    (100..200).contains(&i32::from(code))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn b01_any_bytes_decode_or_give_an_error(bytes in vec(any::<u8>(), 0..200)) {
        for format in [Format::Protobuf, Format::Json] {
            if let Err(error) = decode::<ConnectionRequest>(&bytes, format) {
                prop_assert!(is_config(error.code), "{error:?}");
            }
            let _ = decode::<TokenManagerRequest>(&bytes, format);
        }
        let _ = is_glide_layout(&bytes);
        let _ = keyrotor_proto::connection_request_from_glide(&bytes);
    }

    /// Bytes that are nearly right reach deeper than random ones.
    #[test]
    fn b01_a_damaged_message_decodes_or_gives_an_error(
        request in request(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = request.encode_to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
        }
        if let Err(error) = decode::<ConnectionRequest>(&bytes, Format::Protobuf) {
            prop_assert!(is_config(error.code), "{error:?}");
        }
    }

    #[test]
    fn decoding_undoes_encoding(request in request()) {
        let bytes = request.encode_to_vec();
        prop_assert_eq!(&decode::<ConnectionRequest>(&bytes, Format::Protobuf).unwrap(), &request);
    }

    #[test]
    fn b02_bytes_and_json_of_one_message_have_one_outcome(request in request()) {
        let from_bytes = decode::<ConnectionRequest>(&request.encode_to_vec(), Format::Protobuf);
        let from_json = decode::<ConnectionRequest>(to_json(&request).as_bytes(), Format::Json);
        prop_assert_eq!(from_bytes, from_json);
    }

    #[test]
    fn t17_debug_shows_no_secret(
        user in "[a-z]{8}",
        password in "SECRET[0-9]{8}",
        key in "SECRET[0-9]{8}",
        session in "SECRET[0-9]{8}",
    ) {
        let server = ServerCredentials { username: user.clone(), password };
        let iam = IamCredentials {
            username: user.clone(),
            access_key: Some(AccessKey {
                access_key_id: "AKIDEXAMPLE".into(),
                secret_access_key: key,
                session_token: Some(session),
            }),
            ..Default::default()
        };
        for credentials in [Credentials::ServerCredentials(server), Credentials::IamCredentials(iam)] {
            let info = AuthenticationInfo { credentials: Some(credentials) };
            let request = ConnectionRequest {
                authentication_info: Some(info.clone()),
                client_key: b"SECRET".to_vec(),
                ..Default::default()
            };
            let manager = TokenManagerRequest { authentication_info: Some(info.clone()), ..TokenManagerRequest::default() };
            for text in [format!("{info:?}"), format!("{request:?}"), format!("{manager:?}")] {
                prop_assert!(!text.contains("SECRET"), "{text}");
                prop_assert!(text.contains(&user), "{text}");
            }
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct GlideInfo {
    #[prost(string, tag = "1")]
    password: String,
    #[prost(string, tag = "2")]
    username: String,
}

#[derive(Clone, PartialEq, Message)]
struct GlideRequest {
    #[prost(uint32, tag = "4")]
    request_timeout: u32,
    #[prost(message, optional, tag = "7")]
    authentication_info: Option<GlideInfo>,
}

proptest! {
    #[test]
    fn glides_layout_is_recognised_and_converted(password in "[ -~]{1,40}", username in "[a-z][a-z0-9-]{0,20}") {
        let info = GlideInfo { password: password.clone(), username: username.clone() };
        let bytes = GlideRequest { request_timeout: 250, authentication_info: Some(info) }.encode_to_vec();
        let error = decode::<ConnectionRequest>(&bytes, Format::Protobuf).unwrap_err();
        prop_assert_eq!(error.code, Code::ConfigGlideLayout);
        let converted = keyrotor_proto::connection_request_from_glide(&bytes).unwrap();
        prop_assert_eq!(converted.request_timeout, 250);
        prop_assert_eq!(
            converted.authentication_info.unwrap().credentials,
            Some(Credentials::ServerCredentials(ServerCredentials { username, password }))
        );
    }

    #[test]
    fn our_layout_is_never_taken_for_glides(info in info()) {
        prop_assert!(!is_glide_layout(&info.encode_to_vec()), "{info:?}");
    }
}

#[test]
fn only_glides_layout_is_converted() {
    let ours = AuthenticationInfo {
        credentials: Some(Credentials::ServerCredentials(ServerCredentials {
            username: "user".into(),
            password: "password".into(),
        })),
    };
    let request = ConnectionRequest { authentication_info: Some(ours), ..Default::default() };
    let error = keyrotor_proto::connection_request_from_glide(&request.encode_to_vec()).unwrap_err();
    assert_eq!(error.code, Code::ConfigMalformed);
    // iam_credentials { cluster_name: "c", service_type: 7 }
    let unknown_service = b"\x3a\x07\x1a\x05\x0a\x01c\x18\x07";
    let error = keyrotor_proto::connection_request_from_glide(unknown_service).unwrap_err();
    assert_eq!(error.code, Code::ConfigUnknownEnum);
}

#[test]
fn null_is_an_unset_field_in_every_place() {
    let json = br#"{"addresses": null, "tlsMode": null, "requestTimeout": null, "clientName": null,
        "authenticationInfo": {"serverCredentials": {"username": "u", "password": null}}, "requireIam": null}"#;
    let request: ConnectionRequest = decode(json, Format::Json).unwrap();
    assert_eq!(request.tls_mode, 0);
    assert!(request.authentication_info.is_some());
}

#[test]
fn a_text_where_bytes_are_wanted_is_told_how_bytes_are_written() {
    let json = br#"{"rootCerts": ["-----BEGIN CERTIFICATE-----"]}"#;
    let error = decode::<ConnectionRequest>(json, Format::Json).unwrap_err();
    assert_eq!(error.code, Code::ConfigMalformed);
    assert!(error.message.contains("base64"), "{error}");
}

#[test]
fn the_other_format_is_recognised() {
    let error = decode::<ConnectionRequest>(br#"{"addresses": []}"#, Format::Protobuf).unwrap_err();
    assert!(error.message.contains("looks like JSON"), "{error}");
    let error = decode::<ConnectionRequest>(b"\x0a\x00", Format::Json).unwrap_err();
    assert!(error.message.contains("is it protobuf?"), "{error}");
}

#[test]
fn glides_iam_settings_are_converted() {
    // authentication_info { username = "app", iam_credentials { "cache", "eu-west-1", MEMORYDB, 300 } }
    let bytes = b"\x3a\x1e\x12\x03app\x1a\x17\x0a\x05cache\x12\x09eu-west-1\x18\x01\x20\xac\x02";
    let converted = keyrotor_proto::connection_request_from_glide(bytes).unwrap();
    let Some(Credentials::IamCredentials(iam)) = converted.authentication_info.unwrap().credentials else {
        panic!("not IAM");
    };
    assert_eq!((iam.cluster_name.as_str(), iam.username.as_str()), ("cache", "app"));
    assert_eq!((iam.region.as_deref(), iam.service_type), (Some("eu-west-1"), 1));
    assert_eq!(iam.refresh_interval, Some(Duration { seconds: 300, nanos: 0 }));
}
