"""The vectors that all languages share."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import keyrotor
import pytest
from emulator import VECTORS

TOKENS = json.loads((VECTORS / "tokens.json").read_text())["vectors"]
REQUESTS = json.loads((VECTORS / "requests.json").read_text())["cases"]
VALID = [vector for vector in TOKENS if vector["name_valid"] and vector["expires"] == 900]


def test_no_file_of_vectors_goes_unread() -> None:
    assert {path.name for path in VECTORS.iterdir()} == {"tokens.json", "requests.json"}


def configuration(vector: dict[str, Any]) -> keyrotor.Credentials:
    key = keyrotor.AccessKey(
        access_key_id=vector["access_key_id"],
        secret_access_key=vector["secret_access_key"],
        session_token=vector["session_token"],
    )
    region = vector["region"]
    match vector["service"]:
        case "elasticache" | "elasticache-serverless":
            return keyrotor.ElastiCache(
                cluster_name=vector["cluster_name"],
                username=vector["user"],
                region=region,
                serverless=vector["service"] == "elasticache-serverless",
                access_key=key,
            )
        case "memorydb":
            return keyrotor.MemoryDB(
                cluster_name=vector["cluster_name"], username=vector["user"], region=region, access_key=key
            )
        case "rds":
            return keyrotor.Rds(
                host=vector["hostname"],
                port=vector["port"],
                username=vector["user"],
                region=region,
                access_key=key,
            )
        case "dsql":
            admin = vector["action"] == "DbConnectAdmin"
            return keyrotor.Dsql(host=vector["hostname"], region=region, admin=admin, access_key=key)
        case other:
            pytest.fail(f"a service that this runner does not know: {other}")


def timeless(token: str) -> tuple[str, str, dict[str, str]]:
    """Host, path and parameters of a token, without what the time of signing decides."""
    url = urlsplit("https://" + token)
    parameters = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=True))
    assert len(parameters) == len(parse_qsl(url.query, keep_blank_values=True)), "a parameter stands twice"
    assert len(parameters.pop("X-Amz-Signature")) == 64
    date = parameters.pop("X-Amz-Date")
    key, day, *scope = parameters["X-Amz-Credential"].split("/")
    assert date.startswith(day)
    parameters["X-Amz-Credential"] = "/".join([key, *scope])
    return url.netloc, url.path, parameters


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["id"])
def test_t01_every_vector_of_the_default_life(vector: dict[str, Any]) -> None:
    with keyrotor.TokenManager(configuration(vector)) as manager:
        token = manager.token()
        credential = manager.credential()
    host, path, parameters = timeless(vector["token"])
    # The services store names in lower case; botocore leaves that to the caller.
    assert timeless(token) == (host.lower(), path, parameters)
    assert credential.secret == token
    assert credential.expires_at is not None
    assert 895 <= (credential.expires_at - credential.issued_at).total_seconds() <= 900


def test_there_are_vectors_of_each_service() -> None:
    services = {vector["service"] for vector in VALID}
    assert services == {"elasticache", "elasticache-serverless", "memorydb", "rds", "dsql"}


def use(case: dict[str, Any], request: str | bytes) -> None:
    match case["message"]:
        case "ConnectionRequest":
            keyrotor.Client.connect(request).close()
        case "TokenManagerRequest":
            keyrotor.TokenManager(request).close()
        case other:
            pytest.fail(f"unknown message {other}")


@pytest.mark.parametrize("form", ["json", "protobuf"])
@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case["name"])
def test_request(case: dict[str, Any], form: str) -> None:
    if case[form] is None:
        assert form == "protobuf" or case["protobuf"] is not None
        return
    request = case["json"] if form == "json" else base64.b64decode(case["protobuf"])
    expected = case["expect"]
    with pytest.raises(keyrotor.ConfigError) as caught:
        use(case, request)
    error = caught.value
    assert (error.name, error.field, error.retryable) == (
        expected["code"],
        expected["field"],
        expected["retryable"],
    )
    assert [text for text in expected["message"] if text not in error.message] == []
    assert set(expected) == {"code", "field", "retryable", "message"}
