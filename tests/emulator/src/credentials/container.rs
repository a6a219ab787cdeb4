//! The agents that serve containers: that of ECS, and EKS Pod Identity's.

use super::desk::{Desk, Handed, Reply};
use super::endpoint::Endpoint;
use super::projected::PodRefusal;
use crate::http::{self, Answer, Call};
use hyper::header::AUTHORIZATION;
use hyper::{Method, StatusCode};
use serde_json::json;

/// Names the container's credentials in the path.
const TASK: &str = "00000000-0000-4000-8000-000000000001";

/// The path that ECS would put into `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
pub(super) fn ecs_path() -> String {
    format!("/v2/credentials/{TASK}")
}

/// The container agent of ECS. Whoever knows the path is served.
pub(super) fn ecs(desk: &Desk, call: &Call) -> Reply {
    if call.method() != Method::GET {
        return ecs_refusal(call, StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "use GET");
    }
    if call.uri().path() != ecs_path() {
        let message = "CredentialsV2Request: ID not found";
        return ecs_refusal(call, StatusCode::BAD_REQUEST, "InvalidIdInRequest", message);
    }
    let handed = desk.machine_key(Endpoint::Ecs, "ecs-task");
    let value = json!({
        "RoleArn": desk.config.role_arn(desk.config.machine_role()),
        "AccessKeyId": handed.issued.key.id,
        "SecretAccessKey": handed.issued.key.secret,
        "Token": handed.issued.key.session_token,
        "Expiration": handed.stated,
    });
    Reply::handing(call, http::json(StatusCode::OK, &value), handed)
}

/// The Pod Identity agent, for whoever brings the newest token of the service account.
pub(super) fn pod_identity(desk: &Desk, call: &Call) -> Reply {
    let token = call.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match desk.projected.admit(token) {
        Ok(()) => {
            let handed = desk.machine_key(Endpoint::PodIdentity, "eks-my-cluster-app");
            let answer = pod_keys(desk, &handed);
            Reply::handing(call, answer, handed)
        }
        Err(PodRefusal::Missing) => {
            let answer = agent_error("Service account token cannot be empty".into());
            Reply::refused(call, "missing-token", answer)
        }
        Err(refusal) => {
            let (code, message) = match refusal {
                PodRefusal::Expired => ("ExpiredTokenException", "The token has expired"),
                _ => ("InvalidTokenException", "The token is not valid"),
            };
            let id = desk.random.uuid();
            let answer = agent_error(format!("[{id}]: ({code}): {message}, fault: client"));
            Reply::refused(call, code, answer)
        }
    }
}

fn pod_keys(desk: &Desk, handed: &Handed) -> Answer {
    let value = json!({
        "AccessKeyId": handed.issued.key.id,
        "SecretAccessKey": handed.issued.key.secret,
        "Token": handed.issued.key.session_token,
        "AccountId": desk.config.account,
        "Expiration": handed.stated,
    });
    http::json(StatusCode::OK, &value)
}

/// What an agent says when it fails, or throttles.
pub(super) fn fail(endpoint: Endpoint, call: &Call, status: Option<StatusCode>) -> Reply {
    let (status, code) = match status {
        None => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
        Some(status) => (status, "InternalServerException"),
    };
    let answer = if endpoint == Endpoint::Ecs {
        ecs_error(status, code, "the agent is out of order")
    } else {
        http::answer(status, "text/plain; charset=utf-8", format!("({code}): out of order, fault: server\n"))
    };
    Reply::new(call, answer)
}

fn ecs_refusal(call: &Call, status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::refused(call, code, ecs_error(status, code, message))
}

fn ecs_error(status: StatusCode, code: &str, message: &str) -> Answer {
    let value = json!({ "code": code, "message": message, "HTTPErrorCode": status.as_u16() });
    http::json(status, &value)
}

fn agent_error(message: String) -> Answer {
    http::answer(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", format!("{message}\n"))
}
