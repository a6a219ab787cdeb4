"""AWS's developer toolkit for ElastiCache, whose tokens are a second opinion to botocore's examples."""

from __future__ import annotations

import pytest
from botocore.credentials import Credentials
from developer_toolkit_elasticache import (
    ElastiCacheIAMAuthTokenManager,
    ElastiCacheIAMAuthTokenProvider,
    generate_iam_auth_token,
)
from redis_py import connect

from emulator import CLUSTER, KEY, REGION, SECRET, USER, Emulator, cache, common

KEYS = Credentials(KEY, SECRET)


def test_its_token_logs_in(emulator: Emulator) -> None:
    token = generate_iam_auth_token(
        user_id=USER, region=REGION, replication_group_id=CLUSTER, credentials=KEYS
    )
    with connect(emulator, token) as client:
        assert client.ping()


def test_its_serverless_token_logs_in_to_a_serverless_cache_only(emulator: Emulator) -> None:
    token = generate_iam_auth_token(
        user_id=USER, region=REGION, serverless_cache_name=CLUSTER, credentials=KEYS
    )
    with Emulator(common(cache=cache(serverless=True))) as serverless, connect(serverless, token) as client:
        assert client.ping()
    with connect(emulator, token) as client, pytest.raises(Exception, match="invalid username-password"):
        client.ping()
    assert emulator.record()["logins"][0]["check"] == "E10"


def test_it_lowers_names_as_the_service_does(emulator: Emulator) -> None:
    provider = ElastiCacheIAMAuthTokenProvider(
        user_id=USER.upper(), region=REGION, replication_group_id=CLUSTER.upper(), credentials=KEYS
    )
    with connect(emulator, provider.get_token(), user=provider.user_id) as client:
        assert client.acl_whoami() in (USER, USER.encode())


def test_its_session_token_is_checked() -> None:
    temporary = {"id": "ASIDEXAMPLE", "secret": SECRET, "session_token": "se+ss/ion=="}
    credentials = Credentials("ASIDEXAMPLE", SECRET, "se+ss/ion==")
    with Emulator({**common(cache=cache()), "keys": [temporary]}) as emulator:
        token = generate_iam_auth_token(
            user_id=USER, region=REGION, replication_group_id=CLUSTER, credentials=credentials
        )
        with connect(emulator, token) as client:
            assert client.ping()


class Manager:
    """The toolkit's manager as redis-py's credential provider."""

    def __init__(self, manager: ElastiCacheIAMAuthTokenManager) -> None:
        self.manager = manager

    def get_credentials(self) -> tuple[str, str]:
        user, token = self.manager.get_credentials()
        return user, token


def test_its_manager_serves_new_connections_and_no_live_one(emulator: Emulator) -> None:
    """It hands out passwords; what logs in again on a live connection is up to the client, which does not."""
    with ElastiCacheIAMAuthTokenManager(
        user_id=USER, region=REGION, replication_group_id=CLUSTER, credentials=KEYS
    ) as manager:
        login = Manager(manager)
        with connect(emulator, credential_provider=login) as client:
            assert client.ping()
            manager.refresh_token()
            assert client.ping()
    assert [login["relogin"] for login in emulator.record()["logins"]] == [False]
