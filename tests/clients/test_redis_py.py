"""redis-py, with tokens made by botocore."""

from __future__ import annotations

import pytest
import redis
from tokens import botocore_token

from emulator import USER, Emulator


def connect(emulator: Emulator, password: str, protocol: int = 3) -> redis.Redis:
    """A client that logs in at its first command."""
    return redis.Redis(
        host="localhost",
        port=emulator.port,
        username=USER,
        password=password,
        ssl=True,
        ssl_ca_certs=emulator.ca,
        protocol=protocol,
    )


@pytest.mark.parametrize("protocol", [2, 3])
def test_logs_in_and_works(emulator: Emulator, protocol: int) -> None:
    with connect(emulator, botocore_token(), protocol) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"
        assert client.acl_whoami() in (USER, USER.encode())
    login = emulator.record()["logins"][0]
    assert (login["outcome"], login["user"]) == ("accepted", USER)


def test_e22_a_changed_token_is_refused(emulator: Emulator) -> None:
    token = botocore_token()
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    with connect(emulator, changed) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    login = emulator.record()["logins"][0]
    assert (login["outcome"], login["check"]) == ("refused", "E22")
