"""Beside what others have: redis-py logs in with our tokens, botocore signs the same ones."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlencode

import botocore.auth
import botocore.credentials
import botocore.hooks
import botocore.model
import botocore.signers
import keyrotor
import pytest
import redis
from emulator import VECTORS, Emulator
from redis.backoff import NoBackoff
from redis.retry import Retry
from test_requests import KEY


class Provider(redis.CredentialProvider):
    """What a user of redis-py writes."""

    def __init__(self, manager: keyrotor.TokenManager) -> None:
        self.manager = manager
        self.asked = 0

    def get_credentials(self) -> tuple[str, str]:
        self.asked += 1
        return "iam-user-01", self.manager.token()


def connection(emulator: Emulator, **login: Any) -> redis.Redis:
    return redis.Redis(
        host="localhost",
        port=emulator.port,
        ssl=True,
        ssl_ca_certs=str(emulator.ca),
        retry=Retry(NoBackoff(), 1),
        **login,
    )


def test_redis_py_logs_in_with_a_token(emulator: Emulator) -> None:
    request = {"authenticationInfo": emulator.request()["authenticationInfo"]}
    provider = Provider(keyrotor.TokenManager(request))
    with provider.manager, connection(emulator, credential_provider=provider) as client:
        assert client.set("key", "value")
        assert client.get("key") == b"value"
        assert client.acl_whoami() == "iam-user-01"
        emulator.fault("kill")
        provider.manager.refresh()
        assert client.get("key") == b"value"
    assert provider.asked >= 2
    totals = emulator.record()["totals"]
    assert totals["logins_accepted"] >= 2
    assert totals["logins_refused"] == 0


def test_redis_py_with_a_token_of_another_cluster_is_refused(emulator: Emulator) -> None:
    request = emulator.request({"authenticationInfo": {"iamCredentials": {"clusterName": "another"}}})
    with (
        keyrotor.TokenManager({"authenticationInfo": request["authenticationInfo"]}) as wrong,
        connection(emulator, credential_provider=Provider(wrong)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.parametrize("clock", ["2025-06-15T12:35:00Z", None])
def test_an_expired_token_is_refused(clock: str | None) -> None:
    vectors = json.loads((VECTORS / "tokens.json").read_text())["vectors"]
    [vector] = [vector for vector in vectors if vector["id"] == "ec-region-us-east-1"]
    # The same token, looked at while it was young and now.
    with (
        Emulator(*(["--clock", clock] if clock else []), region="us-east-1") as emulator,
        connection(emulator, username=vector["user"], password=vector["token"]) as client,
    ):
        if clock:
            assert client.ping()
            return
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        assert emulator.record()["logins"][0]["reason"] == "expired"


CONFIGURATIONS = {
    "elasticache": keyrotor.ElastiCache(
        cluster_name="my-cache", username="iam-user-01", region="eu-west-1", access_key=KEY
    ),
    "serverless": keyrotor.ElastiCache(
        cluster_name="my-cache", username="iam-user-01", region="eu-west-1", serverless=True, access_key=KEY
    ),
    "memorydb": keyrotor.MemoryDB(
        cluster_name="my-cache", username="iam-user-01", region="eu-west-1", access_key=KEY
    ),
    "rds": keyrotor.Rds(
        host="db.abc.eu-west-1.rds.amazonaws.com",
        port=5432,
        username="app",
        region="eu-west-1",
        access_key=KEY,
    ),
    "dsql": keyrotor.Dsql(
        host="abcdef.dsql.eu-west-1.on.aws", admin=True, region="eu-west-1", access_key=KEY
    ),
}

REQUESTS = {
    "elasticache": ("my-cache", "elasticache", {"Action": "connect", "User": "iam-user-01"}),
    "serverless": (
        "my-cache",
        "elasticache",
        {"Action": "connect", "User": "iam-user-01", "ResourceType": "ServerlessCache"},
    ),
    "memorydb": ("my-cache", "memorydb", {"Action": "connect", "User": "iam-user-01"}),
    "rds": ("db.abc.eu-west-1.rds.amazonaws.com:5432", "rds-db", {"Action": "connect", "DBUser": "app"}),
    "dsql": ("abcdef.dsql.eu-west-1.on.aws", "dsql", {"Action": "DbConnectAdmin"}),
}


def signed_by_botocore(host: str, service: str, parameters: dict[str, str]) -> str:
    keys = botocore.credentials.Credentials(KEY.access_key_id, KEY.secret_access_key, KEY.session_token)
    emitter = botocore.hooks.HierarchicalEmitter()  # The signer holds it weakly.
    signer = botocore.signers.RequestSigner(
        botocore.model.ServiceId(service),
        "eu-west-1",
        service,
        "v4",
        keys,
        emitter,
    )
    url: str = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"https://{host}/?{urlencode(parameters)}",
            "body": {},
            "headers": {},
            "context": {},
        },
        operation_name="connect",
        expires_in=900,
        region_name="eu-west-1",
    )
    return url.removeprefix("https://")


def query(token: str) -> dict[str, list[str]]:
    return parse_qs(token.partition("?")[2], keep_blank_values=True, strict_parsing=True)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_botocore_signs_the_same_token(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with keyrotor.TokenManager(CONFIGURATIONS[name]) as made:
        token = made.token()
    ours = query(token)
    date = datetime.strptime(ours["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: date.replace(tzinfo=None))
    theirs = signed_by_botocore(*REQUESTS[name])
    assert token.partition("?")[0] == theirs.partition("?")[0]
    # The signature too: to the second, it is the same token.
    assert ours == query(theirs)
    assert len(ours["X-Amz-Signature"][0]) == 64
