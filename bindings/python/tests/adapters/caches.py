"""What the tests of the cache adapters share: the emulator's cache, as each of them is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import keyrotor
import keyrotor.redis
from keyrotor.testing import Emulator, Login

KEY = keyrotor.AccessKey(
    access_key_id="AKIDEXAMPLE",
    secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
)
USER = "iam-user-01"
PATIENCE_SECONDS = 30


def login(cluster: str = "my-cluster", **fields: Any) -> keyrotor.ElastiCache:
    """The emulator's user."""
    return keyrotor.ElastiCache(
        cluster_name=cluster, username=USER, region="eu-west-1", access_key=KEY, **fields
    )


def provider(seconds: float | None = None, **fields: Any) -> keyrotor.redis.CredentialProvider:
    """A provider for it, whose clients think that a login lasts so many seconds."""
    lease = None if seconds is None else timedelta(seconds=seconds)
    return keyrotor.redis.provider(login(**fields), lease=lease)


def address(emulator: Emulator, **options: Any) -> dict[str, Any]:
    """What redis-py is told of it."""
    return {
        "host": "localhost",
        "port": emulator.port,
        "ssl": True,
        "ssl_ca_certs": str(emulator.ca),
        **options,
    }


def url(emulator: Emulator) -> str:
    """The same as a URL."""
    return f"rediss://localhost:{emulator.port}/0?ssl_ca_certs={emulator.ca}"


def rotate_and_kill(emulator: Emulator, given: keyrotor.redis.CredentialProvider) -> None:
    """A new token, no connection left, and the old tokens refused."""
    assert given.manager is not None
    emulator.faults.refuse(current=True)
    given.manager.refresh()
    emulator.faults.kill()


def relogins(emulator: Emulator) -> list[Login]:
    """The later logins that were accepted."""
    return [one for one in emulator.logins() if one.relogin and one.accepted]


def eventually(holds: Callable[[], object]) -> None:
    """Waits until it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never did"
        time.sleep(0.02)
