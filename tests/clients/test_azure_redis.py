"""redis-py and redis-entraid against the emulated Azure Cache for Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
import redis
from cryptography.hazmat.primitives import hashes, serialization
from entra import (
    ASSIGNED,
    CLIENT,
    OBJECT,
    RESOURCE,
    SCOPE,
    SECRET,
    SYSTEM,
    TENANT,
    Pair,
    application,
    key,
    pair,
    secret_credential,
    tenant,
    trust,
    until,
    unverified,
)
from redis.auth.token_manager import RetryPolicy, TokenManagerConfig
from redis_entraid.cred_provider import (
    EntraIdCredentialsProvider,
    create_from_default_azure_credential,
    create_from_managed_identity,
    create_from_service_principal,
)
from redis_entraid.identity_provider import ManagedIdentityIdType, ManagedIdentityType

from emulator import Emulator

USERS = [OBJECT, SYSTEM["object_id"], ASSIGNED["object_id"]]


@pytest.fixture(scope="module")
def registered() -> Pair:
    """The certificate that the application has registered."""
    return pair()


@pytest.fixture
def emulator(registered: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A cache and the tenant whose tokens it takes."""
    apps = [application(certificates=[registered.certificate])]
    config = {"entra": tenant(applications=apps), "cache": {"service": "azure", "users": USERS}}
    with Emulator(config) as running:
        trust(running, monkeypatch)
        yield running


def connect(emulator: Emulator, **settings: Any) -> redis.Redis:
    """A client over TLS."""
    return redis.Redis(host="localhost", port=emulator.port, ssl=True, ssl_ca_certs=emulator.ca, **settings)


def log_in(emulator: Emulator, user: str, token: str, protocol: int = 3) -> redis.Redis:
    """A client that does not come back by itself once it is cut."""
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    return connect(emulator, username=user, password=token, protocol=protocol, retry=retry)


def good(**changes: Any) -> str:
    """A token as the tenant makes it, or with other claims, signed with the tenant's own key."""
    now = int(time.time())
    claims = {
        "aud": RESOURCE,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "tid": TENANT,
        "oid": OBJECT,
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        **changes,
    }
    return signed({name: value for name, value in claims.items() if value is not None})


def signed(claims: dict[str, Any], by: str = "first", algorithm: str = "RS256", **headers: Any) -> str:
    """A token that names the tenant's first key, whoever signs it."""
    headers = {"kid": key_id(), **headers}
    secret = key(by) if algorithm == "RS256" else "made-up-secret-that-is-long-enough-for-hmac"
    return jwt.encode(claims, secret, algorithm, headers=headers)


def key_id() -> str:
    """The id of the first key: SHA-256 of its public half."""
    private = serialization.load_pem_private_key(key("first").encode(), None)
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    return jwt.utils.base64url_encode(digest.finalize()).decode()


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_token_of_azure_identity_logs_in(emulator: Emulator, protocol: int) -> None:
    token = secret_credential(emulator).get_token(SCOPE).token
    with log_in(emulator, OBJECT, token, protocol) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"
        assert client.acl_whoami() in (OBJECT, OBJECT.encode())
    [login] = emulator.record()["logins"]
    assert (login["outcome"], login["user"], login["access_key"]) == ("accepted", OBJECT, CLIENT)
    left = unverified(token)["exp"] - time.time()
    assert left <= login["lease_left_seconds"] + 1 <= left + 60


