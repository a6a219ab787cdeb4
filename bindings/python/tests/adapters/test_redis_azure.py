"""redis-py before Azure's Redis, which ends a connection with its token."""

from __future__ import annotations

import time

import keyrotor
import keyrotor.redis
import redis
from caches import address
from keyrotor.redis._lease import Lease, lease_of
from keyrotor.testing import Emulator

CLIENT, OBJECT = "00000000-aaaa-0000-0000-00000000c11e", "00000000-aaaa-0000-0000-000000000b1e"
TOKEN_LIFE_SECONDS = 8


def test_connections_log_in_again_before_their_token_ends() -> None:
    application = {"client_id": CLIENT, "object_id": OBJECT, "secrets": ["made-up"]}
    config = {
        "cache": {"service": "azure", "users": [OBJECT]},
        "entra": {"applications": [application], "token_life": TOKEN_LIFE_SECONDS},
    }
    with Emulator(config) as emulator:
        entra = emulator.ready["entra"]
        credentials = keyrotor.EntraId(
            tenant_id=entra["tenant"], client_id=CLIENT, authority=entra["http"], client_secret="made-up"
        )
        assert lease_of(credentials) == Lease(ends_with_token=True)
        ours = keyrotor.redis.provider(credentials)
        options = {"retry": None, "single_connection_client": True, "credential_provider": ours}
        with redis.Redis(**address(emulator, **options)) as client:
            assert client.acl_whoami() == OBJECT
            end = time.monotonic() + TOKEN_LIFE_SECONDS + 1
            while time.monotonic() < end:
                assert client.ping()
                time.sleep(0.02)
        totals = emulator.record()["totals"]
        assert totals["connections"] == 1
        assert totals["relogins"] >= 1
        ours.close()
