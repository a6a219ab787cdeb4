"""valkey-py with redis-py's provider: it asks for a login at each new connection, and knows no later ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import keyrotor.redis
import pytest
import valkey
import valkey.asyncio
from caches import USER, address, eventually, provider, rotate_and_kill
from emulator import BASE
from keyrotor.testing import Emulator


@pytest.fixture
def ours() -> Iterator[keyrotor.redis.CredentialProvider]:
    made = provider()
    yield made
    made.close()


# What answers a connection that the server has ended.
RETRY: dict[str, Any] = {"retry_on_error": [valkey.ConnectionError]}


def test_each_connection_has_a_token_of_the_moment(
    emulator: Emulator, ours: keyrotor.redis.CredentialProvider
) -> None:
    with valkey.Valkey(**address(emulator, credential_provider=ours, **RETRY)) as client:
        for turn in range(3):
            assert client.set("key", turn)
            rotate_and_kill(emulator, ours)
        assert client.get("key") == b"2"
    assert {login.user for login in emulator.logins()} == {USER}
    assert all(login.accepted for login in emulator.logins())


def test_asyncio_likewise(emulator: Emulator, ours: keyrotor.redis.CredentialProvider) -> None:
    async def main() -> None:
        client: Any = valkey.asyncio.Valkey(**address(emulator, credential_provider=ours, **RETRY))
        for turn in range(3):
            assert await client.set("key", turn)
            await asyncio.to_thread(rotate_and_kill, emulator, ours)
        assert await client.get("key") == b"2"
        await client.aclose()

    asyncio.run(main())
    assert all(login.accepted for login in emulator.logins())


def test_a_session_that_ends_is_followed_by_another(ours: keyrotor.redis.CredentialProvider) -> None:
    with (
        Emulator(arguments=[*BASE["emulator"], "--session-limit", "1"]) as emulator,
        valkey.Valkey(**address(emulator, credential_provider=ours, **RETRY)) as client,
    ):
        eventually(lambda: client.incr("key") and len(emulator.logins()) > 1)
        assert not any(login.relogin for login in emulator.logins())
