"""boto3, which finds keys at the emulator's endpoints as it would in the cloud; and what those keys open."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import jwt
import pytest
import redis
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session
from botocore.utils import ContainerMetadataFetcher, IMDSRegionProvider
from cryptography.hazmat.primitives.asymmetric import ec
from redis.backoff import NoBackoff
from redis.retry import Retry
from tokens import botocore_token

from emulator import KEY, SECRET, USER, Emulator, cache, common

MACHINE = ["imds", "ecs", "pod-identity", "web-identity"]
WAIT_SECONDS = 30
EXTERNAL_ID = "only-for-us"


@pytest.fixture
def cloud() -> Iterator[Emulator]:
    """A cache, and endpoints that hand out keys for it."""
    roles = [{"name": "app-role"}, {"name": "other-role", "external_id": EXTERNAL_ID, "max_session": 7200}]
    with Emulator(common(cache=cache(), credentials={"roles": roles})) as running:
        yield running


@pytest.fixture
def environment(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., boto3.Session]:
    """Gives sessions that know the variables of these providers and nothing else of this machine."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    # One second, the default, may be too short for a busy machine.
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", str(WAIT_SECONDS))
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def session(*providers: str, profile: str = "", **variables: str) -> boto3.Session:
        for provider in providers:
            for name, value in cloud.ready["credentials"][provider].items():
                monkeypatch.setenv(name, value)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "AWS_CONFIG_FILE").write_text(profile)
        return boto3.Session()

    return session


