"""redis-py, with tokens made by botocore, static and by its streaming credential provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.credentials import StreamingCredentialProvider
from redis_py import call, connect
from tokens import botocore_token

from emulator import USER, Emulator


@pytest.mark.parametrize("protocol", [2, 3])
def test_logs_in_and_works(emulator: Emulator, protocol: int) -> None:
    with connect(emulator, protocol=protocol) as client:
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


@pytest.mark.parametrize("protocol", [2, 3])
def test_logs_in_again_by_command(emulator: Emulator, protocol: int) -> None:
    with connect(emulator, protocol=protocol, single_connection_client=True) as client:
        assert client.ping()
        assert call(client, "AUTH", USER, botocore_token(expires=899))
        assert client.ping()
    record = emulator.record()
    assert [(login["outcome"], login["relogin"]) for login in record["logins"]] == [
        ("accepted", False),
        ("accepted", True),
    ]
    assert record["totals"]["connections"] == 1


class Token:
    """A token as redis-py's streaming providers hand it out: its user stands under `oid`."""

    def __init__(self, value: str) -> None:
        self.value = value

    def try_get(self, key: str) -> str:
        assert key == "oid"
        return USER

    def get_value(self) -> str:
        return self.value


class Stream(StreamingCredentialProvider):
    """Gives out a new token whenever it is told to."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Any], None]] = []

    def get_credentials(self) -> tuple[str, str]:
        return USER, botocore_token()

    def on_next(self, callback: Callable[[Any], None]) -> None:
        self.listeners.append(callback)

    def on_error(self, callback: Callable[[Exception], None]) -> None:
        pass

    def is_streaming(self) -> bool:
        return True

    def push(self, token: str) -> None:
        for listener in self.listeners:
            listener(Token(token))


@pytest.mark.parametrize("protocol", [2, 3])
def test_logs_in_again_by_its_streaming_provider(emulator: Emulator, protocol: int) -> None:
    stream = Stream()
    with connect(emulator, credential_provider=stream, protocol=protocol) as client:
        assert client.ping()
        stream.push(botocore_token(expires=899))
        assert client.ping()
        assert client.ping()
    record = emulator.record()
    assert [login["relogin"] for login in record["logins"]] == [False, True]
    assert len({login["token_sha256"] for login in record["logins"]}) == 2
    assert record["totals"]["connections"] == 1


def test_publishes_and_subscribes(emulator: Emulator) -> None:
    with connect(emulator) as client, client.pubsub() as listener:
        listener.subscribe("news")
        assert listener.get_message(timeout=20)["type"] == "subscribe"
        client.publish("news", "hello")
        assert listener.get_message(timeout=20)["data"] == b"hello"