def test_the_applications_id_is_no_user(emulator: Emulator) -> None:
    token = secret_credential(emulator).get_token(SCOPE).token
    with (
        log_in(emulator, CLIENT, token) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()
    assert emulator.record()["logins"][0]["check"] == "A11"


def test_a_token_for_another_resource_is_refused(emulator: Emulator) -> None:
    token = secret_credential(emulator).get_token("https://management.azure.com/.default").token
    with log_in(emulator, OBJECT, token) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    assert emulator.record()["logins"][0]["check"] == "A06"


CHECKS: list[tuple[str, Callable[[], str]]] = [
    ("A01", lambda: "no-token"),
    ("A02", lambda: signed({"oid": OBJECT}, algorithm="HS256")),
    ("A03", lambda: signed({"oid": OBJECT}, kid="other")),
    ("A04", lambda: signed({"oid": OBJECT}, by="second")),
    ("A05", lambda: good(exp=None)),
    ("A05", lambda: good(oid=None)),
    ("A06", lambda: good(aud="https://management.azure.com")),
    ("A07", lambda: good(iss="https://sts.windows.net/other/")),
    ("A08", lambda: good(tid="other")),
    ("A09", lambda: good(nbf=int(time.time()) + 900)),
    ("A10", lambda: good(exp=int(time.time()) - 1)),
    ("A11", lambda: good(oid=SYSTEM["object_id"])),
    ("A12", lambda: good(oid="00000000-eeee-0000-0000-000000000000")),
]


@pytest.mark.parametrize(("check", "token"), CHECKS, ids=[check for check, _ in CHECKS])
def test_checks(emulator: Emulator, check: str, token: Callable[[], str]) -> None:
    made = token()
    user = OBJECT if check != "A12" else unverified(made)["oid"]
    with log_in(emulator, user, made) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    [login] = emulator.record()["logins"]
    assert (login["outcome"], login["check"]) == ("refused", check)
    with log_in(emulator, OBJECT, good()) as client:
        assert client.ping()


def test_tokens_of_a_revoked_key_are_refused(emulator: Emulator) -> None:
    token = secret_credential(emulator).get_token(SCOPE).token
    emulator.fault("entra/faults/rotate-keys")
    with log_in(emulator, OBJECT, token) as client:
        assert client.ping()
    emulator.fault("entra/faults/rotate-keys", revoke=True)
    with log_in(emulator, OBJECT, token) as client:
        assert client.ping(), "the key before the last counts on"
    token = secret_credential(emulator).get_token(SCOPE).token
    emulator.fault("entra/faults/rotate-keys", revoke=True)
    with log_in(emulator, OBJECT, token) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    assert emulator.record()["logins"][-1]["check"] == "A03"


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_connection_is_closed_when_its_token_ends(emulator: Emulator, protocol: int) -> None:
    token = good(exp=int(time.time()) + 3)
    with log_in(emulator, OBJECT, token, protocol) as client:
        assert client.ping()
        record = until(emulator, lambda record: bool(record["totals"]["session_limit_cuts"]))
        assert time.time() >= unverified(token)["exp"]
        with pytest.raises((redis.ConnectionError, redis.AuthenticationError)):
            client.ping()
    assert record["connections"][0]["why"] == "session-limit"


def test_a_newer_token_keeps_the_connection(emulator: Emulator) -> None:
    first = int(time.time()) + 6
    with log_in(emulator, OBJECT, good(exp=first)) as client:
        connection = client.connection_pool.get_connection()
        try:
            for expires in (first + 6, first - 2):
                connection.send_command("AUTH", OBJECT, good(exp=expires))
                assert connection.read_response() in (b"OK", "OK")
            time.sleep(max(0, first + 0.5 - time.time()))
            connection.send_command("PING")
            assert connection.read_response() in (b"PONG", "PONG"), "what ends earlier shortens nothing"
        finally:
            client.connection_pool.release(connection)
        record = until(emulator, lambda record: bool(record["totals"]["session_limit_cuts"]))
    assert record["connections"][0]["relogins"] == 2


def test_a_subscriber_in_resp2_cannot_log_in_and_is_cut(emulator: Emulator) -> None:
    with log_in(emulator, OBJECT, good(exp=int(time.time()) + 6), 2) as client:
        subscriber = client.pubsub()
        subscriber.subscribe("news")
        assert subscriber.get_message(timeout=10)
        connection = subscriber.connection
        connection.send_command("AUTH", OBJECT, good(exp=int(time.time()) + 600))
        with pytest.raises(redis.ResponseError, match="only \\(P\\|S\\)SUBSCRIBE"):
            connection.read_response()
        record = until(emulator, lambda record: bool(record["totals"]["session_limit_cuts"]))
    assert record["logins"][-1]["reason"] == "subscriber"


def test_a_subscriber_in_resp3_logs_in_again(emulator: Emulator) -> None:
    first = int(time.time()) + 6
    with log_in(emulator, OBJECT, good(exp=first), 3) as client:
        subscriber = client.pubsub()
        subscriber.subscribe("news")
        assert subscriber.get_message(timeout=10)
        subscriber.connection.send_command("AUTH", OBJECT, good(exp=int(time.time()) + 600))
        until(emulator, lambda record: record["totals"]["relogins"] == 1)
        time.sleep(max(0, first + 0.5 - time.time()))
        with connect(emulator, username=OBJECT, password=good()) as other:
            assert other.publish("news", "hello") == 1
    assert emulator.record()["totals"]["session_limit_cuts"] == 0


def test_there_is_no_port_without_tls() -> None:
    config = {"entra": tenant(), "cache": {"service": "azure", "users": USERS, "plaintext": True}}
    with pytest.raises(RuntimeError), Emulator(config):
        pass


Flow = Callable[[Emulator, Pair, TokenManagerConfig], EntraIdCredentialsProvider]


def by_secret(emulator: Emulator, _: Pair, manager: TokenManagerConfig) -> EntraIdCredentialsProvider:
    """Its authority is fixed, so that it is led here by a proxy."""
    return create_from_service_principal(
        CLIENT,
        SECRET,
        TENANT,
        app_kwargs={"proxies": {"https": emulator.entra["proxy"]}},
        token_manager_config=manager,
    )


def by_certificate(
    emulator: Emulator, registered: Pair, manager: TokenManagerConfig
) -> EntraIdCredentialsProvider:
    return create_from_service_principal(
        CLIENT,
        {"private_key": registered.key, "public_certificate": registered.certificate},
        TENANT,
        app_kwargs={"proxies": {"https": emulator.entra["proxy"]}},
        token_manager_config=manager,
    )


def by_system_identity(_: Emulator, __: Pair, manager: TokenManagerConfig) -> EntraIdCredentialsProvider:
    kind = ManagedIdentityType.SYSTEM_ASSIGNED
    return create_from_managed_identity(kind, RESOURCE, token_manager_config=manager)


def by_assigned_identity(_: Emulator, __: Pair, manager: TokenManagerConfig) -> EntraIdCredentialsProvider:
    return create_from_managed_identity(
        ManagedIdentityType.USER_ASSIGNED,
        RESOURCE,
        ManagedIdentityIdType.CLIENT_ID,
        ASSIGNED["client_id"],
        token_manager_config=manager,
    )


def by_default(emulator: Emulator, _: Pair, manager: TokenManagerConfig) -> EntraIdCredentialsProvider:
    return create_from_default_azure_credential(
        (SCOPE,),
        authority=emulator.entra["authority"],
        app_kwargs={"disable_instance_discovery": True},
        token_manager_config=manager,
    )


FLOWS: list[tuple[Flow, str | None, str]] = [
    (by_secret, None, OBJECT),
    (by_certificate, None, OBJECT),
    (by_system_identity, "app-service", str(SYSTEM["object_id"])),
    (by_assigned_identity, "imds", ASSIGNED["object_id"]),
    (by_default, "service-principal", OBJECT),
]
BY_NAME = [flow.__name__ for flow, _, _ in FLOWS]


@contextmanager
def using(emulator: Emulator, provider: EntraIdCredentialsProvider) -> Iterator[redis.Redis]:
    """A client of this provider, whose timer would go on for as long as the process lives."""
    with connect(emulator, credential_provider=provider) as client:
        yield client
    provider._token_mgr.stop()  # noqa: SLF001 - there is no public way


def prepared(emulator: Emulator, environment: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    found = emulator.entra["environments"][environment] if environment else {}
    for name, value in found.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("flow", "environment", "user"), FLOWS, ids=BY_NAME)
def test_redis_entraid_logs_in(
    emulator: Emulator,
    registered: Pair,
    monkeypatch: pytest.MonkeyPatch,
    flow: Flow,
    environment: str | None,
    user: str,
) -> None:
    prepared(emulator, environment, monkeypatch)
    manager = TokenManagerConfig(0.7, 0, 10_000, RetryPolicy(3, 100))
    with using(emulator, flow(emulator, registered, manager)) as client:
        assert client.acl_whoami() in (user, user.encode())
        client.set("key", "value")
        assert client.get("key") == b"value"
    assert emulator.record()["logins"][0]["user"] == user


@pytest.mark.parametrize(("flow", "environment", "user"), FLOWS[:2], ids=BY_NAME[:2])
def test_redis_entraid_logs_in_again_before_its_token_ends(
    emulator: Emulator,
    registered: Pair,
    monkeypatch: pytest.MonkeyPatch,
    flow: Flow,
    environment: str | None,
    user: str,
) -> None:
    prepared(emulator, environment, monkeypatch)
    emulator.fault("entra/faults/life", seconds=8)
    manager = TokenManagerConfig(0.4, 0, 10_000, RetryPolicy(3, 100))
    with using(emulator, flow(emulator, registered, manager)) as client:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            assert client.ping()
            time.sleep(0.1)
        record = emulator.record()
    assert record["totals"]["relogins"] >= 2
    assert record["totals"]["logins_refused"] == 0
    [connection] = record["connections"]
    assert connection["why"] is None, "it outlived its first token"
    assert user == OBJECT