def keys(session: boto3.Session) -> Credentials:
    """The keys that a session finds now."""
    found = session.get_credentials()
    assert found is not None
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def log_in(cloud: Emulator, credentials: Credentials) -> dict[str, Any]:
    """Logs in to the cache with a token signed by these keys; what the record says of it."""
    client = redis.Redis(
        host="localhost",
        port=cloud.port,
        username=USER,
        password=botocore_token(credentials=credentials),
        ssl=True,
        ssl_ca_certs=cloud.ca,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        with contextlib.suppress(redis.AuthenticationError):
            client.ping()
        login: dict[str, Any] = cloud.record()["logins"][-1]
    assert login["access_key"] == credentials.access_key
    return login


def handed_out(cloud: Emulator) -> list[dict[str, Any]]:
    """The requests that were given a key."""
    return [asked for asked in cloud.record()["credentials"] if asked["access_key"]]


def verdicts(cloud: Emulator, endpoint: str) -> list[str]:
    """What became of the requests to an endpoint."""
    return [asked["verdict"] for asked in cloud.record()["credentials"] if asked["endpoint"] == endpoint]


def sts(session: boto3.Session, **credentials: Any) -> Any:
    """A client that does not try again."""
    return session.client("sts", config=Config(retries={"total_max_attempts": 1}), **credentials)


def own(key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    """The configured key, which does not expire."""
    return {"aws_access_key_id": key, "aws_secret_access_key": secret}


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """Code and message of the error that a call must end with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def role(name: str = "app-role") -> str:
    return f"arn:aws:iam::123456789012:role/{name}"


@pytest.mark.parametrize("provider", MACHINE)
def test_keys_of_the_machine_open_the_cache(
    cloud: Emulator, environment: Callable[..., boto3.Session], provider: str
) -> None:
    found = keys(environment(provider))
    assert found.access_key.startswith("ASIA")
    assert len(found.access_key) == 20
    assert len(found.token) > 800
    assert log_in(cloud, found)["outcome"] == "accepted"
    (given,) = handed_out(cloud)
    assert given["access_key"] == found.access_key
    assert given["expires"] == given["stated_expiration"]
    shown = str(cloud.record())
    assert found.secret_key not in shown
    assert found.token not in shown


def test_the_machine_says_where_it_is(environment: Callable[..., boto3.Session]) -> None:
    environment("imds", AWS_REGION="", AWS_DEFAULT_REGION="")
    assert IMDSRegionProvider(Session()).provide() == "eu-west-1"


@pytest.mark.parametrize("way", ["sts", "sts-https"])
def test_a_role_by_profile_opens_the_cache(
    cloud: Emulator, environment: Callable[..., boto3.Session], way: str
) -> None:
    profile = f"""
[default]
role_arn = {role("other-role")}
source_profile = base
external_id = {EXTERNAL_ID}
role_session_name = me
duration_seconds = 7200
[profile base]
aws_access_key_id = {KEY}
aws_secret_access_key = {SECRET}
"""
    session = environment(way, profile=profile)
    found = keys(session)
    assert log_in(cloud, found)["outcome"] == "accepted"
    (given,) = handed_out(cloud)
    assert (given["request"], given["caller"]) == ("AssumeRole", KEY)
    identity = session.client("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/other-role/me"
    assert identity["Account"] == "123456789012"


def test_a_chained_role_has_an_hour_at_most(
    cloud: Emulator, environment: Callable[..., boto3.Session]
) -> None:
    session = environment("imds", "sts")
    client = sts(session)
    arguments = {"RoleArn": role(), "RoleSessionName": "chained"}
    code, message = refused(client.assume_role, DurationSeconds=3601, **arguments)
    assert code == "ValidationError"
    assert "role chaining" in message
    given = client.assume_role(DurationSeconds=3600, **arguments)["Credentials"]
    life = given["Expiration"].timestamp() - time.time()
    assert 3000 < life < 3602
    chained = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert log_in(cloud, chained)["outcome"] == "accepted"


def test_sts_says_no_as_sts_does(environment: Callable[..., boto3.Session]) -> None:
    session = environment("sts")
    arguments: dict[str, Any] = {"RoleArn": role(), "RoleSessionName": "me"}
    client = sts(session, **own())
    other = {**arguments, "RoleArn": role("other-role")}
    for wrong in (
        {**arguments, "RoleArn": role("no-role")},
        other,
        {**other, "ExternalId": "another"},
    ):
        code, message = refused(client.assume_role, **wrong)
        assert code == "AccessDenied"
        assert message.endswith(f"not authorized to perform: sts:AssumeRole on resource: {wrong['RoleArn']}")
    code, message = refused(client.assume_role, DurationSeconds=43_201, **arguments)
    assert code == "ValidationError"
    assert "'durationSeconds'" in message
    code, message = refused(client.assume_role, DurationSeconds=7201, **{**other, "ExternalId": EXTERNAL_ID})
    assert code == "ValidationError"
    assert "MaxSessionDuration" in message
    assert refused(client.get_session_token)[0] == "InvalidAction"
    assert client.get_caller_identity()["Arn"] == f"arn:aws:iam::123456789012:user/{KEY}"
    assert refused(sts(session, **own(secret="x")).get_caller_identity)[0] == "SignatureDoesNotMatch"
    assert refused(sts(session, **own(key="AKIDUNKNOWN")).get_caller_identity)[0] == "InvalidClientTokenId"
    stray = sts(session, aws_session_token="x", **own())
    assert refused(stray.get_caller_identity)[0] == "InvalidClientTokenId"
    elsewhere = sts(session, region_name="ap-southeast-2", **own())
    assert "valid region" in refused(elsewhere.get_caller_identity)[1]


def test_sts_wants_the_time_to_be_right() -> None:
    early = common(credentials={}, clock="2025-01-01T00:00:00Z")
    with Emulator(early) as cloud:
        url = cloud.ready["credentials"]["sts"]["AWS_ENDPOINT_URL_STS"]
        client = sts(boto3.Session(), endpoint_url=url, region_name="eu-west-1", **own())
        code, message = refused(client.get_caller_identity)
    assert (code, message.split(":")[0]) == ("SignatureDoesNotMatch", "Signature not yet current")


def test_a_web_identity_is_looked_at(cloud: Emulator, environment: Callable[..., boto3.Session]) -> None:
    session = environment("web-identity")
    file = Path(cloud.ready["credentials"]["web-identity"]["AWS_WEB_IDENTITY_TOKEN_FILE"])
    provider = Path(cloud.ready["oidc_key"]).read_text()
    claims = jwt.decode(file.read_text(), options={"verify_signature": False})
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["sub"].startswith("system:serviceaccount:")
    stranger = ec.generate_private_key(ec.SECP256R1())
    client = sts(session)

    def assume(changes: dict[str, Any], key: Any = provider) -> Callable[..., Any]:
        token = jwt.encode({**claims, **changes}, key, "ES256")
        arguments = {"RoleArn": role(), "RoleSessionName": "me", "WebIdentityToken": token}
        return lambda: client.assume_role_with_web_identity(**arguments)

    given = assume({"aud": "sts.amazonaws.com"})()
    assert given["SubjectFromWebIdentityToken"] == claims["sub"]
    assert given["AssumedRoleUser"]["Arn"].endswith(":assumed-role/app-role/me")
    code, message = refused(assume({"exp": claims["iat"] - 1}))
    assert (code, message.split(":")[0]) == ("ExpiredTokenException", "Token expired")
    assert refused(assume({"aud": "another"})) == ("InvalidIdentityToken", "Incorrect token audience")
    code, message = refused(assume({"iss": "https://another"}))
    assert (code, message.split(" for ")[1]) == ("InvalidIdentityToken", "https://another")
    assert refused(assume({}, stranger))[0] == "InvalidIdentityToken"
    (handed,) = handed_out(cloud)
    assert handed["access_key"] == given["Credentials"]["AccessKeyId"]


def test_a_pods_token_file_is_read_again(cloud: Emulator, environment: Callable[..., boto3.Session]) -> None:
    session = environment("pod-identity")
    variables = cloud.ready["credentials"]["pod-identity"]
    old = Path(variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()
    cloud.fault("credentials/faults/life", seconds=1)
    found = session.get_credentials()
    assert found is not None
    first = found.get_frozen_credentials().access_key
    cloud.fault("credentials/faults/rotate-token-files")
    cloud.fault("credentials/faults/clear")
    # botocore fetches anew before these short-lived keys end: now.
    assert found.get_frozen_credentials().access_key != first
    assert set(verdicts(cloud, "pod-identity")) == {"answered"}
    fetcher = ContainerMetadataFetcher(sleep=lambda _: None)
    with pytest.raises(botocore.exceptions.MetadataRetrievalError, match="InvalidTokenException"):
        fetcher.retrieve_full_uri(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"], {"Authorization": old})
    assert verdicts(cloud, "pod-identity")[-1] == "refused"


@pytest.mark.parametrize("provider", MACHINE)
def test_e13_rotated_keys_open_nothing(
    cloud: Emulator, environment: Callable[..., boto3.Session], provider: str
) -> None:
    old = keys(environment(provider))
    assert log_in(cloud, old)["outcome"] == "accepted"
    endpoint = "sts" if provider == "web-identity" else provider
    assert cloud.fault("credentials/faults/rotate-keys", endpoint=endpoint)["revoked"] == 1
    assert log_in(cloud, old)["check"] == "E13"
    new = keys(environment(provider))
    assert new.access_key != old.access_key
    assert log_in(cloud, new)["outcome"] == "accepted"


def test_e26_keys_end_when_they_end_though_they_said_otherwise(
    cloud: Emulator, environment: Callable[..., boto3.Session]
) -> None:
    cloud.fault("credentials/faults/life", seconds=1)
    cloud.fault("credentials/faults/lie", seconds=86_400)
    session = environment("ecs")
    found = session.get_credentials()
    assert found is not None
    believed = keys(session)
    deadline = time.monotonic() + WAIT_SECONDS
    while (login := log_in(cloud, believed))["outcome"] == "accepted":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert login["check"] == "E26"
    assert found.get_frozen_credentials().access_key == believed.access_key, "boto3 believes in them"
    given = handed_out(cloud)[0]
    assert given["stated_expiration"] > given["expires"]


def test_expired_keys_are_no_caller(environment: Callable[..., boto3.Session], cloud: Emulator) -> None:
    cloud.fault("credentials/faults/life", seconds=1)
    session = environment("sts")
    given = sts(session, **own()).assume_role(RoleArn=role(), RoleSessionName="me")["Credentials"]
    client = sts(
        session,
        aws_session_token=given["SessionToken"],
        **own(given["AccessKeyId"], given["SecretAccessKey"]),
    )
    deadline = time.monotonic() + WAIT_SECONDS
    code = ""
    while code == "":
        assert time.monotonic() < deadline
        try:
            client.get_caller_identity()
            time.sleep(0.05)
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
    assert code == "ExpiredToken"


@pytest.mark.parametrize(
    ("fault", "body", "verdict"),
    [
        ("failing", {"status": 503, "count": 1}, "failed"),
        ("throttling", {"count": 1}, "throttled"),
        ("gone", {"count": 1}, "gone"),
    ],
)
def test_boto3_gets_over_a_fault_that_ends(
    cloud: Emulator,
    environment: Callable[..., boto3.Session],
    fault: str,
    body: dict[str, Any],
    verdict: str,
) -> None:
    session = environment("imds", "sts", AWS_METADATA_SERVICE_NUM_ATTEMPTS="3")
    cloud.fault(f"credentials/faults/{fault}", **body)
    assert log_in(cloud, keys(session))["outcome"] == "accepted"
    # IMDS: the token, or the token once more; the role; the keys.
    assert verdicts(cloud, "imds") == [verdict, "answered", "answered", "answered"]
    cloud.fault("credentials/faults/clear")
    cloud.fault(f"credentials/faults/{fault}", endpoint="sts", **body)
    session.client("sts", **own()).get_caller_identity()
    assert verdicts(cloud, "sts") == [verdict, "answered"]


@pytest.mark.parametrize(
    ("fault", "body"), [("failing", {}), ("throttling", {}), ("gone", {}), ("slow", {"milliseconds": 60_000})]
)
def test_boto3_finds_nothing_while_a_fault_lasts(
    cloud: Emulator, environment: Callable[..., boto3.Session], fault: str, body: dict[str, Any]
) -> None:
    session = environment("imds", AWS_METADATA_SERVICE_TIMEOUT="1")
    cloud.fault(f"credentials/faults/{fault}", endpoint="imds", **body)
    assert session.get_credentials() is None
    cloud.fault("faults/clear")
    patient = environment("imds", AWS_METADATA_SERVICE_TIMEOUT=str(WAIT_SECONDS))
    assert log_in(cloud, keys(patient))["outcome"] == "accepted"


def test_sts_throttles_as_sts_does(cloud: Emulator, environment: Callable[..., boto3.Session]) -> None:
    client = sts(environment("sts"), **own())
    cloud.fault("credentials/faults/throttling", endpoint="sts", milliseconds=60_000)
    assert refused(client.get_caller_identity) == ("Throttling", "Rate exceeded")
    cloud.fault("credentials/faults/clear")
    cloud.fault("credentials/faults/failing", endpoint="sts", status=503)
    assert refused(client.get_caller_identity)[0] == "ServiceUnavailable"


@pytest.mark.parametrize(
    ("fault", "body", "word"),
    [
        ("slow", {}, "milliseconds"),
        ("slow", {"milliseconds": 1, "endpoint": "sns"}, "endpoint"),
        ("failing", {"status": 200}, "status"),
        ("gone", {"status": 500}, "status"),
        ("gone", {"count": 1, "milliseconds": 1}, "count"),
        ("life", {"life": 5}, "life"),
        ("nothing", {}, "404"),
    ],
)
def test_what_is_wrong_with_a_fault_is_named(
    cloud: Emulator, fault: str, body: dict[str, Any], word: str
) -> None:
    with pytest.raises(RuntimeError, match=word):
        cloud.fault(f"credentials/faults/{fault}", **body)
